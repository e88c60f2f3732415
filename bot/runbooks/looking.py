"""What a wait comes to at each look: it is over, looked at again later, or too late.

Between two looks a run is a row with the time of its next one. The looks that it has had are kept
in one result of its step, RUNNING until the wait is over; looks that find the same are counted
there and nowhere else.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from bot.model import Reason, StepState
from bot.model.runs import RunbookRun, RunState, StepResult
from bot.runbooks import filling
from bot.runbooks.document import WaitUntil
from bot.runbooks.going import LONGEST, Stand

if TYPE_CHECKING:
    from bot.model import Reply

LOOKED: Final = "looked"
_OWN: Final = len(("steps", "id", "figure"))


def timed(at: Stand, step: WaitUntil, now: datetime) -> RunbookRun:
    """Return a run whose step waits for nothing but time."""
    begun = _begun(at, now)
    minutes = step.for_minutes or 0
    due = begun + timedelta(minutes=minutes)
    if at.run.drill:
        text = f"DRILL, {minutes} minutes were not waited"
        return at.passed(StepResult(step.id, StepState.DONE, text, at.run.person, now))
    if now >= due:
        text = f"waited {minutes} minutes"
        return at.passed(StepResult(step.id, StepState.DONE, text, at.run.person, now))
    text = f"waits {minutes} minutes"
    result = StepResult(step.id, StepState.RUNNING, text, at.run.person, begun)
    return _later(at, result, due, now)


def looked(at: Stand, step: WaitUntil, reply: Reply, now: datetime) -> RunbookRun:
    """Return a run after one look; the answer decides, and no answer is no reason to go on."""
    begun, times = _begun(at, now), looks(at.run, step) + 1
    figures = {**reply.refs, "reason": reply.reason.value, LOOKED: str(times)}
    # Which figures there are is what is known of them: what a look did not find out is unknown.
    state = StepState.DONE if reply.reason is Reason.OK else StepState.FAILED
    result = StepResult(step.id, state, reply.text[:LONGEST], at.run.person, now, figures)
    if _holds(at, step, result):
        return at.passed(replace(result, state=StepState.DONE))
    if at.run.drill:
        text = f"DRILL, not waited for {step.wait_until}. {result.text}"[:LONGEST]
        return at.passed(replace(result, text=text))
    until = begun + timedelta(minutes=step.within_minutes or 0)
    if now >= until:
        why = f"`{step.wait_until}` did not come true within {step.within_minutes} minutes."
        late = replace(result, state=StepState.FAILED)
        return replace(at.stopped(why, now), results=(*at.settled, late))
    due = min(now + timedelta(seconds=step.every_seconds), until)
    return _later(at, replace(result, state=StepState.RUNNING, at=begun), due, now)


def looks(run: RunbookRun, step: WaitUntil) -> int:
    """Return how many looks a wait has had that goes on."""
    last = run.results[-1] if run.results else None
    if last is None or last.step != step.id or last.state is not StepState.RUNNING:
        return 0
    return int(last.figures.get(LOOKED, "0"))


def is_no_news(before: Stand, after: RunbookRun) -> bool:
    """Say whether a look found what the one before it had found."""
    step, run = before.step, before.run
    if not isinstance(step, WaitUntil) or after.state is not RunState.WAITING:
        return False
    if not looks(run, step):
        return False
    told = ("reason", *(path[2] for path in _own(step)))
    was, now = run.results[-1].figures, after.results[-1].figures
    return all(was.get(name) == now.get(name) for name in told)


def _holds(at: Stand, step: WaitUntil, result: StepResult) -> bool:
    if any(path[2] not in result.figures for path in _own(step)):
        return False
    seen = replace(at.run, results=(*at.settled, result))
    return filling.holds(step.wait_until, Stand(seen, at.book).said)


def _own(step: WaitUntil) -> list[filling.Path]:
    found = filling.asked(step.wait_until)
    return [path for path in found if len(path) == _OWN and path[1] == step.id]


def _begun(at: Stand, now: datetime) -> datetime:
    pending = at.run.results[len(at.settled) :]
    return pending[0].at if pending else now


def _later(at: Stand, result: StepResult, due: datetime, now: datetime) -> RunbookRun:
    results = (*at.settled, result)
    return replace(at.run, state=RunState.WAITING, due=due, changed=now, results=results)
