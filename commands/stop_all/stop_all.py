"""Stop everything: no deploy and no runbook action runs, as soon as a second person confirms."""

from __future__ import annotations

from typing import Annotated

from bot.api import Caller, Command, Done, FreeText, Option, Proposal, Risk, StopAll, args


class Args(args):
    """Why."""

    reason: Annotated[str, Option("why everything has to stop"), FreeText()]


async def propose(arguments: Args, stopping: StopAll) -> Proposal:
    """Say what would stop."""
    return stopping.propose(arguments.reason)


async def check(_arguments: Args, stopping: StopAll) -> None:
    """Refuse while everything stands still already."""
    await stopping.check()


async def on_request(_arguments: Args, caller: Caller, stopping: StopAll) -> Done:
    """Say on the request's card who can confirm it."""
    return stopping.asked(caller)


async def run(proposal: Proposal, caller: Caller, stopping: StopAll) -> Done:
    """Halt everything, in the transaction of its record."""
    return stopping.stop(caller, proposal)


command = Command(
    "stop-all",
    Args,
    run,
    summary="Stop every deploy and runbook action.",
    role="stop_asker",
    risk=Risk.CRITICAL,
    examples=('stop-all --reason "somebody else is in our network"',),
    propose=propose,
    check=check,
    on_request=on_request,
    repeatable=True,
    loud=True,
)
