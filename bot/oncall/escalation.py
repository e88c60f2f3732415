"""Tells who is on call of a request that nobody answers; it never approves anything.

Each step of a request is told once, however many replicas look and however often they restart:
its claim, its event and its message are one transaction.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import structlog

from bot.errors import AuditUnavailable, Conflict, StoreFailed
from bot.model import Draft, Kind, Place, Reply, Request, RequestState, Service, Visibility
from bot.moments import written
from bot.oncall.live import LiveOnCall
from bot.oncall.rotas import Step
from bot.ports import Catalogue, Clock, Effect, Ledger, Notices
from bot.stores import Deliveries, Requests

VERB: Final = "escalation"
MOST: Final = 10_000
# Claims are kept for two days; a step that is later than this was told, or nobody was up to.
LATEST: Final = timedelta(hours=24)
LOG = structlog.get_logger(__name__)


@dataclass(frozen=True, kw_only=True)
class Escalation:
    """Looks for requests that have waited too long."""

    oncall: LiveOnCall
    requests: Requests
    deliveries: Deliveries
    estate: Catalogue
    ledger: Ledger
    notices: Notices
    own_chats: Callable[[str], Awaitable[Sequence[Place]]]
    clock: Clock

    async def look(self) -> int:
        """Tell of what is due; return of how many. What cannot be recorded is tried again."""
        if not self.oncall.plan.steps:
            return 0
        told = 0
        try:
            for request in await self.requests.pending(limit=MOST):
                told += await self._tell_of(request)
        except (AuditUnavailable, StoreFailed):
            LOG.warning("who is on call is told once the audit log can be written")
        return told

    async def _tell_of(self, request: Request) -> int:
        now, told = self.clock.now(), 0
        if now >= request.expires:
            return 0
        for number, step in enumerate(self.oncall.plan.steps, 1):
            due = request.created + step.after
            if due <= now <= due + LATEST and self._is_about(step, request):
                told += await self._tell(request, step, f"{request.id}-ESCALATION-{number}", now)
        return told

    def _is_about(self, step: Step, request: Request) -> bool:
        service, values = self._service(request), request.proposal.values
        return (
            (not step.services or values.get("service") in step.services)
            and (not step.environments or values.get("environment") in step.environments)
            and (
                not step.safety_classes
                or (service is not None and service.safety_class in step.safety_classes)
            )
        )

    async def _tell(self, request: Request, step: Step, topic: str, now: datetime) -> bool:
        claim = f"{topic} {request.correlation}"
        if await self.deliveries.seen(claim) is not None:
            return False
        still = await self.requests.show(request.id)
        if still is None or still.state is not RequestState.PENDING:
            return False
        people = self.oncall.now(step.rota, now)
        said = _notice(still, step, people, now)
        effects: list[Effect[object]] = [
            self.deliveries.claim(claim, now),
            self.notices.keep(topic, said),
        ]
        places = list(_channels(self._service(still)))
        effects += [self.notices.promise(topic, place) for place in places]
        for person in people:
            for place in await self.own_chats(person):
                # Its card too, with its buttons: that one changes when somebody decides.
                effects += [self.notices.promise(one, place) for one in (topic, still.id)]
        try:
            await self.ledger.append(_draft(still, step, people, said.text), *effects)
        except Conflict:
            return False  # another replica was first
        await self.notices.tell(topic)
        return True

    def _service(self, request: Request) -> Service | None:
        return self.estate.service(request.proposal.values.get("service", ""))


def _notice(request: Request, step: Step, people: Sequence[str], now: datetime) -> Reply:
    waited = int((now - request.created).total_seconds() // 60)
    who = ", ".join(people) or f"nobody is on call for {step.rota} now"
    return Reply(
        f"{request.proposal.summary} has waited for approval for {waited} minutes as "
        f"{request.id}. On call for {step.rota}: {who}. Look at it and type "
        f"`approve {request.id}` or `reject {request.id} --reason ...`; at "
        f"{written(request.expires)} it ends, and is not run.",
        title=f"{request.id} waits for an answer",
        fields=(
            ("Request", request.id),
            ("Asked by", request.requester),
            ("On call", f"{who} ({step.rota})"),
            ("Needs", "; ".join(request.needs)),
        ),
        visibility=Visibility.PUBLIC,
        request=request.id,
    )


def _draft(request: Request, step: Step, people: Sequence[str], said: str) -> Draft:
    values = request.proposal.values
    return Draft(
        kind=Kind.SYSTEM,
        verb=VERB,
        correlation=request.correlation,
        service=values.get("service", ""),
        environment=values.get("environment", ""),
        request=request.id,
        params={
            "rota": step.rota,
            "after": f"{int(step.after.total_seconds() // 60)}m",
            "told": ", ".join(people),
        },
        text=said,
    )


def _channels(service: Service | None) -> Sequence[Place]:
    named = service.channels if service is not None else ()
    parted = [name.partition(":") for name in named]
    return [Place(platform, channel) for platform, _, channel in parted]
