"""Channels of an interface engine: what one stands at, and what it can be told to do."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from datetime import datetime

from bot.model.endpoints import Endpoint
from bot.model.estate import Service


class ChannelState(enum.StrEnum):
    """What a channel does; a state that nobody has heard of is UNKNOWN."""

    STARTED = "started"
    PAUSED = "paused"  # takes nothing in, and goes on sending what it has
    STOPPED = "stopped"
    STARTING = "starting"
    PAUSING = "pausing"
    STOPPING = "stopping"
    DEPLOYING = "deploying"
    UNDEPLOYING = "undeploying"
    UNDEPLOYED = "undeployed"
    SYNCING = "syncing"
    UNKNOWN = "unknown"


class ChannelOrder(enum.StrEnum):
    """What a channel can be told to do."""

    START = "start"
    STOP = "stop"
    PAUSE = "pause"
    RESUME = "resume"

    @property
    def leads_to(self) -> ChannelState:
        """Return the state that a channel has once the order is carried out."""
        return _ENDS[self]

    @property
    def begins_in(self) -> frozenset[ChannelState]:
        """Return the states in which the order makes sense."""
        return _BEGINS[self]


_ENDS = {
    ChannelOrder.START: ChannelState.STARTED,
    ChannelOrder.STOP: ChannelState.STOPPED,
    ChannelOrder.PAUSE: ChannelState.PAUSED,
    ChannelOrder.RESUME: ChannelState.STARTED,
}
_BEGINS = {
    ChannelOrder.START: frozenset({ChannelState.STOPPED}),
    ChannelOrder.STOP: frozenset({ChannelState.STARTED, ChannelState.PAUSED}),
    ChannelOrder.PAUSE: frozenset({ChannelState.STARTED}),
    ChannelOrder.RESUME: frozenset({ChannelState.PAUSED}),
}


@dataclass(frozen=True)
class Channel:
    """One channel as its engine tells it: counts and a state, never a message.

    `active` is when it last did something, where the engine tells that.
    """

    id: str
    name: str
    state: ChannelState
    queued: int = 0
    received: int = 0
    sent: int = 0
    errored: int = 0
    filtered: int = 0
    active: datetime | None = None

    @property
    def work(self) -> tuple[int, int, int, int]:
        """Return the counts that grow while messages pass."""
        return self.received, self.sent, self.errored, self.filtered


@dataclass(frozen=True)
class EngineChannel:
    """A channel as the estate file declares it: an endpoint of the kind engine, and its service."""

    endpoint: Endpoint
    service: Service

    @property
    def environment(self) -> str:
        """Return the environment that it belongs to."""
        return self.endpoint.environment
