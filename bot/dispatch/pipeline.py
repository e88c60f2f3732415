"""The road: one visible list of stages, closed by default, and no flag to turn one off.

    once? -> guard -> parse -> identify -> authorise -> intent -> approval -> run -> outcome

A stage ends the journey by returning a Reply or by refusing; the journey's end is recorded in
every case. What cannot be recorded is not done.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import structlog

from bot import ids
from bot.dispatch import phi
from bot.dispatch.authorise import Decision
from bot.dispatch.grammar import grammar
from bot.dispatch.outbound import masked
from bot.dispatch.recording import REPLY
from bot.dispatch.turn import Turn, facts_of, key_of
from bot.errors import (
    AuditUnavailable,
    Conflict,
    Incomplete,
    IntegrationError,
    NeedsForm,
    NotAuthorised,
    NotIdentified,
    PhiBlocked,
    Refused,
    StillBuilding,
    StoreFailed,
    Unreachable,
)
from bot.model import AccountKind, Principal, Reason, Reply, Risk, Visibility

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from bot.api import Done
    from bot.dispatch.approve import ApprovalDesk
    from bot.dispatch.authorise import Policies
    from bot.dispatch.execute import Executor
    from bot.dispatch.parse import Parser
    from bot.dispatch.recording import Recorder
    from bot.model import Account, Build, Invocation
    from bot.ports import Directory
    from bot.stores import Deliveries

# Who is nobody we know: with a member's account, which could be linked, or with another.
VISITOR, OUTSIDER = "visitor", "outsider"
UNKNOWN = (
    "I do not know whose account this is, so I can only show `help`. If another chat knows you, "
    "type `link` there and then `link CODE` here; otherwise ask your Wardroom administrator to "
    "add this account to the people file."
)
NO_MEMBER = (
    "Guest, bot and external accounts can only ask for `help`. Ask from your own account, or ask "
    "a colleague."
)
NOBODY = "Say who you are first: choose a person on the page, or `--as PERSON` in the terminal."
NOT_RUN = (
    "The audit log cannot be written right now. Nothing was run, and it is safe to send this again "
    "later. If it cannot wait, call your Wardroom administrator: `wardroom doctor` and /readyz say "
    "what is wrong and how to mend it."
)
MAY_HAVE_RUN = (
    "The audit log cannot be written right now. It may have run: look at the system itself before "
    "you send this again, and call your Wardroom administrator: `wardroom doctor` and /readyz say "
    "what is wrong and how to mend it."
)
REMEMBERED = 4096  # first answers kept in memory; older ones are in the store
LOG = structlog.get_logger(__name__)


@dataclass
class Pipeline:
    """Takes every invocation from every door; implements `bot.ports.Road`."""

    parser: Parser
    directory: Directory
    policies: Policies
    executor: Executor
    desk: ApprovalDesk
    recorder: Recorder
    deliveries: Deliveries
    awaited: Callable[[Turn, Build], Done | None] = lambda _turn, _build: None
    ended: Callable[[str, Reason], None] = lambda _verb, _reason: None
    _first: OrderedDict[str, asyncio.Task[Reply]] = field(default_factory=OrderedDict)

    def __post_init__(self) -> None:
        """Lay the road."""
        self.stages: tuple[Callable[[Turn], Awaitable[Reply | None]], ...] = (
            self.guard,
            self.parse,
            self.identify,
            self.authorise,
            self.intent,
            self.approval,
            self.run,
        )

    async def handle(self, invocation: Invocation) -> Reply:
        """Once?: the same delivery gets the first answer, also while that is being made."""
        key = key_of(invocation.delivery)
        first = self._first.get(key)
        if first is None:
            turn = Turn(
                invocation=invocation,
                correlation=ids.fresh(self.recorder.clock.now()),
                account=invocation.account,
                place=invocation.place,
                delivery=key,
            )
            # A task of its own: a caller that hangs up does not cut the work in half.
            first = asyncio.create_task(self._journey(turn))
            self._remember(key, first)
        return await asyncio.shield(first)

    async def guard(self, turn: Turn) -> Reply | None:
        """Stop patient data before anything of it is stored, logged or understood."""
        said = turn.invocation = _storable(turn.invocation)
        text = "\n".join([said.text, *(said.fields or {}).values()])
        verdict = phi.scan(text)
        if verdict.tier is phi.Tier.BLOCK:
            turn.warned = (*verdict.kinds, f"{verdict.length} characters")
            raise PhiBlocked(phi.explain(verdict), kinds=verdict.kinds)
        if verdict.tier is phi.Tier.WARN:
            turn.warned = verdict.kinds
        return None

    async def parse(self, turn: Turn) -> Reply | None:
        """Turn the text into a typed value before any effect."""
        said = turn.invocation
        turn.parsed = self.parser.parse(said.text, said.fields, wire=said.place.platform == "slack")
        turn.facts = facts_of(turn.parsed)
        return None

    async def identify(self, turn: Turn) -> Reply | None:
        """Find the human behind the account; everybody else may only ask for help."""
        turn.principal = self._principal(turn)
        if turn.principal is None:
            role = VISITOR if turn.account.kind is AccountKind.MEMBER else OUTSIDER
            nobody = Principal("", "", frozenset({role}))
            if not self.policies.holds(nobody, turn.command.command.role):
                raise NotIdentified(_who_are_you(turn.account))
            turn.principal = nobody
        return None

    async def authorise(self, turn: Turn) -> Reply | None:
        """Ask the policies, which deny by default; approvals may still be missing here."""
        turn.decision = self.policies.may_run(turn.who, turn.command.command, turn.facts)
        self._require(turn.decision)
        return None

    async def intent(self, turn: Turn) -> Reply | None:
        """Record what is about to be done; a delivery that somebody has already is answered."""
        try:
            await self.recorder.intent(turn)
        except Conflict as conflict:
            if conflict.reason is not Reason.DUPLICATE:
                raise
            return await self._earlier(turn)
        return None

    async def approval(self, turn: Turn) -> Reply | None:
        """Bind what is asked for to immutable values; hold it where policy wants more people."""
        command = turn.command.command
        if command.propose is None and turn.decision.allowed:
            return None
        turn.proposal = await self.executor.propose(turn.command, turn.caller())
        await self.executor.check(turn)
        turn.facts = facts_of(turn.command, turn.proposal)
        turn.decision = self.policies.may_run(turn.who, command, turn.facts)
        self._require(turn.decision)
        if turn.facts.dry_run:
            return await self.recorder.outcome(turn, self._dry_run(turn))
        if not turn.decision.wants_approval:
            return None
        return await self._done(turn, await self.desk.ask(turn))

    async def run(self, turn: Turn) -> Reply | None:
        """Carry it out and record the outcome."""
        return await self.executor.run(turn)

    async def _done(self, turn: Turn, done: Done) -> Reply:
        reply, results = await self.recorder.done(turn, done)
        return await done.after(reply, results) if done.after else reply

    async def _journey(self, turn: Turn) -> Reply:
        reply = await self._travel(turn)
        if turn.parsed and any(p.secret for p in grammar(turn.parsed.command).parameters):
            # Its answer may hold a secret, which is said once: what is kept of it does not.
            self._first.pop(turn.delivery, None)
        self.ended(turn.parsed.command.name if turn.parsed else "", reply.reason)
        return reply

    async def _travel(self, turn: Turn) -> Reply:
        try:
            for stage in self.stages:
                reply = await stage(turn)
                if reply is not None:
                    return self._addressed(turn, reply)
        except AuditUnavailable:
            return await self._unrecorded(turn)
        except Exception as error:  # noqa: BLE001 - the road's edge: every ending is a Reply
            return await self._refused(turn, error)
        raise AssertionError("the road has no end")

    async def _refused(self, turn: Turn, error: Exception) -> Reply:
        if isinstance(error, Incomplete) and turn.parsed is not None:
            error = self.parser.asked_again(turn.parsed, error)
        reply, note = explained(error, turn.correlation)
        if isinstance(error, Refused) and error.policies:
            version = turn.decision.version
            turn.decision = Decision(allowed=False, policies=error.policies, version=version)
        if turn.principal is None:
            turn.principal = self._principal(turn)
        try:
            heard = self.awaited(turn, error.build) if isinstance(error, StillBuilding) else None
            if heard is None:
                reply = await self.recorder.outcome(turn, reply, error=note)
            else:
                reply = await self._done(turn, heard)
        except AuditUnavailable:
            return await self._unrecorded(turn)
        except Conflict:
            return await self._earlier(turn)
        return self._addressed(turn, reply)

    async def _earlier(self, turn: Turn) -> Reply:
        answer = await self.deliveries.seen(turn.delivery)
        if answer:
            return REPLY.validate_json(answer)
        return Reply(
            text="This was received already and is being worked on. It runs once.",
            reason=Reason.DUPLICATE,
            visibility=Visibility.PRIVATE,
        )

    def _principal(self, turn: Turn) -> Principal | None:
        if turn.account.kind is not AccountKind.MEMBER:
            return None
        return self.directory.identify(turn.account)

    def _require(self, decision: Decision) -> None:
        if not decision.allowed and not decision.wants_approval:
            text = "; ".join(decision.messages)
            if decision.reason is Reason.NOT_AUTHORISED:
                raise NotAuthorised(f"Not allowed: {text}.", policies=decision.policies)
            raise Refused(decision.reason, f"Not run: {text}.", policies=decision.policies)

    def _dry_run(self, turn: Turn) -> Reply:
        proposal = turn.proposal
        facts = proposal.facts if proposal else {}
        needs = "; ".join(turn.decision.messages) if turn.decision.wants_approval else "nothing"
        who = [
            person.id
            for person in self.directory.people()
            if self.policies.may_approve(
                person, turn.command.command, turn.facts, requester=turn.who.id
            ).allowed
        ]
        shown = [(name.replace("_", " ").capitalize(), value) for name, value in facts.items()]
        rows = [*shown, *turn.found, ("Still needs", needs)]
        if turn.decision.wants_approval:
            rows.append(("Can approve", ", ".join(who) or "nobody"))
        return Reply(
            text=f"Dry run, nothing was changed. Every check passed for: "
            f"{proposal.summary if proposal else ''}. It would still need: {needs}.",
            title="Dry run",
            fields=tuple(rows),
        )

    def _addressed(self, turn: Turn, reply: Reply) -> Reply:
        if reply is not turn.said:
            reply = masked(reply)  # it came from elsewhere, or grew after it was recorded
        if turn.warned and reply.reason is not Reason.PHI_BLOCKED:
            note = "Your message may hold patient data; please do not put any in chat."
            reply = replace(reply, text=f"{reply.text}\n{note}")
        if reply.visibility is not None:
            return reply
        changed = (
            reply.reason in (Reason.OK, Reason.PENDING_APPROVAL)
            and turn.parsed is not None
            and turn.parsed.command.risk is not Risk.READ
            and not turn.facts.dry_run
        )
        return replace(reply, visibility=Visibility.PUBLIC if changed else Visibility.PRIVATE)

    async def _unrecorded(self, turn: Turn) -> Reply:
        # Not remembered: when the log is back, the same delivery may be tried again.
        self._first.pop(turn.delivery, None)
        reply = Reply(
            text=MAY_HAVE_RUN if turn.recorded else NOT_RUN,
            reason=Reason.AUDIT_UNAVAILABLE,
            visibility=Visibility.PRIVATE,
        )
        await self.recorder.attempt(turn, reply)
        return reply

    def _remember(self, key: str, task: asyncio.Task[Reply]) -> None:
        self._first[key] = task
        while len(self._first) > REMEMBERED:
            oldest = next(iter(self._first))
            if not self._first[oldest].done():
                break
            del self._first[oldest]


def _who_are_you(account: Account) -> str:
    if not account.user:
        return NOBODY
    return UNKNOWN if account.kind is AccountKind.MEMBER else NO_MEMBER


def _storable(said: Invocation) -> Invocation:
    """Return what was said without what no database keeps: NUL and half characters."""
    if said.fields is None and said.text.isprintable():
        return said
    fields = said.fields and {name: _kept(value) for name, value in said.fields.items()}
    return replace(said, text=_kept(said.text), fields=fields)


def _kept(text: str) -> str:
    return text.replace("\x00", "").encode("utf-8", "replace").decode("utf-8")


def explained(error: Exception, correlation: str) -> tuple[Reply, str]:
    """Return what the user reads and what the record notes about an error.

    The user's error is said as written; ours is "something failed (ref 4f2a)", with its detail
    in the log and the message body in neither.
    """
    if isinstance(error, NeedsForm):
        return Reply(error.text, error.reason, form=error.form), "NeedsForm"
    if isinstance(error, Refused):
        return Reply(error.text, error.reason), type(error).__name__
    if isinstance(error, Conflict):
        return Reply(error.text, error.reason), "Conflict"
    if isinstance(error, IntegrationError):
        lost = isinstance(error, Unreachable)
        return Reply(error.text, Reason.UNAVAILABLE if lost else Reason.FAILED), type(
            error
        ).__name__
    ref = correlation[-4:]  # it starts with the time
    where = _where(error)
    LOG.error("something failed", ref=ref, error=type(error).__name__, where=where)
    if isinstance(error, StoreFailed):
        said = f"The database did not answer (ref {ref}). Try again in a minute; its administrator "
        said += "finds more in the log and with `wardroom doctor`."
        return Reply(said, Reason.UNAVAILABLE), f"StoreFailed at {where}"
    return Reply(f"Something failed (ref {ref}). It is in the log.", Reason.FAILED), (
        f"{type(error).__name__} at {where}"
    )


def _where(error: Exception) -> str:
    """Return file:line of the error, never its text: that may quote what somebody typed."""
    frames = []
    trace = error.__traceback__
    while trace is not None:
        frames.append(f"{trace.tb_frame.f_code.co_filename.rpartition('/')[2]}:{trace.tb_lineno}")
        trace = trace.tb_next
    return " < ".join(reversed(frames[-4:]))
