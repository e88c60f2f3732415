"""Put the policy files in force as they are now, or say why not."""

from __future__ import annotations

from bot.api import Command, Done, PolicyFiles, Proposal, Risk, args


class Args(args):
    """Takes nothing."""


async def propose(_arguments: Args, files: PolicyFiles) -> Proposal:
    """Say which version would be in force, and which rules that changes."""
    return await files.propose_reload()


async def run(proposal: Proposal, files: PolicyFiles) -> Done:
    """Swap the policies whole, once that is recorded."""
    return await files.reload(proposal)


command = Command(
    "policy reload",
    Args,
    run,
    summary="Put the policy files in force.",
    role="administrator",
    risk=Risk.CHANGE,
    examples=("policy reload", "policy reload --dry-run"),
    propose=propose,
    repeatable=True,
)
