"""What a good channel is: started, with a short queue, and not idle for too long."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from bot.model import ChannelState, Finding, Standing

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bot.model import Channel, Endpoint


def judged(channel: Channel, idle: timedelta, endpoint: Endpoint) -> Finding:
    """Judge a channel by what the estate file says of it; the state is what counts most."""
    told = figures(channel, idle)
    said = f"is {channel.state.value}, {counts(channel)}"
    too_long = timedelta(minutes=endpoint.idle_minutes)
    if channel.state is not ChannelState.STARTED:
        why = "state"
    elif channel.queued > endpoint.queue_limit:
        why, said = "queue", f"{said}, and at most {endpoint.queue_limit} may wait"
    elif too_long and idle > too_long:
        minutes = int(idle.total_seconds() // 60)
        why, said = "idle", f"{said}, and has done nothing for {minutes} minutes"
    else:
        return Finding(Standing.PASSED, said, str(channel.queued), told)
    return Finding(Standing.FAILED, said, str(channel.queued), {**told, "why": why})


def counts(channel: Channel) -> str:
    """Return the counts as a sentence goes on."""
    return (
        f"{channel.queued} queued, {channel.received} received, {channel.sent} sent, "
        f"{channel.errored} errored"
    )


def figures(channel: Channel, idle: timedelta) -> Mapping[str, str]:
    """Return a channel for whoever decides by it."""
    return {
        "state": channel.state.value,
        "queued": str(channel.queued),
        "received": str(channel.received),
        "sent": str(channel.sent),
        "errored": str(channel.errored),
        "idle_seconds": str(int(idle.total_seconds())),
    }
