"""Requests and their decisions: N-of-M by policy, never the requester, one human once.

A request is a row, never something running. What counts is decided inside the transaction that
records it, so that concurrent approvals, rejections and expiries end a request exactly once.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from bot.api import Caller, Done
from bot.dispatch import cards
from bot.dispatch.digest import digest
from bot.dispatch.turn import facts_of, with_approvals
from bot.errors import BadInput, Conflict, IntegrationError, NotAuthorised, Refused
from bot.model import (
    Approval,
    Draft,
    Kind,
    Place,
    Principal,
    Reason,
    Reply,
    Request,
    RequestState,
    Service,
    Signing,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from bot.dispatch.authorise import Decision, Facts, Policies
    from bot.dispatch.execute import Executor
    from bot.dispatch.parse import Parsed, Parser
    from bot.dispatch.signed import SigningDesk
    from bot.dispatch.turn import Turn
    from bot.ports import Clock, Directory, Engine, Ledger, Notices, Transaction
    from bot.stores import Requests

CARRY_OUT = "carry-out"
STANDS = timedelta(hours=4)
WAIT_SECONDS = 3.0  # how long the deciding click waits to name what it started


@dataclass(frozen=True)
class ApprovalDesk:
    """Opens requests and decides them; implements `bot.api.Approvals`."""

    requests: Requests
    policies: Policies
    parser: Parser
    directory: Directory
    executor: Executor
    engine: Engine
    ledger: Ledger
    notices: Notices
    clock: Clock
    signing: SigningDesk
    everywhere: Callable[[], Sequence[Place]] = tuple

    async def ask(self, turn: Turn) -> Done:
        """Return what opens a request for a turn's proposal, its card included."""
        also = await self.executor.on_request(turn)
        request = self._new(turn)

        def opened(tx: Transaction) -> tuple[Request, Reply]:
            extra = also.say(tuple(effect(tx) for effect in also.effects))
            kept = self.requests.open(request)(tx)
            for place in self._places(turn.command):
                self.notices.promise(kept.id, place, by_door=place == turn.place)(tx)
            return kept, extra

        def say(results: tuple[object, ...]) -> Reply:
            kept, extra = _pair(results[0])
            return cards.waiting(
                kept,
                turn.decision.messages,
                fields=(*extra.fields, *turn.found),
                refs=dict(extra.refs),
            )

        async def publish(reply: Reply, _results: tuple[object, ...]) -> Reply:
            await self.notices.tell(reply.topic)
            return reply

        return Done((opened,), say, publish)

    async def approve(self, caller: Caller, request_id: str, seen: str) -> Done:
        """Count the caller's yes, and start what was asked for when it was the last one needed.

        Where policy wants it signed it does not count yet: the answer is a link to sign it.
        """
        request, parsed = await self._pending(request_id)
        if not request.digest.startswith(seen):
            raise Refused(
                Reason.SUPERSEDED,
                f"That button is outdated: {request.id} is not the proposal you saw. "
                f"Type `approvals` to see what it is now.",
            )
        self._eligible(caller.principal, request, parsed)
        moved = await self._moved(caller, request, parsed)
        if moved:
            return await self._ending(request, RequestState.SUPERSEDED, "wardroom", moved)
        signing = await self.signing.brought(caller, request)
        if signing is None and (roles := self._signs_as(caller.principal, request, parsed)):
            return self.signing.offer(caller, request, roles)
        shown = await self.notices.current(request.id)

        def count(tx: Transaction) -> tuple[Request, tuple[str, ...]]:
            updated, missing = self._count(tx, caller, request, parsed, signing)
            if updated.state is RequestState.PENDING:
                self.notices.keep(updated.id, _still_waiting(updated, missing, shown))(tx)
            return updated, missing

        def say(results: tuple[object, ...]) -> Reply:
            request, _ = _counted(results[0])
            return cards.with_signature(self._say_counted(results), request, caller.principal.id)

        return Done((count,), say, self._publish)

    async def reject(self, caller: Caller, request_id: str, why: str) -> Done:
        """End a request with a no and its reason."""
        request, parsed = await self._pending(request_id)
        self._eligible(caller.principal, request, parsed)
        return await self._ending(request, RequestState.REJECTED, caller.principal.id, why)

    async def cancel(self, caller: Caller, request_id: str) -> Done:
        """Withdraw one's own request."""
        request, _ = await self._pending(request_id)
        if request.requester != caller.principal.id:
            raise NotAuthorised(
                f"{request.id} was asked for by {request.requester}, who can cancel it. "
                f"You can `reject {request.id} --reason ...` if you may decide it."
            )
        return await self._ending(request, RequestState.CANCELLED, caller.principal.id, "")

    async def waiting(self, caller: Caller) -> tuple[Sequence[Request], Sequence[Request]]:
        """Return what waits for the caller, and what the caller has asked for."""
        pending = await self.requests.pending()
        mine = [r for r in pending if r.requester == caller.principal.id]
        for_me = [r for r in pending if self._could_decide(caller.principal, r)]
        return for_me, mine

    async def expire_due(self) -> int:
        """End every pending request whose time is over; it has not run. Returns how many."""
        ended = 0
        for request_id in await self.requests.due(self.clock.now()):
            request = await self.requests.show(request_id)
            if request is None:
                continue
            done = await self._ending(request, RequestState.EXPIRED, "wardroom", "nobody decided")
            draft = Draft(
                kind=Kind.ENDED,
                verb=request.proposal.command,
                correlation=request.correlation,
                request=request.id,
                reason=Reason.EXPIRED,
                text=f"{request.id} expired and was not run",
            )
            try:
                recorded = await self.ledger.append(draft, *done.effects)
            except Conflict:
                continue  # somebody decided it in the same moment: that is how it ended
            await self._publish(done.say(recorded.results), recorded.results)
            ended += 1
        return ended

    def counted(
        self, request: Request, parsed: Parsed
    ) -> tuple[list[Approval], Mapping[str, frozenset[str]]]:
        """Return the approvals that count now, and the roles of each of their people now."""
        facts = facts_of(parsed, request.proposal)
        good: list[Approval] = []
        holding: dict[str, frozenset[str]] = {}
        for approval in request.approvals:
            person = self.directory.person(approval.person)
            if person and self._may_decide(person, request, parsed, facts, approval.at).allowed:
                good.append(approval)
                holding[person.id] = self.policies.held(person)
        return good, holding

    def verdict(self, request: Request, parsed: Parsed, facts: Facts) -> Decision:
        """Return what policy says to running a request with the approvals that count."""
        requester = self.directory.person(request.requester)
        if requester is None:
            raise Conflict(
                f"{request.requester} is not in the people directory any more, so {request.id} "
                "can not run.",
                reason=Reason.NOT_IDENTIFIED,
            )
        good, holding = self.counted(request, parsed)
        rotas = [self.policies.rotas(approval.person, approval.at) for approval in good]
        given = with_approvals(facts, good, holding, frozenset[str]().union(*rotas))
        return self.policies.may_run(requester, parsed.command, given)

    def _places(self, parsed: Parsed) -> Sequence[Place]:
        """Return where a request is shown beside the place it was asked in."""
        return self.everywhere() if parsed.command.loud else _channels(parsed)

    def _new(self, turn: Turn) -> Request:
        if turn.proposal is None:
            raise LookupError("a request needs a proposal")
        now = self.clock.now()
        return Request(
            id="",
            proposal=turn.proposal,
            digest=digest(turn.proposal),
            requester=turn.who.id,
            place=turn.place,
            state=RequestState.PENDING,
            created=now,
            expires=now + STANDS,
            needs=turn.decision.messages,
            correlation=turn.correlation,
        )

    async def _pending(self, request_id: str) -> tuple[Request, Parsed]:
        request = await self.requests.show(request_id)
        if request is None:
            raise BadInput(
                f"There is no request {request_id}. Type `approvals` to see what waits.",
                reason=Reason.NOT_FOUND,
            )
        if request.state is not RequestState.PENDING:
            reason = cards.ENDINGS[request.state]
            raise Refused(
                Reason.DUPLICATE if reason is Reason.OK else reason, cards.ended(request).text
            )
        return request, self.parser.replay(request.proposal.command, request.proposal.values)

    def _may_decide(
        self,
        who: Principal,
        request: Request,
        parsed: Parsed,
        facts: Facts,
        at: datetime | None = None,
    ) -> Decision:
        """Judge a yes as of its click: who they are now, what the clock and the rota said then."""
        asked = request.requester
        return self.policies.may_approve(who, parsed.command, facts, requester=asked, at=at)

    def _eligible(self, who: Principal, request: Request, parsed: Parsed) -> None:
        decision = self._may_decide(who, request, parsed, facts_of(parsed, request.proposal))
        if not decision.allowed:
            raise NotAuthorised(
                f"You cannot decide {request.id}: {'; '.join(decision.messages)}.",
                policies=decision.policies,
            )

    def _could_decide(self, who: Principal, request: Request) -> bool:
        try:
            parsed = self.parser.replay(request.proposal.command, request.proposal.values)
        except BadInput:
            return False  # the estate changed under it: approving it would say so
        already = any(approval.person == who.id for approval in request.approvals)
        facts = facts_of(parsed, request.proposal)
        return not already and self._may_decide(who, request, parsed, facts).allowed

    async def _moved(self, caller: Caller, request: Request, parsed: Parsed) -> str:
        requester = self.directory.person(request.requester) or caller.principal
        asked = Caller(requester, request.place, request.correlation, request.id)
        try:
            now = await self.executor.propose(parsed, asked)
        except IntegrationError:
            return ""  # it cannot be looked up now: the re-check before the run will
        if digest(now) == request.digest:
            return ""
        before, after = request.proposal.facts, now.facts
        names = [name for name in {*before, *after} if before.get(name) != after.get(name)]
        changed = ", ".join(
            f"{name} was {before.get(name, 'none')}, is {after.get(name, 'none')}"
            for name in sorted(names)
        )
        return f"what it would do has changed ({changed}), so its approvals are void"

    def _signs_as(self, who: Principal, request: Request, parsed: Parsed) -> tuple[str, ...]:
        """Return the roles that somebody has to sign in, none where a plain yes is enough."""
        if any(one.person == who.id and one.is_signed for one in request.approvals):
            return ()
        facts = facts_of(parsed, request.proposal)
        wanted = set(self.verdict(request, parsed, facts).signatures)
        held = self.policies.held(who)
        if not wanted & {"", *held}:
            return ()
        return tuple(sorted(wanted & held or who.roles))

    def _count(
        self,
        tx: Transaction,
        caller: Caller,
        request: Request,
        parsed: Parsed,
        signing: Signing | None,
    ) -> tuple[Request, tuple[str, ...]]:
        now = self.clock.now()
        mine = Approval(caller.principal.id, tuple(sorted(caller.principal.roles)), now)
        if signing is not None:
            mine = self.signing.sign(tx, signing, mine)
        updated = self.requests.approve(request.id, request.digest, mine)(tx)
        verdict = self.verdict(updated, parsed, facts_of(parsed, request.proposal))
        if verdict.wants_approval:
            return updated, verdict.messages
        if not verdict.allowed:
            raise Conflict("; ".join(verdict.messages), reason=verdict.reason)
        by = ", ".join(approval.person for approval in updated.approvals)
        ended = self.requests.end(request.id, RequestState.APPROVED, by=by, at=now)(tx)
        self.engine.start(CARRY_OUT, request.id)(tx)
        return ended, ()

    def _say_counted(self, results: tuple[object, ...]) -> Reply:
        request, missing = _counted(results[0])
        if missing:
            return Reply(
                text=f"Your approval of {request.id} counts. Still needed: {'; '.join(missing)}.",
                request=request.id,
            )
        return Reply(
            text=f"{request.id} is approved by {request.decided_by}: {request.proposal.summary}.",
            request=request.id,
        )

    async def _publish(self, reply: Reply, results: tuple[object, ...]) -> Reply:
        first = results[0]
        request = _counted(first)[0] if isinstance(first, tuple) else _request(first)
        if request.state is RequestState.APPROVED:
            await self.engine.wait(CARRY_OUT, request.id, seconds=WAIT_SECONDS)
            return await self._with_start(reply, request)
        await self.notices.tell(request.id)
        return reply

    async def _with_start(self, reply: Reply, request: Request) -> Reply:
        """Name what the deciding approval started, or say why it was not run after all."""
        card = await self.notices.current(request.id)
        if card is None or card.reason is Reason.PENDING_APPROVAL:
            return replace(reply, text=f"{reply.text} It starts in a moment.")
        return replace(reply, text=f"{reply.text} {card.text}", refs=card.refs)

    async def _ending(self, request: Request, state: RequestState, by: str, why: str) -> Done:
        undo = await self.executor.on_withdrawn(request)
        end = self.requests.end(request.id, state, by=by, at=self.clock.now(), why=why)

        def ending(tx: Transaction) -> Request:
            ended = end(tx)
            self.notices.keep(ended.id, cards.ended(ended))(tx)
            return ended

        return Done((ending, *undo), _say_ended, self._publish)


