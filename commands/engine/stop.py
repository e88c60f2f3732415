"""Stop a channel of an interface engine: it takes nothing in and sends nothing."""

from __future__ import annotations

from typing import Annotated

from bot.api import (
    Caller,
    ChannelOrder,
    Command,
    EngineChannel,
    EngineDesk,
    FreeText,
    Option,
    Proposal,
    Reply,
    Risk,
    args,
)


class Args(args):
    """The channel, by its endpoint's name, and why."""

    channel: EngineChannel
    reason: Annotated[str, Option("why"), FreeText()]


async def propose(arguments: Args, desk: EngineDesk) -> Proposal:
    """Bind the asking to the channel's id and the state that it has."""
    return await desk.propose(arguments.channel, ChannelOrder.STOP, arguments.reason)


async def check(arguments: Args, caller: Caller, desk: EngineDesk) -> tuple[tuple[str, str], ...]:
    """Refuse what a freeze, a lock or a stop-all holds; show how the channel stands."""
    return await desk.check(arguments.channel, arguments.reason, caller)


async def run(arguments: Args, proposal: Proposal, desk: EngineDesk) -> Reply:
    """Tell it once, and look what it does."""
    return await desk.tell(arguments.channel, ChannelOrder.STOP, proposal)


command = Command(
    "engine stop",
    Args,
    run,
    summary="Stop a channel: nothing in, nothing out.",
    role="responder",
    risk=Risk.CHANGE,
    examples=('engine stop lab-in-channel --reason "results go to the wrong ward"',),
    propose=propose,
    check=check,
    runbooks=True,
)
