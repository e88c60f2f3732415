"""Let everything go on after a stop-all; a second person has to agree to that too."""

from __future__ import annotations

from typing import Annotated

from bot.api import Caller, Command, Done, FreeText, Option, Proposal, Risk, StopAll, args


class Args(args):
    """Why it is safe again."""

    reason: Annotated[str, Option("why it is safe again"), FreeText()]


async def propose(arguments: Args, stopping: StopAll) -> Proposal:
    """Say which halt would be lifted."""
    return await stopping.propose_lifting(arguments.reason)


async def on_request(_arguments: Args, caller: Caller, stopping: StopAll) -> Done:
    """Say on the request's card who can confirm it."""
    return stopping.asked(caller)


async def run(proposal: Proposal, caller: Caller, stopping: StopAll) -> Done:
    """Let everything go on, in the transaction of its record."""
    return stopping.lift(caller, proposal)


command = Command(
    "stop-all lift",
    Args,
    run,
    summary="Let everything go on after a stop-all.",
    role="stop_asker",
    risk=Risk.CRITICAL,
    examples=('stop-all lift --reason "the network is clean, INC-3 says so"',),
    propose=propose,
    on_request=on_request,
    repeatable=True,
    loud=True,
)
