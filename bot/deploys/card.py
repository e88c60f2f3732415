"""What a deploy looks like: one message, edited in place, from the trigger to its end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.deploys.plan import has_changed
from bot.deploys.validation_notices import answers
from bot.model import BatchState, Button, DeployState, Reason, Reply, Style, Visibility, Wish
from bot.moments import at_time

if TYPE_CHECKING:
    from bot.model import Deploy

REASONS = {
    DeployState.SCHEDULED: Reason.OK,
    DeployState.STARTED: Reason.OK,
    DeployState.VALIDATING: Reason.OK,
    DeployState.NOT_VALIDATED: Reason.EXPIRED,
    DeployState.SUCCEEDED: Reason.OK,
    DeployState.FAILED: Reason.FAILED,
    DeployState.STOPPED: Reason.CANCELLED,
    DeployState.UNKNOWN: Reason.UNKNOWN_OUTCOME,
}


def card(deploy: Deploy, ticket: str = "") -> Reply:
    """Return a deploy's message as it stands; `ticket` says where its change's ticket is."""
    verb = "Roll back" if deploy.rollback_of else "Deploy"
    title = f"{verb} {deploy.service} {deploy.version} to {deploy.environment}"
    fields = [
        ("Deploy", deploy.id),
        ("BREAK-GLASS", _broken(deploy)),
        ("Request", deploy.request),
        ("Change", deploy.change),
        ("Ticket", ticket),
        ("Asked by", deploy.requester),
        ("Reason", deploy.reason),
        ("Commit", deploy.commit[:12]),
        ("Replaces", deploy.replaced),
        ("Rolls back", deploy.rollback_of),
        ("Under the lock", deploy.under_lock),
    ]
    return Reply(
        text=f"{deploy.id}: {_sentence(deploy)}",
        reason=deploy.stop or REASONS[deploy.state],
        title=title,
        fields=tuple((name, value) for name, value in fields if value),
        progress=deploy.steps,
        buttons=_buttons(deploy),
        visibility=Visibility.PUBLIC,
        topic=topic(deploy),
        request=deploy.request or None,
        refs=refs(deploy),
    )


def topic(deploy: Deploy) -> str:
    """Return the message a deploy is shown on: its request's, when it had one."""
    return deploy.request or deploy.id


def refs(deploy: Deploy) -> dict[str, str]:
    """Return the ids that belong to a deploy."""
    found = {"deploy": deploy.id, "change": deploy.change, "build": deploy.build}
    found |= {"grant": deploy.glass, "incident": deploy.incident}
    return {name: value for name, value in found.items() if value}


def _broken(deploy: Deploy) -> str:
    """Return what is different under a break-glass, "" for a deploy like any other."""
    if not deploy.glass:
        return ""
    return f"{deploy.glass}, for {deploy.incident}: no approval was waited for"


SENTENCES = {
    DeployState.SUCCEEDED: "{what} is done. {outcome}",
    DeployState.FAILED: "{what} failed. {outcome}",
    DeployState.STOPPED: "{what} was stopped. {outcome}",
    DeployState.VALIDATING: "{what} is deployed. {outcome}",
    DeployState.NOT_VALIDATED: "{what} is deployed and NOT VALIDATED. {outcome}",
    DeployState.UNKNOWN: "whether {what} happened is not known. {outcome}",
}


def _sentence(deploy: Deploy) -> str:
    what = f"{deploy.service} {deploy.version} to {deploy.environment}"
    if deploy.state is DeployState.SCHEDULED:
        return f"{what} is scheduled to start {at_time(deploy.planned)}."
    if deploy.state is DeployState.STARTED:
        return f"deploying {what}.{_wished(deploy)}"
    return SENTENCES[deploy.state].format(what=what, outcome=deploy.outcome)


def _wished(deploy: Deploy) -> str:
    why = f": {deploy.wish_why}" if deploy.wish_why else ""
    if deploy.wish is Wish.PAUSE:
        return f" Paused by {deploy.wish_by}{why}. Nothing further is started."
    if deploy.wish is Wish.ABORT:
        return f" {deploy.wish_by} aborts it{why}. A job that runs is watched to its end."
    return ""


def _buttons(deploy: Deploy) -> tuple[Button, ...]:
    if deploy.state in (DeployState.SCHEDULED, DeployState.STARTED):
        return _steering(deploy)
    if deploy.state is DeployState.STOPPED and has_changed(deploy) and not deploy.rollback_of:
        return (_back(deploy, f"{deploy.id} was stopped"),)
    if deploy.state is DeployState.FAILED and deploy.build and not deploy.rollback_of:
        return (_back(deploy, f"{deploy.id} failed"),)
    if deploy.state in (DeployState.VALIDATING, DeployState.NOT_VALIDATED):
        back = () if deploy.rollback_of else (_back(deploy, f"{deploy.id} is not validated"),)
        return (*answers(deploy), *back)
    if deploy.state is DeployState.UNKNOWN:
        return (
            Button("It happened", f"deploy settle {deploy.id} succeeded", asks="reason"),
            Button("It did not", f"deploy settle {deploy.id} failed", asks="reason"),
        )
    return ()


def _steering(deploy: Deploy) -> tuple[Button, ...]:
    """Return what may be asked of a deploy that has not ended; one job alone offers nothing."""
    abort = Button("Abort", f"deploy abort {deploy.id}", Style.DANGER, asks="reason")
    if deploy.state is DeployState.SCHEDULED:
        return (abort,)
    if deploy.wish is Wish.ABORT or len(deploy.batches) <= 1:
        return ()
    if deploy.wish is Wish.PAUSE:
        return Button("Resume", f"deploy resume {deploy.id}"), abort
    if any(batch.state is BatchState.WAITING for batch in deploy.batches):
        return Button("Pause", f"deploy pause {deploy.id}"), abort
    return (abort,)


def _back(deploy: Deploy, reason: str) -> Button:
    command = f'rollback {deploy.service} {deploy.environment} --reason "{reason}"'
    question = f"Roll {deploy.service} in {deploy.environment} back to the last good version?"
    return Button("Roll back", command, Style.DANGER, confirm=question)
