"""What people read of a validation, beside the deploy's own card."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.model import Button, DeployState, Reason, Reply, Style, Visibility
from bot.moments import written

if TYPE_CHECKING:
    from datetime import datetime

    from bot.model import Deploy, Validator


def topic_of(deploy: Deploy) -> str:
    """Return the message that asks for a deploy's validation."""
    return f"VALIDATE-{deploy.id}"


def asking(deploy: Deploy, validator: Validator, until: datetime) -> Reply:
    """Return the question to the validator, with its two answers as buttons."""
    fields = [
        ("Deploy", deploy.id),
        ("Change", deploy.change),
        ("Asked by", deploy.requester),
        ("Replaces", deploy.replaced),
        ("Until", written(until)),
    ]
    return Reply(
        text=f"{_capital(str(validator))}: {_what(deploy)} is deployed. Please look whether it "
        f"works, and say so until {written(until)}. No answer counts as not validated.",
        title=f"Does {deploy.service} {deploy.version} work in {deploy.environment}?",
        fields=tuple((name, value) for name, value in fields if value),
        buttons=answers(deploy),
        visibility=Visibility.PUBLIC,
        topic=topic_of(deploy),
        request=deploy.request or None,
        refs=_refs(deploy),
    )


def answers(deploy: Deploy) -> tuple[Button, ...]:
    """Return the two answers; each types the command."""
    question = f"Do you confirm that {_what(deploy)} works?"
    return (
        Button("It works", f"deploy validate {deploy.id} ok", Style.PRIMARY, confirm=question),
        Button("It does not", f"deploy validate {deploy.id} failed", asks="reason"),
    )


def settled(deploy: Deploy) -> Reply:
    """Return what the question says once it was answered, or its time is over."""
    late = deploy.state is DeployState.NOT_VALIDATED
    return Reply(
        text=f"{deploy.id}, {_what(deploy)}: {deploy.outcome}",
        title=f"{deploy.service} {deploy.version} in {deploy.environment}",
        buttons=answers(deploy) if late else (),
        visibility=Visibility.PUBLIC,
        topic=topic_of(deploy),
        request=deploy.request or None,
        refs=_refs(deploy),
    )


def unanswered(deploy: Deploy, why: str) -> Reply:
    """Return what the owner reads of a deploy that nobody validated."""
    change = f" {deploy.change} stays open." if deploy.change else ""
    return Reply(
        text=f"{_what(deploy)} runs and is NOT VALIDATED ({deploy.id}). {why}{change} Have it "
        f"looked at: `deploy validate {deploy.id} ok --note ...` or `deploy validate {deploy.id} "
        f"failed --reason ...` still settles it.",
        reason=Reason.EXPIRED,
        title="Not validated",
        visibility=Visibility.PUBLIC,
        topic=f"UNVALIDATED-{deploy.id}",
        request=deploy.request or None,
        refs=_refs(deploy),
    )


def _what(deploy: Deploy) -> str:
    return f"{deploy.service} {deploy.version} in {deploy.environment}"


def _refs(deploy: Deploy) -> dict[str, str]:
    found = {"deploy": deploy.id, "change": deploy.change}
    return {name: value for name, value in found.items() if value}


def _capital(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}"
