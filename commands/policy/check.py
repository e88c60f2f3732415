"""Check the policy files as they are on disk: each problem with its place and its mend."""

from __future__ import annotations

from bot.api import Command, PolicyFiles, Reply, Risk, args


class Args(args):
    """Takes nothing."""


async def run(_arguments: Args, files: PolicyFiles) -> Reply:
    """Read everything again, and change nothing."""
    return await files.check()


command = Command(
    "policy check",
    Args,
    run,
    summary="Check the policy files, and say which version is in force.",
    role="policy_reader",
    risk=Risk.READ,
    examples=("policy check",),
)
