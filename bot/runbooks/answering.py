"""What people say to a run beside its questions: go, what became of it, not now, somebody else.

Implements `bot.api.RunbookActs`. What a run types it types with the rights of whoever runs it, so
only they say go; whoever else wants to takes the run over first.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from bot.errors import BadInput, NotAuthorised, Refused
from bot.model import Reason, StepState
from bot.model.runs import Act, RunState, StepResult
from bot.runbooks import filling
from bot.runbooks.card import card
from bot.runbooks.document import Run
from bot.runbooks.flow import reads

if TYPE_CHECKING:
    from bot.api import Caller, Done
    from bot.model import Principal
    from bot.ports import Clock
    from bot.registry import Registry
    from bot.runbooks.running import RunDesk

DONE, NOT_DONE, LEFT_OUT = "done", "not-done", "left-out"
_AS: Final[Mapping[str, StepState]] = {DONE: StepState.DONE, LEFT_OUT: StepState.FAILED}


@dataclass(frozen=True)
class ActDesk:
    """Moves runs on by what a human says; `target` says what a command acts on."""

    desk: RunDesk
    registry: Registry
    target: Callable[[str], str]
    holds: Callable[[Principal, str], bool]
    clock: Clock

    async def go(self, caller: Caller, run_id: str, step_id: str) -> Done:
        """Have a run do what it has offered: once, and where no other run acts there."""
        at = await self.desk.waiting(run_id, step_id)
        step, run, who = at.step, at.run, caller.principal
        if not isinstance(step, Run):
            raise BadInput(f"`{step_id}` is no command: `runbook tick {run_id} {step_id}`")
        if run.person != who.id:
            raise NotAuthorised(
                f"{run_id} types as {run.person}, with their rights: "
                f"`runbook take-over {run_id}` first, then it types as you."
            )
        if step.roles and not any(self.holds(who, role) for role in step.roles):
            raise NotAuthorised(f"Go to `{step_id}` is said by a {' or a '.join(step.roles)}.")
        line, now = filling.command(step.run, at.values), self.clock.now()
        act = Act(
            line=line,
            # The move makes it another one when the run comes to this step again.
            delivery=f"{run.id}:{step.id}:{run.moves}",
            # A drill changes nothing there, and keeps nobody from it.
            target=f"the drill {run.id}" if run.drill else self.target(line),
            by=who.id,
            since=now,
        )
        return self.desk.on(at, replace(run, state=RunState.RUNNING, act=act, why="", changed=now))

    async def settle(
        self, caller: Caller, run_id: str, step_id: str, outcome: str, reason: str
    ) -> Done:
        """Say what became of a command that the run does not know the end of, or did not do."""
        at = await self.desk.opened(run_id)
        step, run, who = at.step, at.run, caller.principal.id
        if (
            not isinstance(step, Run)
            or step.id != step_id.lower()
            or reads(self.registry, step.run)
        ):
            here = f"it is at `{step.id}`" if step else "it is at its end"
            raise Refused(Reason.SUPERSEDED, f"{run_id} did nothing at `{step_id}`; {here}.")
        if run.state not in (RunState.STOPPED, RunState.WAITING):
            raise Refused(Reason.BAD_INPUT, f"{run_id} does not stand still: {card(at).text}")
        now, text = self.clock.now(), f"{outcome}: {reason}"
        if outcome == NOT_DONE:
            return self.desk.on(at, replace(at.waiting(now), act=None, why=f"{who}: {text}"))
        figures = {"settled": outcome, "note": reason}
        return self.desk.on(
            at, at.passed(StepResult(step.id, _AS[outcome], text, who, now, figures))
        )

    async def pause(self, caller: Caller, run_id: str, reason: str) -> Done:
        """Have a run stand still until somebody resumes it; no decision is late meanwhile."""
        at = await self.desk.opened(run_id)
        run = at.run
        if run.state is RunState.STOPPED:
            raise Refused(Reason.DUPLICATE, f"{run_id} stands still: {run.why}")
        if run.act is not None:
            raise Refused(
                Reason.BAD_INPUT,
                f"{run_id} does `{run.act.line}`: pause it once that has come to something, or "
                f"hand it over: `runbook hand-over {run_id} to PERSON`.",
            )
        why = f"Paused by {caller.principal.id}: {reason}"
        return self.desk.on(at, at.stopped(why, self.clock.now()))

    async def hand_over(self, caller: Caller, run_id: str, to: Principal) -> Done:
        """Ask a colleague to take a run over; until they do, it types as before."""
        at = await self.desk.opened(run_id)
        run = at.run
        if run.person == to.id:
            raise Refused(Reason.DUPLICATE, f"{run_id} types as {to.id} already.")
        del caller  # the record says who
        return self.desk.on(at, replace(run, offered=to.id, changed=self.clock.now()), begins=False)
