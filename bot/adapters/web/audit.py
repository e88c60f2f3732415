"""The audit log's pages. Reading goes down the road, so that reading is authorised and recorded."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from bot.adapters.web.pages import Drawing
from bot.adapters.web.persona import form
from bot.adapters.web.wire import MAX_TEXT, fresh, invocation
from bot.errors import BadInput
from bot.model import Event, Reason, Reply
from bot.ports import AuditReader, Road

SEQUENCE = re.compile(r"#?(\d{1,15})")
QUALIFIERS = (
    ("person:", "who did it", "person:engineer"),
    ("service:", "to which service", "service:lab-results"),
    ("env:", "in which environment", "env:production"),
    ("verb:", "which command", "verb:deploy"),
    ("reason:", "how it ended", "reason:not_authorised"),
    ("request:", "one request and all it caused", "request:REQ-12"),
    ("deploy:", "one deploy", "deploy:DEP-3"),
    ("change:", "one change", "change:CHG-7"),
    ("since:", "not before", "since:2026-03-01"),
    ("until:", "before", "until:2026-04-01"),
)


@dataclass(frozen=True)
class AuditPages:
    """Search and detail; both work without scripts."""

    drawing: Drawing
    road: Road
    audit: AuditReader

    async def post(self, request: Request) -> Response:
        """Answer `POST /audit`: search, then show the result at an address that can be kept.

        What is typed travels in the body until the road has let it pass: an address is logged by
        proxies and kept by browsers, and what is typed may hold what must not be.
        """
        given = await form(request)
        query, nonce = given.get("q", "").strip(), fresh()
        reply = await self._search(request, query, "", nonce)
        if reply.reason is not Reason.OK:
            return self._results(request, query, reply, "")
        # The page repeats this delivery, so the road gives its first answer and records no second.
        return RedirectResponse(f"/audit?{urlencode({'q': query, 'n': nonce})}", status_code=303)

    async def get(self, request: Request) -> Response:
        """Answer `GET /audit`: the form, and a page of results where a query is given."""
        query = request.query_params.get("q")
        if query is None:
            return self._results(request, "", None, "")
        before = _number(request.query_params.get("before", ""))
        reply = await self._search(
            request, query.strip(), before, _nonce(request.query_params.get("n", ""))
        )
        return self._results(request, query.strip(), reply, before)

    async def event(self, request: Request) -> Response:
        """Answer `GET /audit/N`: one event, with the stored bytes and their leaf hash."""
        number = _number(request.path_params["number"])
        if not number:
            raise BadInput("An audit event has a number: /audit/12.")
        reply = await self.road.handle(
            invocation(f"audit show {number}", self._person(request), fresh())
        )
        event = await self.audit.show(int(number)) if reply.reason is Reason.OK else None
        return self.drawing.page(
            "event.html",
            request,
            status=404 if reply.reason is Reason.NOT_FOUND else 200,
            number=number,
            reply=reply,
            event=event,
            stored=_text(event) if event else "",
            is_whole=event is not None and _leaf(event.body) == event.leaf,
        )

    async def _search(self, request: Request, query: str, before: str, nonce: str) -> Reply:
        if len(query) > MAX_TEXT:
            raise BadInput("That is too much to search for.")
        words = ["audit search", query, f"--before {before}" if before else ""]
        line = " ".join(word for word in words if word)
        return await self.road.handle(invocation(line, self._person(request), nonce))

    def _person(self, request: Request) -> str:
        return self.drawing.personas.current(request)

    def _results(self, request: Request, query: str, reply: Reply | None, before: str) -> Response:
        older = _older(reply) if reply else ""
        return self.drawing.page(
            "audit.html",
            request,
            query=query,
            reply=reply,
            rows=_rows(reply) if reply else [],
            before=before,
            older=urlencode({"q": query, "before": older}) if older else "",
            newest=urlencode({"q": query}),
            qualifiers=QUALIFIERS,
        )


def _rows(reply: Reply) -> list[tuple[str, tuple[str, ...]]]:
    """Return each row with the event number that it starts with, or ""."""
    rows = reply.table.rows if reply.table else ()
    return [(_sequence(row[0]) if row else "", row) for row in rows]


def _older(reply: Reply) -> str:
    """Return the number that the next page goes on before, or "" at the end."""
    if "next_before" in reply.refs:
        return _number(reply.refs["next_before"])
    numbers = [int(number) for number, _ in _rows(reply) if number]
    return str(min(numbers)) if numbers and min(numbers) > 1 else ""


def _sequence(cell: str) -> str:
    found = SEQUENCE.fullmatch(cell.strip())
    return found.group(1) if found else ""


def _number(text: str) -> str:
    found = SEQUENCE.fullmatch(text)
    return str(int(found.group(1))) if found else ""


def _nonce(text: str) -> str:
    return text if re.fullmatch(r"[A-Za-z0-9_-]{1,64}", text) else fresh()


def _text(event: Event) -> str:
    return event.body.decode("utf-8", "backslashreplace")


def _leaf(body: bytes) -> bytes:
    # RFC 6962: a leaf is hashed with a zero byte in front, so that it can not pass for a node.
    return hashlib.sha256(b"\x00" + body).digest()
