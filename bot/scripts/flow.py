"""A run of a script that changes something: recorded before, begun once, told afterwards.

What was begun and has no end, because we were killed in between, is unknown: it is said, and never
begun again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import structlog

from bot.errors import AuditUnavailable, BadInput, Conflict, Refused, StoreFailed
from bot.model import Draft, Kind
from bot.model.scripts import ScriptState
from bot.scripts.card import REASONS, card
from bot.scripts.carrying import Came, End, carry
from bot.scripts.filling import filled
from bot.scripts.output import clean

if TYPE_CHECKING:
    from bot.model import Json
    from bot.model.scripts import Script, ScriptRun
    from bot.notices import TopicNotices
    from bot.ports import Clock, Ledger, Steps
    from bot.ports.scripts import Reacher
    from bot.scripts.passing import Passing
    from bot.scripts.shelf import Shelf
    from bot.stores.scripts import ScriptRuns

WORKFLOW: Final = "script"
VERB: Final = "script run"
KILLED: Final = "Wardroom was ended while it ran."
_STATES: Final = {
    End.TIMED_OUT: ScriptState.TIMED_OUT,
    End.STOPPED: ScriptState.STOPPED,
    End.NOT_STARTED: ScriptState.NOT_STARTED,
    End.LOST: ScriptState.UNKNOWN,
}
LOG = structlog.get_logger(__name__)


@dataclass(frozen=True, kw_only=True)
class ScriptFlow:
    """The workflow `script`, keyed by the run."""

    shelf: Shelf
    runs: ScriptRuns
    reacher: Reacher
    passing: Passing
    ledger: Ledger
    notices: TopicNotices
    clock: Clock
    look_seconds: float = 0.5
    """Seconds until it is looked again whether somebody wants its end."""
    patience: float = 5.0
    """Seconds until a database that did not answer is asked again."""

    async def __call__(self, steps: Steps, key: str) -> None:
        """Carry one run out."""

        async def once() -> Mapping[str, Json]:
            return {"state": (await self._carry(key)).value}

        await steps.run("run", once)

    async def _carry(self, run_id: str) -> ScriptState:
        run = await self._show(run_id)
        if run.is_over:
            return run.state
        if run.state is ScriptState.RUNNING:
            return await self._end(replace(run, state=ScriptState.UNKNOWN, text=KILLED))
        try:
            script = await self._still(run)
        except Refused as refused:
            text = refused.text
            return await self._end(replace(run, state=ScriptState.NOT_STARTED, text=text))
        if run.stop_by:
            return await self._end(replace(run, state=ScriptState.STOPPED))
        try:
            run = await self._begin(run)
        except Conflict:
            return (await self._show(run_id)).state
        came = await carry(self.reacher, script, filled(script, run.given), self._stopped(run_id))
        return await self._end(_ended(await self._show(run_id), came, script))

    async def _still(self, run: ScriptRun) -> Script:
        """Return the script, if it is what was approved and nothing stands in its way now."""
        script = self.shelf.get(run.script)
        if script.digest != run.digest:
            raise BadInput("its entry has changed since it was asked for. Ask again.")
        await self.passing(run.service, run.environment, run.person, run.reason)
        return script

    async def _begin(self, run: ScriptRun) -> ScriptRun:
        while True:
            now = self.clock.now()
            begun = self.runs.begin(run.id, now)
            told = card(replace(run, state=ScriptState.RUNNING, begun=now))
            draft, keep = self._draft(run, Kind.EFFECT), self.notices.keep(run.id, told)
            try:
                await self.ledger.append(draft, begun, keep)
            except (AuditUnavailable, StoreFailed) as error:
                await self._wait(error)
                continue
            await self.notices.tell(run.id)
            return replace(run, state=ScriptState.RUNNING, begun=now)

    async def _end(self, run: ScriptRun) -> ScriptState:
        """Record and tell how it ended; a log that cannot be written is waited for."""
        ended = replace(run, ended=self.clock.now())
        draft = replace(
            self._draft(run, Kind.EFFECT_OUTCOME), reason=REASONS[run.state], text=run.text
        )
        while True:
            try:
                keep = self.notices.keep(run.id, card(ended))
                await self.ledger.append(draft, self.runs.end(ended), keep)
            except (AuditUnavailable, StoreFailed) as error:
                await self._wait(error)
                continue
            except Conflict:
                return (await self._show(run.id)).state
            await self.notices.tell(run.id)
            return run.state

    def _stopped(self, run_id: str) -> Stopped:
        return Stopped(self.runs, run_id, self.look_seconds)

    async def _show(self, run_id: str) -> ScriptRun:
        while True:
            try:
                run = await self.runs.show(run_id)
            except StoreFailed as error:
                await self._wait(error)
                continue
            if run is None:
                raise LookupError(f"{run_id} was asked for and is not in the store")
            return run

    async def _wait(self, error: Exception) -> None:
        LOG.error("a script waits for the database", why=str(error))
        await asyncio.sleep(self.patience)

    def _draft(self, run: ScriptRun, kind: Kind) -> Draft:
        params = {"script": run.script, "run": run.id, "host": run.host, "state": run.state.value}
        if run.exit_code is not None:
            params["exit_code"] = str(run.exit_code)
        return Draft(
            kind=kind,
            verb=VERB,
            correlation=run.correlation,
            person=run.person,
            service=run.service,
            environment=run.environment,
            request=run.request,
            params=params,
        )


@dataclass(frozen=True)
class Stopped:
    """Returns when somebody has asked for the end of a run, in whichever replica."""

    runs: ScriptRuns
    run_id: str
    look_seconds: float

    async def __call__(self) -> None:
        """Look until then."""
        while True:
            await asyncio.sleep(self.look_seconds)
            try:
                run = await self.runs.show(self.run_id)
            except StoreFailed:
                continue  # the script runs on, and so does its time
            if run is None or run.stop_by:
                return


def _ended(run: ScriptRun, came: Came, script: Script) -> ScriptRun:
    state, text = _STATES.get(came.end), came.text
    if state is None:
        state = ScriptState.FAILED if came.code else ScriptState.SUCCEEDED
        text = f"it ended with {exit_words(came.code)}." if came.code else ""
    return replace(
        run,
        state=state,
        text=clean(text, script.secrets),
        exit_code=came.code,
        output=came.kept.text,
        is_cut=came.kept.is_cut,
    )


def exit_words(code: int | None) -> str:
    """Return what an exit code says; a negative one is the signal that ended it."""
    return f"signal {-code}" if code is not None and code < 0 else f"exit code {code}"
