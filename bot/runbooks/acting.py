"""The one place where a run types what changes something, and hears how that has ended.

Somebody said go before, and that stands in the run's row. The delivery's id stands there too, so
that of everything that may type it, before and after a kill, one does; whoever finds it claimed
and not answered knows no more than that it was begun, and says so.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Final, Protocol

from bot.dispatch.cards import ended
from bot.dispatch.turn import facts_of, key_of
from bot.errors import AuditUnavailable
from bot.lookback import every
from bot.model import (
    AuditQuery,
    DeployState,
    Invocation,
    Kind,
    Place,
    Reason,
    RequestState,
    StepState,
)

if TYPE_CHECKING:
    from bot.dispatch.parse import Parsed, Parser
    from bot.model import Deploy, Event, Reply, Request
    from bot.model.runs import Act, RunbookRun
    from bot.ports import AuditReader, Clock, Road
    from bot.stores import Deliveries, DeployStore, Requests

PLATFORM: Final = "runbook"
STANDS: Final = timedelta(minutes=15)
"""How long after a go something may still be begun; much less than deliveries are kept."""

_OLD: Final = (
    "Too much time has gone by since the go for it to be begun unasked, and there is no record "
    "that it was."
)
_BEGUN: Final = "It was begun when Wardroom stopped, and whether it happened is not known."
# How carrying a request out is recorded, also where whoever had asked for it has left meanwhile.
_OVER: Final = frozenset({Kind.EFFECT_OUTCOME.value, Kind.REFUSED.value})
_ENDED: Final[Mapping[DeployState, StepState]] = {
    DeployState.SUCCEEDED: StepState.DONE,
    DeployState.FAILED: StepState.FAILED,
    DeployState.STOPPED: StepState.FAILED,
    DeployState.NOT_VALIDATED: StepState.FAILED,
    DeployState.UNKNOWN: StepState.UNKNOWN,
}


@dataclass(frozen=True)
class Came:
    """What an action came to: DONE, FAILED, UNKNOWN, or WAITING for what it `awaits`."""

    state: StepState
    text: str
    figures: Mapping[str, str] = field(default_factory=dict)
    awaits: str = ""


class Acting(Protocol):
    """Does what somebody said go to."""

    async def act(self, run: RunbookRun, act: Act) -> Came:
        """Do it, or return what it came to before; never do it a second time.

        `AuditUnavailable` where that cannot be recorded now.
        """
        ...

    async def look(self, act: Act) -> Came:
        """Return how what it has begun stands; WAITING as long as that goes on."""
        ...


@dataclass(frozen=True)
class Outcomes:
    """Knows what a command has come to from its answer, its request and its deploy."""

    requests: Requests
    deploys: DeployStore
    audit: AuditReader

    async def look(self, act: Act) -> Came:
        """Ask the request or the deploy, by its id."""
        request = await self.requests.show(act.awaits)
        if request is not None:
            return await self._requested(request, act)
        deploy = await self.deploys.show(act.awaits)
        if deploy is None:
            return Came(StepState.UNKNOWN, f"{act.awaits} is not there any more.")
        return _deployed(deploy)

    async def answered(self, reply: Reply, act: Act) -> Came:
        """Return what the answer of a command says that it has come to."""
        figures = {**reply.refs, "reason": reply.reason.value}
        if reply.reason is Reason.PENDING_APPROVAL and reply.request:
            figures["request"] = reply.request
            return Came(StepState.WAITING, reply.text, figures, reply.request)
        return await self._came(reply.reason, reply.text, figures, act)

    async def _came(self, reason: Reason, text: str, figures: Mapping[str, str], act: Act) -> Came:
        if reason is not Reason.OK:
            # Who was not reached may have done it; who answered with a no has not.
            is_unknown = reason in (Reason.UNAVAILABLE, Reason.UNKNOWN_OUTCOME)
            return Came(StepState.UNKNOWN if is_unknown else StepState.FAILED, text, figures)
        deploy = await self.deploys.show(figures.get("deploy", ""))
        if deploy is not None and deploy.created >= act.since:
            return _deployed(deploy, figures)
        return Came(StepState.DONE, text, figures)

    async def _requested(self, request: Request, act: Act) -> Came:
        figures = {"request": request.id, "reason": Reason.PENDING_APPROVAL.value}
        if request.state is RequestState.PENDING:
            text = f"{request.id} waits for approval."
            return Came(StepState.WAITING, text, figures, request.id)
        if request.state is not RequestState.APPROVED:
            card = ended(request)
            return Came(StepState.FAILED, card.text, {**figures, "reason": card.reason.value})
        event = await self._carried_out(request)
        if event is None:
            return Came(StepState.WAITING, f"{request.id} is being done.", figures, request.id)
        found = {name: str(event.data.get(name) or "") for name in ("deploy", "change", "reason")}
        figures |= {name: value for name, value in found.items() if value}
        text = f"{request.id}, approved by {request.decided_by}: {request.proposal.summary}"
        return await self._came(Reason(figures["reason"]), text, figures, act)

    async def _carried_out(self, request: Request) -> Event | None:
        query = AuditQuery(request=request.id, verb=request.proposal.command)
        async for event in every(self.audit, query):
            if event.data.get("kind") in _OVER:
                return event
        return None


@dataclass(frozen=True)
class Typing:
    """Types it down the one road, as whoever runs the runbook."""

    road: Road
    deliveries: Deliveries
    outcomes: Outcomes
    clock: Clock

    async def act(self, run: RunbookRun, act: Act) -> Came:
        """Type it under its one delivery id, and return what the answer says."""
        key = key_of(act.delivery)
        is_old = self.clock.now() - act.since > STANDS
        if is_old and await self.deliveries.seen(key) is None:
            return Came(StepState.UNKNOWN, _OLD)
        place = Place(PLATFORM, run.id)
        reply = await self.road.handle(Invocation(act.line, run.account, place, act.delivery))
        if reply.reason is Reason.DUPLICATE and not await self.deliveries.seen(key):
            return Came(StepState.UNKNOWN, _BEGUN)
        if reply.reason is Reason.AUDIT_UNAVAILABLE:
            raise AuditUnavailable(reply.text)
        return await self.outcomes.answered(reply, act)

    async def look(self, act: Act) -> Came:
        """Ask the request or the deploy, by its id."""
        return await self.outcomes.look(act)


@dataclass(frozen=True)
class Targets:
    """Says what a command acts on: of all runs, one acts on it at a time."""

    parser: Parser

    def __call__(self, line: str) -> str:
        """Return it in words; `BadInput` where the line cannot be typed like that now."""
        return target(self.parser.parse(line, None, wire=False))


def target(parsed: Parsed) -> str:
    """Return the service and environment of a command; else its system and first argument."""
    facts = facts_of(parsed)
    if facts.service:
        return " ".join(filter(None, (facts.service, facts.environment)))
    system = parsed.command.name.partition(" ")[0]
    return " ".join([system, *list(parsed.values.values())[:1]])


def _deployed(deploy: Deploy, figures: Mapping[str, str] | None = None) -> Came:
    found = {**(figures or {}), "deploy": deploy.id, "state": deploy.state.value}
    state = _ENDED.get(deploy.state, StepState.WAITING)
    text = f"{deploy.id}: {deploy.outcome or deploy.state.value}"
    awaits = "" if state in (StepState.DONE, StepState.FAILED) else deploy.id
    return Came(state, text, found, awaits)
