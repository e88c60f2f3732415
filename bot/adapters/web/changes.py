"""Changes in the console: a week as a page and as a calendar file, the evidence of one change."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response

from bot.adapters.web.pages import Drawing
from bot.adapters.web.wire import fresh, invocation
from bot.errors import BadInput
from bot.model import Principal, Reason, Reply
from bot.ports import Road
from bot.ports.changes import CalendarFiles, EvidenceFile, EvidenceFiles

NUMBER: Final = re.compile(r"CHG-[1-9][0-9]{0,8}")
WEEK: Final = re.compile(r"[0-9]{4}-W[0-9]{2}")
SERVICE: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
PATH: Final = "/changes"
STATUS: Final = {Reason.NOT_FOUND: 404, Reason.NOT_AUTHORISED: 403, Reason.NOT_IDENTIFIED: 403}


@dataclass(frozen=True)
class ChangePages:
    """Everything goes down the road first, so that it is authorised and recorded."""

    drawing: Drawing
    road: Road
    evidence: EvidenceFiles
    calendar: CalendarFiles

    async def week(self, request: Request) -> Response:
        """Answer `GET /changes`: a week of changes, deploys and freezes."""
        week, service = self._asked(request)
        reply = await self._said(request, "change calendar", week, service)
        query = urlencode({"week": week, "service": service})
        return self.drawing.page(
            "changes.html", request, week=week, service=service, reply=reply, query=query
        )

    async def file(self, request: Request) -> Response:
        """Answer `GET /changes.ics`: the same week for a calendar programme."""
        week, service = self._asked(request)
        reply = await self._said(request, "change calendar", week, service)
        if reply.reason is not Reason.OK:
            return self._closed(reply)
        content = await self.calendar.file(service, week)
        return _download(content, "changes.ics", "text/calendar; charset=utf-8")

    async def page(self, request: Request) -> Response:
        """Answer `GET /changes/CHG-12/evidence`: the page to print."""
        made = await self._made(request)
        if isinstance(made, Response):
            return made
        number = request.path_params["number"]
        return self.drawing.page("evidence.html", request, number=number, sheets=made.sheets)

    async def bundle(self, request: Request) -> Response:
        """Answer `GET /changes/CHG-12/evidence.zip`: everything in one file."""
        made = await self._made(request)
        if isinstance(made, Response):
            return made
        return _download(made.content, made.name, "application/zip")

    async def _made(self, request: Request) -> EvidenceFile | Response:
        number = request.path_params["number"]
        if not NUMBER.fullmatch(number):
            raise BadInput("A change has a number: /changes/CHG-12/evidence.")
        person = self._person(request)
        line = f"change evidence {number}"
        reply = await self.road.handle(invocation(line, person.id if person else "", fresh()))
        if reply.reason is not Reason.OK or person is None:
            return self._closed(reply)
        return await self.evidence.made(number, person)

    async def _said(self, request: Request, line: str, week: str, service: str) -> Reply:
        person = self._person(request)
        words = [line, f"of {service}" if service else "", f"--week {week}" if week else ""]
        said = " ".join(word for word in words if word)
        return await self.road.handle(invocation(said, person.id if person else "", fresh()))

    def _asked(self, request: Request) -> tuple[str, str]:
        week = request.query_params.get("week", "").strip()
        service = request.query_params.get("service", "").strip()
        if week and not WEEK.fullmatch(week):
            raise BadInput("A week is written like 2026-W48.")
        if service and not SERVICE.fullmatch(service):
            raise BadInput("A service is named by its id, such as lab-results.")
        return week, service

    def _person(self, request: Request) -> Principal | None:
        return self.drawing.directory.person(self.drawing.personas.current(request))

    def _closed(self, reply: Reply) -> Response:
        return self.drawing.closed(reply.reason, reply.text, STATUS.get(reply.reason, 400))


def _download(content: bytes, name: str, kind: str) -> Response:
    named = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(content, media_type=kind, headers=named)
