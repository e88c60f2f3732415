"""Carries an approved request out: the same checks again, then the command, all recorded.

Runs as a durable workflow, so it may run again after a kill. What has an outcome is not done
again; what has an intent and no outcome is done again only where that is safe.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from bot.api import Done
from bot.dispatch import cards
from bot.dispatch.digest import digest
from bot.dispatch.pipeline import explained
from bot.dispatch.turn import Turn, facts_of
from bot.errors import AuditUnavailable, Conflict, Refused
from bot.lookback import is_recorded
from bot.model import (
    Account,
    AuditQuery,
    Invocation,
    Kind,
    Reason,
    Reply,
    Request,
    Visibility,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bot.dispatch.approve import ApprovalDesk
    from bot.dispatch.execute import Executor
    from bot.dispatch.parse import Parser
    from bot.dispatch.recording import Recorder
    from bot.model import Json
    from bot.ports import AuditReader, Directory, Notices, Steps
    from bot.stores import Requests


@dataclass(frozen=True)
class CarryOut:
    """Runs what was approved, on behalf of the person who asked."""

    requests: Requests
    parser: Parser
    directory: Directory
    desk: ApprovalDesk
    executor: Executor
    recorder: Recorder
    audit: AuditReader
    notices: Notices

    async def __call__(self, steps: Steps, request_id: str) -> None:
        """Carry one approved request out, as one step; the workflow `carry-out`."""

        async def once() -> Mapping[str, Json]:
            await self._carry(request_id)
            return {}

        await steps.run("carry-out", once)

    async def _carry(self, request_id: str) -> None:
        request = await self.requests.show(request_id)
        if request is None:
            raise LookupError(f"{request_id} was approved and is not in the store")
        turn = _turn(request)
        try:
            if await self._seen(request, Kind.EFFECT_OUTCOME):
                return
            again = await self._seen(request, Kind.EFFECT)
            reply = await self._run(turn, request, again=again)
        except AuditUnavailable:
            raise  # the workflow fails visibly; a restart tries again
        except Exception as error:  # noqa: BLE001 - the worker's edge: every ending is recorded
            reply, note = explained(error, turn.correlation)
            reply = await self._undo(turn, request, replace(reply, request=request.id), note)
        await self._show(request, reply)

    async def _undo(self, turn: Turn, request: Request, reply: Reply, note: str) -> Reply:
        """Record that it did not run, together with undoing what asking for it had opened."""
        undo = await self.executor.on_withdrawn(request)
        try:
            said, _ = await self.recorder.done(turn, Done(undo, lambda _results: reply))
        except Conflict:
            return await self.recorder.outcome(turn, reply, error=note)
        return said

    async def _run(self, turn: Turn, request: Request, *, again: bool) -> Reply:
        turn.parsed = self.parser.replay(request.proposal.command, request.proposal.values)
        turn.principal = self.directory.person(request.requester)
        turn.facts = facts_of(turn.parsed, request.proposal)
        turn.proposal = request.proposal
        turn.approvals, _ = self.desk.counted(request, turn.parsed)
        if turn.principal is None:
            raise Refused(
                Reason.NOT_IDENTIFIED, f"{request.requester} left the people directory: not run."
            )
        await self.recorder.intent(turn, Kind.EFFECT)
        if again and not turn.parsed.command.repeatable:
            raise Refused(
                Reason.UNKNOWN_OUTCOME,
                f"{request.id} was being carried out when Wardroom stopped, and whether it "
                "happened is not known. Look, and ask again if it did not.",
            )
        await self._check_again(turn, request)
        return await self.executor.run(turn)

    async def _check_again(self, turn: Turn, request: Request) -> None:
        now = await self.executor.propose(turn.command, turn.caller())
        if digest(now) != request.digest:
            raise Refused(
                Reason.SUPERSEDED,
                f"{request.id} was not run: what it would do has changed since it was approved. "
                "Ask again.",
            )
        await self.executor.check(turn)
        turn.facts = facts_of(turn.command, now)
        turn.decision = self.desk.verdict(request, turn.command, turn.facts)
        if not turn.decision.allowed:
            why = "; ".join(turn.decision.messages)
            raise Refused(Reason.NOT_AUTHORISED, f"{request.id} was not run: {why}.")

    async def _seen(self, request: Request, kind: Kind) -> bool:
        query = AuditQuery(request=request.id, verb=request.proposal.command, kind=kind.value)
        return await is_recorded(self.audit, query)

    async def _show(self, request: Request, reply: Reply) -> None:
        if reply.topic:
            return  # the command shows its own progress on the request's card
        card = cards.ended(request)
        text = f"{card.text}\n{reply.text}"
        await self.notices.publish(
            request.id,
            replace(card, text=text, reason=reply.reason, visibility=Visibility.PUBLIC),
        )


def _turn(request: Request) -> Turn:
    account = Account(request.place.platform, request.requester)
    said = Invocation(request.proposal.command, account, request.place, "")
    return Turn(
        invocation=said,
        correlation=request.correlation,
        account=account,
        place=request.place,
        request=request.id,
    )
