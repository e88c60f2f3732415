"""Lift a legal hold; that always needs a second human."""

from __future__ import annotations

from typing import Annotated

from bot.api import (
    Caller,
    Command,
    Done,
    FreeText,
    Id,
    LegalHolds,
    Option,
    Proposal,
    Reply,
    Risk,
    args,
)


class Args(args):
    """Which hold, and why it is over."""

    hold: Annotated[str, Id("HOLD")]
    why: Annotated[str, Option("why it is over"), FreeText()]


async def propose(arguments: Args, holds: LegalHolds) -> Proposal:
    """Say which hold it is, and what it has held."""
    return await holds.propose_lifting(arguments.hold, arguments.why)


async def run(proposal: Proposal, caller: Caller, holds: LegalHolds) -> Done:
    """End it, in the transaction of its record."""
    name = proposal.values["hold"]
    said = Reply(f"{name} is lifted: what it held is pruned once it is old enough.")
    effect = holds.lift(proposal, caller.principal.id, caller.correlation)
    return Done((effect,), lambda _results: said)


command = Command(
    "audit hold lift",
    Args,
    run,
    summary="Let go of what a hold has kept.",
    role="auditor",
    risk=Risk.CRITICAL,
    examples=('audit hold lift HOLD-1 --why "the claim is settled"',),
    propose=propose,
    repeatable=True,
)
