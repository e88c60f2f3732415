"""Pause a channel of an interface engine: it takes nothing in, and sends what it has."""

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
    return await desk.propose(arguments.channel, ChannelOrder.PAUSE, arguments.reason)


async def check(arguments: Args, caller: Caller, desk: EngineDesk) -> tuple[tuple[str, str], ...]:
    """Refuse what a freeze, a lock or a stop-all holds; show how the channel stands."""
    return await desk.check(arguments.channel, arguments.reason, caller)


async def run(arguments: Args, proposal: Proposal, desk: EngineDesk) -> Reply:
    """Tell it once, and look what it does."""
    return await desk.tell(arguments.channel, ChannelOrder.PAUSE, proposal)


command = Command(
    "engine pause",
    Args,
    run,
    summary="Pause a channel: nothing in, the queue goes on.",
    role="responder",
    risk=Risk.CHANGE,
    examples=('engine pause lab-in-channel --reason "the receiver refuses all"',),
    propose=propose,
    check=check,
    runbooks=True,
)
