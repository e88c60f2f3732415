"""What a deploy looks like: one message, edited in place, from the trigger to its end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.deploys.validation_notices import answers
from bot.model import Button, DeployState, Reason, Reply, Style, Visibility

if TYPE_CHECKING:
    from bot.model import Deploy

REASONS = {
    DeployState.STARTED: Reason.OK,
    DeployState.VALIDATING: Reason.OK,
    DeployState.NOT_VALIDATED: Reason.EXPIRED,
    DeployState.SUCCEEDED: Reason.OK,
    DeployState.FAILED: Reason.FAILED,
    DeployState.STOPPED: Reason.CANCELLED,
    DeployState.UNKNOWN: Reason.UNKNOWN_OUTCOME,
}


def card(deploy: Deploy) -> Reply:
    """Return a deploy's message as it stands."""
    verb = "Roll back" if deploy.rollback_of else "Deploy"
    title = f"{verb} {deploy.service} {deploy.version} to {deploy.environment}"
    fields = [
        ("Deploy", deploy.id),
        ("Request", deploy.request),
        ("Change", deploy.change),
        ("Asked by", deploy.requester),
        ("Reason", deploy.reason),
        ("Commit", deploy.commit[:12]),
        ("Replaces", deploy.replaced),
        ("Rolls back", deploy.rollback_of),
        ("Under the lock", deploy.under_lock),
    ]
    return Reply(
        text=f"{deploy.id}: {_sentence(deploy)}",
        reason=REASONS[deploy.state],
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
    return {name: value for name, value in found.items() if value}


def _sentence(deploy: Deploy) -> str:
    what = f"{deploy.service} {deploy.version} to {deploy.environment}"
    if deploy.state is DeployState.STARTED:
        return f"deploying {what}."
    if deploy.state is DeployState.VALIDATING:
        return f"{what} is deployed. {deploy.outcome}"
    if deploy.state is DeployState.NOT_VALIDATED:
        return f"{what} is deployed and NOT VALIDATED. {deploy.outcome}"
    if deploy.state is DeployState.SUCCEEDED:
        return f"{what} is done. {deploy.outcome}"
    if deploy.state is DeployState.UNKNOWN:
        return f"whether {what} happened is not known. {deploy.outcome}"
    return f"{what} failed. {deploy.outcome}"


def _buttons(deploy: Deploy) -> tuple[Button, ...]:
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


def _back(deploy: Deploy, reason: str) -> Button:
    command = f'rollback {deploy.service} {deploy.environment} --reason "{reason}"'
    question = f"Roll {deploy.service} in {deploy.environment} back to the last good version?"
    return Button("Roll back", command, Style.DANGER, confirm=question)
