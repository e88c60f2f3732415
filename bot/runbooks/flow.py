"""The part of a run that goes on by itself: it types what only reads, until a human is needed.

It is an adapter: every command goes down the one road, from the account of whoever runs the
runbook, so that their rights are asked at each step as they are at that moment. What changes
something waits for somebody's go first, and is done by `acting`, once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import structlog

from bot import ids
from bot.errors import AuditUnavailable, BadInput, Conflict, StoreFailed
from bot.model import Draft, Invocation, Kind, Place, Reason, Risk, StepState
from bot.model.runs import RunState, StepResult
from bot.runbooks import filling, looking, several
from bot.runbooks.acting import PLATFORM
from bot.runbooks.card import card, label
from bot.runbooks.document import ForEach, Run, Step, Together, WaitUntil
from bot.runbooks.going import LONGEST, Stand, stand
from bot.runbooks.ringing import ringing, topic_of

if TYPE_CHECKING:
    from bot.model import Json, Reply
    from bot.model.runs import Act, RunbookRun
    from bot.notices import TopicNotices
    from bot.ports import Clock, Ledger, Road, Steps
    from bot.registry import Registry
    from bot.runbooks.acting import Acting
    from bot.stores.runs import RunStore

WORKFLOW: Final = "runbook"
LONGEST_BACKOFF: Final = 60.0  # seconds
AT_ONCE: Final = 8  # commands of one step that are on the road together
# After these there is nothing to see: the run stands still until a human has looked.
_STOPS: Final = frozenset(
    {
        Reason.NOT_AUTHORISED,
        Reason.NOT_IDENTIFIED,
        Reason.BAD_INPUT,
        Reason.UNKNOWN_COMMAND,
        Reason.AMBIGUOUS,
        Reason.PHI_BLOCKED,
    }
)
LOG = structlog.get_logger(__name__)


@dataclass(frozen=True)
class RunFlow:
    """The workflow `runbook`, keyed by the run and the leg of it."""

    runs: RunStore
    road: Road
    acting: Acting
    registry: Registry
    ledger: Ledger
    notices: TopicNotices
    clock: Clock
    patience: float = 5.0
    """Seconds until a database that did not answer is asked again."""

    async def __call__(self, steps: Steps, key: str) -> None:
        """Go on with a run until it waits, stands still or is over."""
        run_id = key.partition(":")[0]

        async def go() -> Mapping[str, Json]:
            return {"state": await self._go(run_id)}

        await steps.run("go", go)

    async def _go(self, run_id: str) -> str:
        while True:
            try:
                run = await self.runs.show(run_id)
                if run is None or run.state is not RunState.RUNNING:
                    return run.state.value if run else "gone"
                await self._step(stand(run))
            except Conflict:
                LOG.info("a run was moved by somebody else", run=run_id)
            except (AuditUnavailable, StoreFailed) as error:
                LOG.error("a run waits for the database", why=str(error))  # noqa: TRY400 - its text says all there is to say
                await asyncio.sleep(self.patience)

    async def _step(self, at: Stand) -> None:
        now = self.clock.now()
        try:
            moved = await self._moved(at)
        except BadInput as error:
            moved = at.stopped(error.text, now)
        if looking.is_no_news(at, moved):
            await self.runs.keep(moved)
            return
        after = Stand(moved, at.book)
        effects = [self.runs.put(moved), self.notices.keep(moved.id, card(after))]
        # Nobody looks at a run that goes on by itself: it has to call when it stops.
        rings = moved.state is RunState.STOPPED and isinstance(at.step, WaitUntil)
        if rings:
            effects.append(ringing(self.notices, after))
        await self.ledger.append(self._draft(at, moved), *effects)
        await self.notices.tell(moved.id)
        if rings:
            await self.notices.tell(topic_of(after))

    async def _moved(self, at: Stand) -> RunbookRun:
        step, now = at.step, self.clock.now()
        if step is None:
            raise LookupError(f"{at.run.id} runs behind its last step")
        if not filling.holds(step.when, at.said):
            text = f"left out: {step.when}"
            return at.passed(StepResult(step.id, StepState.SKIPPED, text, at.run.person, now))
        if isinstance(step, WaitUntil) and not step.run:
            return looking.timed(at, step, now)
        if isinstance(step, Run) and not reads(self.registry, step.run) and at.run.act:
            return await self._acted(at, at.run.act)
        lines = self._lines(at, step)
        if not lines:
            return at.waiting(now)
        replies = await self._type_all(at, lines)
        for reply in replies:
            if reply.reason in _STOPS:
                return at.stopped(f"{label(step)}: {reply.text}", self.clock.now())
        return self._came(at, replies)

    def _lines(self, at: Stand, step: Step) -> Sequence[str]:
        """Return what a step types now; nothing where it waits for a human."""
        match step:
            case Together():
                return [filling.command(one.run, at.values) for one in step.together]
            case ForEach():
                item = several.next_item(at, step)
                return [filling.command(step.run, {**at.values, several.ITEM: item})]
            case Run() if not reads(self.registry, step.run):
                return []
            case Run() | WaitUntil():
                return [filling.command(step.run, at.values)]
        return []

    def _came(self, at: Stand, replies: Sequence[Reply]) -> RunbookRun:
        step, now, (reply, *_) = at.step, self.clock.now(), replies
        match step:
            case Together():
                return several.asked(at, step, replies, now)
            case ForEach():
                return several.each(at, step, reply, now)
            case WaitUntil():
                return looking.looked(at, step, reply, now)
        return at.passed(several.result(step.id if step else "", reply, at.run.person, now))

    async def _type_all(self, at: Stand, lines: Sequence[str]) -> Sequence[Reply]:
        turn = asyncio.Semaphore(AT_ONCE)

        async def type_one(number: int, line: str) -> Reply:
            async with turn:
                return await self._type(at, line, f"{at.run.moves}.{number}")

        if isinstance(at.step, Run):
            return [await self._asked(at, at.step)]
        if len(lines) == 1:
            return [await self._type(at, lines[0], f"{at.run.moves}")]
        asking = (type_one(number, line) for number, line in enumerate(lines))
        # All have ended before one's failure is told: none types on behind the run's back.
        found = await asyncio.gather(*asking, return_exceptions=True)
        for one in found:
            if isinstance(one, BaseException):
                raise one
        return [one for one in found if not isinstance(one, BaseException)]

    async def _acted(self, at: Stand, act: Act) -> RunbookRun:
        """Do what somebody said go to; what is not known to be done is not gone on from."""
        run = at.run
        came = await (self.acting.look(act) if act.awaits else self.acting.act(run, act))
        now, text = self.clock.now(), came.text[:LONGEST]
        if came.state is StepState.WAITING:
            begun = replace(act, awaits=came.awaits)
            return replace(run, state=RunState.PENDING, act=begun, why=text, changed=now)
        if came.state is StepState.DONE:
            step = at.step.id if at.step else ""
            return at.passed(StepResult(step, StepState.DONE, text, act.by, now, came.figures))
        if came.state is StepState.UNKNOWN:
            return at.stopped(text, now)
        return replace(at.stopped(text, now), act=None)

    async def _asked(self, at: Stand, step: Run) -> Reply:
        """Type what only reads, and again where that is worth it."""
        line, pause = filling.command(step.run, at.values), float(step.backoff_seconds)
        for again in range(step.retries):
            reply = await self._type(at, line, f"{at.run.moves}.{again}")
            if reply.reason in _STOPS or several.is_well(reply):
                return reply
            await asyncio.sleep(min(pause, LONGEST_BACKOFF))
            pause *= 2
        return await self._type(at, line, f"{at.run.moves}")

    async def _type(self, at: Stand, line: str, move: str) -> Reply:
        """Type what only reads; after a crash its first answer is taken, or it is typed again."""
        run = at.run
        place, delivery = Place(PLATFORM, run.id), f"{run.id}:{move}"
        reply = await self.road.handle(Invocation(line, run.account, place, delivery))
        if reply.reason is Reason.DUPLICATE:
            again = f"{delivery}:{ids.fresh(self.clock.now())}"
            reply = await self.road.handle(Invocation(line, run.account, place, again))
        if reply.reason is Reason.AUDIT_UNAVAILABLE:
            raise AuditUnavailable(reply.text)
        return reply

    def _draft(self, at: Stand, moved: RunbookRun) -> Draft:
        step = at.step
        return Draft(
            kind=Kind.SYSTEM,
            verb="runbook step",
            correlation=at.run.correlation,
            person=at.run.person,
            params={
                "run": at.run.id,
                "step": step.id if step else "",
                "state": moved.state.value,
                **({"drill": "yes"} if moved.drill else {}),
            },
            text=moved.why,
        )


def reads(registry: Registry, template: str) -> bool:
    """Say whether a command of a runbook only reads, by its own declaration."""
    found = registry.find(filling.blank(template).split())
    return found is not None and found[0].risk is Risk.READ
