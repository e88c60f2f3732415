"""What people do with runs; implements `bot.api.RunbookRuns`.

Whatever lets a run go on, a tick or a decision, writes the run, its record and the order to go on
in one transaction. Nobody waits anywhere for a human: a run that waits is a row.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from bot import documents
from bot.api import Done
from bot.errors import BadInput, NotAuthorised, Refused
from bot.model import Principal, Reason, Reply, StepState, Table
from bot.model.runs import RunbookRun, RunState, StepResult
from bot.moments import written
from bot.ports.work import Life
from bot.runbooks.card import called, card, label
from bot.runbooks.document import Decision, Run, Runbook, WaitUntil
from bot.runbooks.flow import WORKFLOW
from bot.runbooks.given import values as given_values
from bot.runbooks.going import Stand, leg, stand
from bot.runbooks.record import record

if TYPE_CHECKING:
    from bot.api import Caller
    from bot.notices import TopicNotices
    from bot.ports import Catalogue, Clock, Engine, Transaction
    from bot.runbooks.desk import RunbookDesk
    from bot.runbooks.shelf import Volume
    from bot.stores.runs import RunStore

RESPONDER: Final = "responder"  # who may run runbooks
COLUMNS: Final = ("Run", "Runbook", "State", "At", "Typed as", "Since")


@dataclass(frozen=True)
class RunDesk:
    """Begins runs and moves them on; `holds` says whether somebody has a role."""

    books: RunbookDesk
    runs: RunStore
    engine: Engine
    notices: TopicNotices
    catalogue: Catalogue
    clock: Clock
    holds: Callable[[Principal, str], bool]

    async def run(self, caller: Caller, name: str, given: str, *, drill: bool = False) -> Done:
        """Begin a runbook; it keeps the file as it is now. A `drill` changes nothing."""
        volume, book, values = self.ready(name, given)
        now = self.clock.now()
        new = RunbookRun(
            id="",
            runbook=volume.name,
            digest=volume.digest,
            text=volume.text,
            values=values,
            person=caller.principal.id,
            account=caller.account,
            place=caller.place,
            correlation=caller.correlation,
            begun=now,
            changed=now,
            drill=drill,
        )
        return self._done(self.runs.open(new), book, self.books.stale(book))

    def ready(self, name: str, given: str) -> tuple[Volume, Runbook, dict[str, str]]:
        """Return a runbook with its parameters; `BadInput` where it could not begin like that."""
        volume = self.books.volume(name)
        problems = self.books.lint(volume)
        if volume.book is None or problems:
            said = f"Runbook {volume.name} cannot be used: {problems[0]}."
            raise BadInput(f"{said} `runbook show {volume.name}` lists everything.")
        return volume, volume.book, given_values(volume.book, given, self.catalogue)

    async def tick(self, caller: Caller, run_id: str, step_id: str, note: str) -> Done:
        """Say that a step was done; the run goes on."""
        at = await self.waiting(run_id, step_id)
        if isinstance(at.step, WaitUntil):
            raise Refused(Reason.BAD_INPUT, f"{run_id} goes on by itself: {card(at).text}")
        if at.step is None or isinstance(at.step, Decision):
            typed = f"runbook decide {run_id} {step_id} OPTION --reason ..."
            raise BadInput(f"`{step_id}` is a decision: `{typed}`")
        if isinstance(at.step, Run):
            raise BadInput(
                f"`{step_id}` is a command: `runbook go {run_id} {step_id}` types it; where it was "
                f"done by hand, `runbook settle {run_id} {step_id} done --reason ...` says so."
            )
        who, now = caller.principal.id, self.clock.now()
        result = StepResult(step_id, StepState.DONE, note, who, now, {"note": note})
        return self.on(at, at.passed(result))

    async def decide(
        self, caller: Caller, run_id: str, step_id: str, option: str, reason: str
    ) -> Done:
        """Choose an option of the decision where a run waits; the run goes on from there."""
        at = await self.waiting(run_id, step_id)
        step = at.step
        if not isinstance(step, Decision):
            raise BadInput(f"`{step_id}` is no decision: `runbook tick {run_id} {step_id}`")
        # A file may name somebody who runs none, such as a clinical administrator.
        roles = step.roles or (RESPONDER,)
        if not any(self.holds(caller.principal, role) for role in roles):
            raise NotAuthorised(f"`{step_id}` is decided by a {' or a '.join(roles)}.")
        chosen = next((one for one in step.options if one.option == option.lower()), None)
        if chosen is None:
            known = [one.option for one in step.options]
            raise BadInput(f"`{option}` is no option{documents.nearest(option, known)}.")
        who, now = caller.principal.id, self.clock.now()
        figures = {"option": chosen.option}
        text = f"{chosen.option}: {reason}"
        result = StepResult(step_id, StepState.DONE, text, who, now, figures)
        return self.on(at, at.passed(result, chosen.goto))

    async def resume(self, caller: Caller, run_id: str) -> Done:
        """Have a run that stands still go on at its step.

        The step is done again, but what changes something is only looked up or offered.
        """
        del caller  # the record says who
        at = await self.opened(run_id)
        state = at.run.state
        # A run whose workflow is no more can be had to go on too: nothing else would.
        is_left = state is RunState.RUNNING and (
            await self.engine.life(WORKFLOW, leg(at.run)) is Life.OVER
        )
        # Who does not want to wait for the next look has one now.
        step = at.step
        looks = state is RunState.WAITING and isinstance(step, WaitUntil) and bool(step.run)
        if state is not RunState.STOPPED and not is_left and not looks:
            raise Refused(Reason.BAD_INPUT, f"{run_id} does not stand still: {card(at).text}")
        results = at.run.results if looks or is_left else at.settled
        moved = replace(
            at.run,
            state=RunState.RUNNING,
            due=None,
            why="",
            changed=self.clock.now(),
            results=results,
        )
        return self.on(at, moved)

    async def abort(self, caller: Caller, run_id: str, reason: str) -> Done:
        """End a run where it stands."""
        at, now = await self.opened(run_id), self.clock.now()
        why = f"{caller.principal.id}: {reason}"
        return self.on(at, at.aborted(why, caller.principal.id, now))

    async def take_over(self, caller: Caller, run_id: str) -> Done:
        """Have a run type as the caller from now on, with the caller's rights."""
        at, now = await self.opened(run_id), self.clock.now()
        if at.run.person == caller.principal.id:
            raise Refused(Reason.DUPLICATE, f"{run_id} types as you already.")
        if at.run.state is RunState.RUNNING:
            raise Refused(Reason.BAD_INPUT, f"{run_id} is typing; take it over when it waits.")
        mine = replace(at.run, person=caller.principal.id, account=caller.account, changed=now)
        moved = replace(mine, offered="")
        return self.on(at, moved)

    async def status(self, run_id: str) -> Reply:
        """Return one run with everything that it came to; without an id those that are open."""
        if not run_id:
            return await self.history(open_only=True)
        return replace(card(await self._stand(run_id)), topic="", visibility=None)

    async def record(self, run_id: str) -> Reply:
        """Return one plain page of what a run has done, and what it did not come to."""
        at = await self._stand(run_id)
        return Reply(f"What {called(at.run)} has done, on one page.", code=record(at))

    async def history(self, name: str = "", *, open_only: bool = False) -> Reply:
        """Return runs, the newest first; with a name those of one runbook, though it be no more."""
        found = await self.runs.list(open_only=open_only, runbook=name.lower())
        kind = "open runs" if open_only else "runs"
        if not found:
            if name:
                self.books.volume(name)  # a typo in the name is told
            return Reply(f"There are no {kind} of {name.lower() or 'a runbook'}.")
        rows = tuple(_row(run) for run in found)
        return Reply(f"{len(rows)} {kind}.", title="Runs", table=Table(COLUMNS, rows))

    def _done(
        self,
        effect: Callable[[Transaction], RunbookRun],
        book: Runbook,
        note: str = "",
        *,
        begins: bool = True,
    ) -> Done:
        def change(tx: Transaction) -> RunbookRun:
            run = effect(tx)
            if begins and run.state is RunState.RUNNING:
                self.engine.start(WORKFLOW, leg(run))(tx)
            self.notices.keep(run.id, card(Stand(run, book)))(tx)
            return run

        def say(results: tuple[object, ...]) -> Reply:
            (run,) = results
            if not isinstance(run, RunbookRun):
                raise TypeError("a move of a run returns the run")
            made = card(Stand(run, book))
            return replace(made, text=f"{note}{made.text}")

        async def tell(reply: Reply, _results: tuple[object, ...]) -> Reply:
            await self.notices.tell(reply.topic)
            return reply

        return Done((change,), say, tell)

    def on(self, at: Stand, moved: RunbookRun, *, begins: bool = True) -> Done:
        """Keep a run as it was moved; where it goes on, a new leg of it `begins`."""
        begins = begins and moved.state is RunState.RUNNING
        if begins:
            moved = replace(moved, leg=at.run.moves + 1)
        return self._done(self.runs.put(moved), at.book, begins=begins)

    async def _stand(self, run_id: str) -> Stand:
        run = await self.runs.show(run_id)
        if run is None:
            raise BadInput(f"There is no run {run_id}.", reason=Reason.NOT_FOUND)
        return stand(run)

    async def opened(self, run_id: str) -> Stand:
        """Return a run that is not over, with its file."""
        at = await self._stand(run_id)
        if at.run.is_over:
            raise Refused(Reason.DUPLICATE, f"{run_id} is over: {card(at).text}")
        return at

    async def waiting(self, run_id: str, step_id: str) -> Stand:
        """Return a run that waits for a human at a step; a button that is late is refused."""
        at = await self.opened(run_id)
        if at.run.state is not RunState.WAITING:
            raise Refused(Reason.BAD_INPUT, f"{run_id} waits for nobody now: {card(at).text}")
        if at.step is None or at.step.id != step_id.lower():
            here = f"{label(at.step)} (`{at.step.id}`)" if at.step else "its end"
            raise Refused(Reason.SUPERSEDED, f"{run_id} is not at `{step_id}`; it waits at {here}.")
        return at


def _row(run: RunbookRun) -> tuple[str, ...]:
    at = str(run.at + 1) if not run.is_over else ""
    return (called(run), run.runbook, run.state.value, at, run.person, written(run.begun))
