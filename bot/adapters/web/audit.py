"""The audit log's pages. Reading goes down the road, so that reading is authorised and recorded."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from bot.adapters.web.listing import listing, sequence
from bot.adapters.web.pages import Drawing
from bot.adapters.web.persona import form
from bot.adapters.web.wire import MAX_TEXT, fresh, invocation
from bot.errors import BadInput
from bot.model import Event, Json, Reason, Reply
from bot.ports import AuditReader, Road

QUALIFIERS = (
    ("who did it", "person:engineer"),
    ("to which service", "service:lab-results"),
    ("in which environment", "env:production"),
    ("which command", "verb:deploy"),
    ("how it ended", "reason:not_authorised"),
    ("what kind of event", "kind:refused"),
    ("one request", "request:REQ-12"),
    ("one deploy", "deploy:DEP-3"),
    ("one change", "change:CHG-7"),
    ("one incident", "incident:INC-4"),
    ("since a day, or how long ago", "since:2h"),
    ("until the end of a day", "until:2026-04-01"),
    ("words in that order", '"smoke probe"'),
    ("a word that begins so", "deplo*"),
    ("none of it", "-outcome:ok"),
)
LINKED = frozenset({"correlation", "request", "deploy", "change", "incident"})


@dataclass(frozen=True)
class AuditPages:
    """Search and detail; both work without scripts."""

    drawing: Drawing
    road: Road
    audit: AuditReader
    anchored: Callable[[], Awaitable[str]]

    async def post(self, request: Request) -> Response:
        """Answer `POST /audit`: search, then show the result at an address that can be kept.

        What is typed travels in the body until the road has let it pass: an address is logged by
        proxies and kept by browsers, and what is typed may hold what must not be.
        """
        given = await form(request)
        query, nonce = given.get("q", "").strip(), fresh()
        reply = await self._search(request, query, "", nonce)
        if reply.reason is not Reason.OK:
            return await self._results(request, query, reply, "")
        # The page repeats this delivery, so the road gives its first answer and records no second.
        return RedirectResponse(f"/audit?{urlencode({'q': query, 'n': nonce})}", status_code=303)

    async def get(self, request: Request) -> Response:
        """Answer `GET /audit`: the form, and a page of results where a query is given."""
        query = request.query_params.get("q")
        if query is None:
            return await self._results(request, "", None, "")
        before = sequence(request.query_params.get("before", ""))
        reply = await self._search(
            request, query.strip(), before, _nonce(request.query_params.get("n", ""))
        )
        return await self._results(request, query.strip(), reply, before)

    async def event(self, request: Request) -> Response:
        """Answer `GET /audit/N`: one event, with the stored bytes and their leaf hash."""
        number = sequence(request.path_params["number"])
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
            facts=_facts(event.data) if event else [],
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

    async def _results(
        self, request: Request, query: str, reply: Reply | None, before: str
    ) -> Response:
        older = sequence(reply.refs.get("next_before", "")) if reply else ""
        return self.drawing.page(
            "audit.html",
            request,
            query=query,
            reply=reply,
            listing=listing(reply.table if reply else None),
            before=before,
            older=urlencode({"q": query, "before": older}) if older else "",
            newest=urlencode({"q": query}),
            qualifiers=QUALIFIERS,
            # How well it is kept is for those who may read it.
            anchored=await self.anchored() if reply and reply.reason is Reason.OK else "",
        )


def _facts(data: Mapping[str, Json], within: str = "") -> list[tuple[str, str, str]]:
    """Return what an event says as name, value, and the search that the value leads to."""
    found: list[tuple[str, str, str]] = []
    for name, value in data.items():
        if isinstance(value, Mapping):
            found.extend(_facts(value, f"{within}{name} "))
        elif isinstance(value, list):
            found.append((within + name, ", ".join(map(str, value)), ""))
        else:
            search = urlencode({"q": f"{name}:{value}"}) if not within and name in LINKED else ""
            found.append((within + name, str(value), search))
    return found


def _nonce(text: str) -> str:
    return text if re.fullmatch(r"[A-Za-z0-9_-]{1,64}", text) else fresh()


def _text(event: Event) -> str:
    return event.body.decode("utf-8", "backslashreplace")


def _leaf(body: bytes) -> bytes:
    # RFC 6962: a leaf is hashed with a zero byte in front, so that it can not pass for a node.
    return hashlib.sha256(b"\x00" + body).digest()