def _channels(parsed: Parsed) -> list[Place]:
    """Return where the people of the services that a command is about look."""
    values = [getattr(parsed.args, name) for name in type(parsed.args).model_fields]
    named = [name for value in values if isinstance(value, Service) for name in value.channels]
    parted = [name.partition(":") for name in named]
    return [Place(platform, channel) for platform, _, channel in parted]


def _still_waiting(request: Request, missing: Sequence[str], shown: Reply | None) -> Reply:
    """Return the card with what is still needed; what the request opened and found stays on it."""
    refs = shown.refs if shown else {}
    stays = [(name.capitalize(), number) for name, number in refs.items()]
    stays += [field for field in (shown.fields if shown else ()) if field[0] in cards.STAYS]
    return cards.waiting(request, missing, fields=stays, refs=dict(refs))


def _say_ended(results: tuple[object, ...]) -> Reply:
    request = _request(results[0])
    card = cards.ended(request)
    # Rejecting and cancelling did what was asked for; a void approval did not count.
    done = request.state in (RequestState.REJECTED, RequestState.CANCELLED)
    return Reply(text=card.text, reason=Reason.OK if done else card.reason, request=request.id)


def _pair(result: object) -> tuple[Request, Reply]:
    match result:
        case (Request() as request, Reply() as reply):
            return request, reply
    raise TypeError(f"not a request and its extra: {type(result).__name__}")


def _counted(result: object) -> tuple[Request, tuple[str, ...]]:
    match result:
        case (Request() as request, tuple() as missing):
            return request, missing
    raise TypeError(f"not a counted request: {type(result).__name__}")


def _request(result: object) -> Request:
    if not isinstance(result, Request):
        raise TypeError(f"not a request: {type(result).__name__}")
    return result
