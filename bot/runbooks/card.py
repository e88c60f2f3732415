"""A run's one message: what is to be decided now on top, the whole list below."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TypeAlias

from bot.errors import BadInput
from bot.model import Button, Reply, StepState, Style, Visibility
from bot.model import Step as Line
from bot.model.runs import RunbookRun, RunState
from bot.moments import written
from bot.runbooks import filling
from bot.runbooks.document import Decision, ForEach, Manual, Notify, Run, Step, Together, WaitUntil
from bot.runbooks.going import Stand
from bot.runbooks.page import said
from bot.runbooks.several import ITEM

Filling: TypeAlias = Callable[[str, filling.Values], str]


def card(stand: Stand) -> Reply:
    """Return the message; it is edited in place wherever it is shown."""
    run, step = stand.run, stand.step
    is_open = step is not None and not run.is_over
    refs = {"run": run.id, "runbook": run.runbook, "state": run.state.value}
    if run.drill:
        refs["drill"] = "yes"
    return Reply(
        text=f"{called(run)}, {stand.book.title}: {_now(stand)}",
        title=f"{called(run)}: {stand.book.title}",
        fields=tuple(_fields(stand)),
        progress=tuple(_lines(stand)),
        buttons=tuple(_buttons(stand)),
        visibility=Visibility.PUBLIC,
        topic=run.id,
        refs=refs | ({"step": step.id} if is_open and step else {}),
    )


def called(run: RunbookRun) -> str:
    """Return what a run is called wherever it is shown; a drill never without saying so."""
    return f"DRILL {run.id}" if run.drill else run.id


def label(step: Step) -> str:
    """Return what people call a step."""
    return filling.blank(step.title) or step.id.replace("_", " ")


def line(stand: Stand, step: Step) -> str:
    """Return what a step asks for with its values; a place to fill in where there is none."""
    match step:
        case Manual():
            return _or_blank(filling.text, step.manual, stand)
        case Notify():
            told = _or_blank(filling.text, step.notify, stand)
            whom = ", ".join(step.people)
            if stand.run.drill:
                return f"DRILL, call nobody. You would call {whom}, and say: {told}"
            return f"Call {whom}, and say: {told}"
        case Decision():
            return _or_blank(filling.text, step.decision, stand)
        case Run():
            return _or_blank(filling.command, step.run, stand)
        case WaitUntil() | Together() | ForEach():
            return filling.blank(said(step))


def _or_blank(fill: Filling, template: str, stand: Stand) -> str:
    # A button types what is known, and nothing else.
    values = stand.values if fill is filling.command else stand.said
    try:
        return fill(template, values)
    except BadInput:
        return filling.blank(template)


def _now(stand: Stand) -> str:
    run, step = stand.run, stand.step
    if run.state is RunState.ENDED or step is None:
        return "it has ended."
    match run.state:
        case RunState.ABORTED:
            return f"it was aborted. {run.why}"
        case RunState.STOPPED:
            return f"it stands still at `{step.id}`. {run.why} {_way_on(stand, step)}"
        case RunState.PENDING:
            awaits = run.act.awaits if run.act else ""
            return f"{label(step)} waits for {awaits}, and goes on by itself then. {run.why}"
        case RunState.RUNNING:
            return f"now {label(step)}."
    return _waits(stand, step)


def _waits(stand: Stand, step: Step) -> str:
    run = stand.run
    if isinstance(step, WaitUntil):
        return _wait(stand, step)
    if isinstance(step, Decision):
        late = f" until {written(run.due)}" if run.due else ""
        return f"somebody has to decide{late}: {line(stand, step)}"
    if isinstance(step, Run):
        said = f" {run.why}." if run.why else ""
        return f"{run.person} has to say go to this, or settle it: {line(stand, step)}{said}"
    return f"somebody has to do this, and tick it: {line(stand, step)}"


def _way_on(stand: Stand, step: Step) -> str:
    run = stand.run
    if run.act is None:
        return f"`runbook resume {run.id}` goes on."
    return (
        f"It is not typed again unasked: look whether `{run.act.line}` happened, and say so with "
        f"`runbook settle {run.id} {step.id} done` or `not-done`; `runbook resume {run.id}` looks "
        "its answer up again."
    )


def _wait(stand: Stand, step: WaitUntil) -> str:
    run = stand.run
    if not step.run:
        return f"{label(step)} goes on by itself at {written(run.due)}." if run.due else ""
    last = run.results[-1]
    return (
        f"{label(step)} goes on once `{step.wait_until}`; looked {last.figures.get('looked')} "
        f"times, last at {written(run.changed)}: {last.text}"
    )


def _fields(stand: Stand) -> Iterator[tuple[str, str]]:
    run, step = stand.run, stand.step
    if run.state is RunState.WAITING and isinstance(step, Decision):
        for option in step.options:
            yield option.option, _or_blank(filling.text, option.consequence, stand)
        if step.roles:
            yield "Who may decide", ", ".join(step.roles)
        last = {result.step: result.text for result in run.results}
        for name in step.evidence:
            yield f"Evidence: {name}", last.get(name, "it was left out")
    yield "Typed as", run.person
    if run.offered:
        yield "Handed over to", f"{run.offered}, once they type `runbook take-over {run.id}`"
    for name, value in run.values.items():
        yield name, value
    yield "File", f"{run.runbook} {run.digest[:12]}"


def _lines(stand: Stand) -> Iterator[Line]:
    last = {result.step: result for result in stand.run.results}
    for number, step in enumerate(stand.book.steps):
        result = last.get(step.id)
        if number == stand.run.at and not stand.run.is_over:
            yield Line(label(step), _STATES[stand.run.state], stand.run.state.value)
        elif result is not None:
            yield Line(label(step), result.state, f"{result.text} ({result.by})")
        else:
            yield Line(label(step), StepState.WAITING)
        yield from _parts(stand, step)


def _parts(stand: Stand, step: Step) -> Iterator[Line]:
    """Yield what each of several commands of a step came to."""
    last = {result.step: result for result in stand.run.results}
    if isinstance(step, Together):
        for one in step.together:
            if one.id in last:
                came = last[one.id]
                yield Line(f"- {one.id.replace('_', ' ')}", came.state, came.text)
    if isinstance(step, ForEach):
        for came in last.values():
            if came.step.startswith(f"{step.id}["):
                yield Line(f"- {came.figures[ITEM]}", came.state, came.text)


_STATES: Mapping[RunState, StepState] = {
    RunState.RUNNING: StepState.RUNNING,
    RunState.WAITING: StepState.WAITING,
    RunState.PENDING: StepState.RUNNING,
    RunState.STOPPED: StepState.UNKNOWN,
}


def _buttons(stand: Stand) -> Iterator[Button]:
    run, step = stand.run, stand.step
    if run.state is RunState.STOPPED:
        is_unknown = run.act is not None and step is not None
        yield Button("Look again" if is_unknown else "Go on", f"runbook resume {run.id}")
        if is_unknown and step is not None:
            settle = f"runbook settle {run.id} {step.id}"
            yield Button("It was done", f"{settle} done", asks="reason")
            yield Button("It was not", f"{settle} not-done", asks="reason")
    if run.offered and not run.is_over:
        yield Button("Take over", f"runbook take-over {run.id}")
    if run.state is not RunState.WAITING or step is None:
        return
    if isinstance(step, Decision):
        for option in step.options:
            typed = f"runbook decide {run.id} {step.id} {option.option}"
            yield Button(option.option.replace("-", " ").capitalize(), typed, asks="reason")
        return
    if isinstance(step, WaitUntil):
        if step.run:
            yield Button("Look now", f"runbook resume {run.id}")
        return
    if isinstance(step, Run):
        go, typed = f"runbook go {run.id} {step.id}", line(stand, step)
        confirm = f"DRILL, this only checks: {typed}" if run.drill else f"This types: {typed}"
        yield Button("Do it", go, Style.PRIMARY, confirm=confirm)
        return
    yield Button("Tick", f"runbook tick {run.id} {step.id}", asks="note")
