"""What people read about a run of a script."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bot.model import Button, Reason, Reply, Style
from bot.model.scripts import ScriptState
from bot.moments import written
from bot.scripts.output import tail

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.model.scripts import ScriptRun

REASONS: Final = {
    ScriptState.ASKED: Reason.OK,
    ScriptState.RUNNING: Reason.OK,
    ScriptState.SUCCEEDED: Reason.OK,
    ScriptState.FAILED: Reason.FAILED,
    ScriptState.TIMED_OUT: Reason.FAILED,
    ScriptState.STOPPED: Reason.CANCELLED,
    ScriptState.NOT_STARTED: Reason.FAILED,
    ScriptState.UNKNOWN: Reason.UNKNOWN_OUTCOME,
}


def card(run: ScriptRun) -> Reply:
    """Return the message of a run, the same in every place."""
    open_ = () if run.is_over else (_stop(run),)
    return Reply(
        text=said(run),
        title=f"{run.id}: {run.script}",
        fields=tuple(_fields(run)),
        code=tail(run.output),
        buttons=open_,
        topic=run.id,
        refs={"script_run": run.id, "state": run.state.value, **_code(run)},
    )


def said(run: ScriptRun) -> str:
    """Return how a run stands as one sentence."""
    ending = f" {run.stop_by} has asked for its end." if run.stop_by else ""
    ways = {
        ScriptState.ASKED: " is about to be started.",
        ScriptState.RUNNING: f" is running.{ending}",
        ScriptState.SUCCEEDED: " ended well.",
        ScriptState.FAILED: f" failed: {run.text}",
        ScriptState.TIMED_OUT: f" took too long and was ended. {run.text} Look what it did.",
        ScriptState.STOPPED: f" was stopped by {run.stop_by}: {run.stop_why}",
        ScriptState.NOT_STARTED: f" was not started: {run.text}",
        ScriptState.UNKNOWN: (
            f": what became of it is not known. {run.text} It is not run again by itself: look "
            "there first."
        ),
    }
    return f"{run.id} ({run.script} on {run.host}){ways[run.state]}"


def _fields(run: ScriptRun) -> Iterator[tuple[str, str]]:
    yield "Runs", run.shown
    yield "Service", f"{run.service} in {run.environment}"
    yield "Asked by", f"{run.person} at {written(run.asked)}"
    yield "Why", run.reason
    if run.begun:
        yield "Begun", written(run.begun)
    if run.ended:
        yield "Ended", written(run.ended)
    if run.exit_code is not None:
        yield "Exit code", str(run.exit_code)
    if run.is_cut:
        yield "Output", "only its end is kept"


def _code(run: ScriptRun) -> dict[str, str]:
    return {} if run.exit_code is None else {"exit_code": str(run.exit_code)}


def _stop(run: ScriptRun) -> Button:
    return Button("Stop", f"script stop {run.id}", Style.DANGER, asks="reason")
