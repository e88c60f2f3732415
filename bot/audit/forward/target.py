"""What can be forwarded to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from bot.model import Event


class Undelivered(Exception):
    """A batch was not, or not surely, taken; it is sent again, no sooner than `retry_after` s."""

    def __init__(self, why: str, retry_after: float = 0.0) -> None:
        super().__init__(why)
        self.retry_after = retry_after


class Target(Protocol):
    """One receiver. Only one batch is under way at a time."""

    async def send(self, events: Sequence[Event]) -> None:
        """Return when the receiver has taken every event; Undelivered otherwise.

        What was undelivered may have arrived all the same: receivers tell doubles by number and
        hash. Takes at most some tens of seconds.
        """
        ...

    async def close(self) -> None:
        """Let go of what it holds open."""
        ...
