"""Freezes that were added from chat, and the copies of calendar feeds."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.ports import Effect


@dataclass(frozen=True)
class AddedFreeze:
    """A freeze that somebody added from chat; an empty part of its scope means everything.

    `lifted` is when it was ended before its time, by whom and why.
    """

    name: str
    person: str
    reason: str
    start: datetime
    end: datetime
    added: datetime
    services: tuple[str, ...] = ()
    environments: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    lifted: datetime | None = None
    lifted_by: str = ""
    lifted_why: str = ""

    def is_in_force(self, at: datetime) -> bool:
        """Say whether it holds at a moment or later."""
        return self.lifted is None and at < self.end


class AddedFreezes(Protocol):
    """What was added from chat; every replica sees it at once."""

    def add(self, freeze: AddedFreeze) -> Effect[AddedFreeze]:
        """Keep a freeze; `Conflict(DUPLICATE)` where one of its name has not ended."""
        ...

    def lift(self, name: str, by: str, why: str, at: datetime) -> Effect[AddedFreeze]:
        """End the freeze of a name that has not ended; `Conflict(NOT_FOUND)` for none."""
        ...

    async def list(self, since: datetime) -> Sequence[AddedFreeze]:
        """Return those not lifted that end after a moment, by their start."""
        ...


@dataclass(frozen=True)
class FeedCopy:
    """The text of a feed as it last was good, and when it was read."""

    name: str
    body: str
    read: datetime


class FeedCopies(Protocol):
    """The last good copy of each feed, for every replica and across restarts."""

    async def list(self) -> Sequence[FeedCopy]:
        """Return every copy."""
        ...

    def put(self, copy: FeedCopy) -> Effect[None]:
        """Keep a copy in place of the one before."""
        ...

    async def confirm(self, name: str, read: datetime) -> None:
        """Note that a feed was read and said the same; that is not audited."""
        ...
