"""List the legal holds, those in force and those that were lifted."""

from __future__ import annotations

from bot.api import Command, LegalHolds, Reply, Risk, args


class Args(args):
    """Takes nothing."""


async def run(_arguments: Args, holds: LegalHolds) -> Reply:
    """Answer with every hold, the newest first."""
    return await holds.list()


command = Command(
    "audit hold list",
    Args,
    run,
    summary="List what is held, and by whom.",
    role="auditor",
    risk=Risk.READ,
    examples=("audit hold list",),
)
