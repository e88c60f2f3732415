"""A drill: every step is done, and what would change something is only checked.

A change is typed as its dry run, as whoever runs the drill: every check is made, nothing is begun,
nobody is asked. What the real one would have answered, later commands are given as examples.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from bot import ids
from bot.errors import AuditUnavailable
from bot.model import Invocation, Place, Reason, StepState
from bot.runbooks import filling
from bot.runbooks.acting import PLATFORM, Came
from bot.runbooks.document import ForEach, Run, Step, Together, WaitUntil
from bot.runbooks.going import stand
from bot.runbooks.lint import sample

if TYPE_CHECKING:
    from bot.model.runs import Act, RunbookRun
    from bot.ports import Clock, Road
    from bot.runbooks.acting import Acting

DRILL: Final = "DRILL"
# Whoever drills could not have done it: that is what a drill is for, and it goes no further.
_NOT_THEIRS: Final = frozenset(
    {Reason.NOT_AUTHORISED, Reason.NOT_IDENTIFIED, Reason.UNKNOWN_COMMAND, Reason.PHI_BLOCKED}
)


@dataclass(frozen=True)
class Drilling:
    """Stands in for `real` in a run that is a drill, and is `real` in any other."""

    real: Acting
    road: Road
    clock: Clock

    async def act(self, run: RunbookRun, act: Act) -> Came:
        """Type it as a dry run, which changes nothing and may be typed again."""
        if not run.drill:
            return await self.real.act(run, act)
        line, place = f"{act.line} --dry-run", Place(PLATFORM, run.id)
        delivery = f"{act.delivery}:{ids.fresh(self.clock.now())}"
        reply = await self.road.handle(Invocation(line, run.account, place, delivery))
        if reply.reason is Reason.AUDIT_UNAVAILABLE:
            raise AuditUnavailable(reply.text)
        text = f"{DRILL}, nothing was changed. {reply.text}"
        if reply.reason in _NOT_THEIRS:
            return Came(StepState.FAILED, text, {"reason": reply.reason.value})
        return Came(StepState.DONE, text, {**_examples(run), "reason": reply.reason.value})

    async def look(self, act: Act) -> Came:
        """Ask how it stands; a drill begins nothing that could be looked at."""
        return await self.real.look(act)


def _examples(run: RunbookRun) -> dict[str, str]:
    """Return an example of each figure of the step that a command of the runbook names."""
    at = stand(run)
    here = ("steps", at.step.id if at.step else "")
    named = [path for step in at.book.steps for line in _lines(step) for path in filling.used(line)]
    return {path[2]: sample(path[2]) for path in named if path[:2] == here}


def _lines(step: Step) -> Iterator[str]:
    match step:
        case Run() | WaitUntil() | ForEach():
            yield step.run
        case Together():
            yield from (one.run for one in step.together)
