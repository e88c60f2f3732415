"""The monthly report as a page to print. Counting goes down the road, so it is recorded."""

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
from bot.model import Reason, Reply
from bot.ports import Road

MONTH: Final = re.compile(r"[0-9]{4}-[0-9]{2}")
SERVICE: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
PATH: Final = "/audit/report"


@dataclass(frozen=True)
class ReportPage:
    """One page for all services and one for each; works without scripts."""

    drawing: Drawing
    road: Road

    async def get(self, request: Request) -> Response:
        """Answer `GET /audit/report`: the form, and a month's report where one is named."""
        month = request.query_params.get("month", "").strip()
        service = request.query_params.get("service", "").strip()
        if not month:
            return self._page(request, "", "", None)
        if not MONTH.fullmatch(month):
            raise BadInput("A month is written like 2026-11.")
        if service and not SERVICE.fullmatch(service):
            raise BadInput("A service is named by its id, such as lab-results.")
        words = f"audit report --month {month}" + (f" --service {service}" if service else "")
        person = self.drawing.personas.current(request)
        reply = await self.road.handle(invocation(words, person, fresh()))
        return self._page(request, month, service, reply)

    def _page(self, request: Request, month: str, service: str, reply: Reply | None) -> Response:
        return self.drawing.page(
            "report.html",
            request,
            month=month,
            service=service,
            reply=reply,
            is_report=reply is not None and reply.reason is Reason.OK,
            services=_services(month, reply),
            every=f"{PATH}?{urlencode({'month': month})}",
        )


def _services(month: str, reply: Reply | None) -> list[tuple[str, str]]:
    """Return every service that something happened to, and the address of its report."""
    names = reply.refs.get("services", "") if reply else ""
    return [
        (name, f"{PATH}?{urlencode({'month': month, 'service': name})}")
        for name in names.split(",")
        if name
    ]
