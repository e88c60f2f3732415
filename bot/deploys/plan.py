"""What a deploy consists of, as people see it: one line of progress for each thing that happens."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.model import Batch, BatchState, DeployState, Step, StepState

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.model import Deploy

BEFORE = "Look at what runs now"
START = "Start the deploy job"
JOB = "Deploy job"
SMOKE = "Smoke probe"
HOLD = "Hold, then probe again"
BACK = "Roll back"
VALIDATE = "Clinical validation"
CLOSE = "Close"


def batches_of(deploy: Deploy) -> Sequence[Batch]:
    """Return a deploy's batches; one without any goes everywhere at once."""
    return deploy.batches or (Batch(),)


def is_touched(batch: Batch) -> bool:
    """Say whether a batch may run another version than before: it was started, and stays so."""
    return batch.state not in (BatchState.WAITING, BatchState.ROLLED_BACK)


def has_changed(deploy: Deploy) -> bool:
    """Say whether a deploy has left another version behind, as far as is known."""
    if deploy.batches:
        return any(is_touched(batch) for batch in deploy.batches)
    return deploy.state not in (DeployState.STOPPED, DeployState.SCHEDULED)


def said(sites: Sequence[str], label: str) -> str:
    """Return how a line of progress is called, with the sites that it is about."""
    return f"{', '.join(sites)}: {label.lower()}" if sites else label


def first_steps(batches: Sequence[Batch], further: Sequence[str] = ()) -> tuple[Step, ...]:
    """Return the steps of a deploy that has not begun; `further` come before it is closed."""
    labels = [BEFORE]
    for number, batch in enumerate(batches, 1):
        labels += [said(batch.sites, label) for label in (START, JOB, SMOKE)]
        if number < len(batches):
            labels.append(said(batch.sites, HOLD))
    return tuple(Step(label, StepState.WAITING) for label in [*labels, *further, CLOSE])


def advanced(steps: Sequence[Step], label: str, state: StepState, detail: str) -> tuple[Step, ...]:
    """Return the steps with one of them elsewhere; a new one comes before the last."""
    now = Step(label, state, detail)
    if any(step.label == label for step in steps):
        return tuple(now if step.label == label else step for step in steps)
    return (*steps[:-1], now, *steps[-1:])


def at_sites(deploy: Deploy) -> str:
    """Return which site runs what, for a deploy that went site by site; "" for any other."""
    return " ".join(_at(deploy, batch) for batch in deploy.batches if batch.sites)


def _at(deploy: Deploy, batch: Batch) -> str:
    sites = " and ".join(batch.sites)
    before = ", ".join(dict.fromkeys(version for _, version in batch.before)) or "what ran before"
    match batch.state:
        case BatchState.WAITING:
            return f"{sites} was not touched and runs {before}."
        case BatchState.DONE:
            return f"{sites} runs {deploy.version}."
        case BatchState.ROLLED_BACK:
            return f"{sites} was rolled back and runs {before} again."
        case BatchState.FAILED:
            return f"{sites} was to get {deploy.version} and did not come out well: look there."
    return f"What {sites} runs is not known."
