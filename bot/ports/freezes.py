"""The freeze calendar: what holds a change now, and when the time is open again."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from bot.model import ChangeType

if TYPE_CHECKING:
    from datetime import datetime
    from zoneinfo import ZoneInfo


class FreezeKind(enum.StrEnum):
    """Why a time is closed."""

    FREEZE = "freeze"
    WINDOW = "window"  # outside of every maintenance window
    UNREAD = "unread"  # a calendar that cannot be read: unknown is not open


@dataclass(frozen=True)
class Touched:
    """What a change touches; `sites` narrow it to a part of the service's own, none means all."""

    service: str
    environment: str
    change_type: ChangeType = ChangeType.NORMAL
    sites: tuple[str, ...] = ()


@dataclass(frozen=True)
class FreezeException:
    """What passes a rule although it holds, and why; an empty part means any."""

    reason: str
    change_types: tuple[str, ...] = ()
    services: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    break_glass: bool = False

    def said(self) -> str:
        """Return it as words: "emergency changes of pacs (patients come first)"."""
        what = f"{' and '.join(self.change_types)} changes" if self.change_types else "changes"
        of = " and ".join((*self.services, *(f"services tagged {tag}" for tag in self.tags)))
        if self.break_glass:
            what = "break-glass" if not self.change_types else f"{what} under break-glass"
        return f"{what}{f' of {of}' if of else ''} ({self.reason})"


@dataclass(frozen=True)
class Freeze:
    """A rule that closes a time for what was asked, with the exceptions that do not cover it.

    `start` is None where it holds until something opens, `end` where nobody knows when that is.
    `owner` is who can answer questions about it; `source` is where it is written down, `detail`
    what else there is to say, such as when a feed was read last.
    """

    name: str
    owner: str
    reason: str
    kind: FreezeKind
    source: str
    zone: ZoneInfo
    start: datetime | None
    end: datetime | None
    exceptions: tuple[FreezeException, ...] = ()
    detail: str = ""

    @property
    def is_for_break_glass(self) -> bool:
        """Say whether an exception lets a break-glass that is in force pass."""
        return any(one.break_glass for one in self.exceptions)


class Freezes(Protocol):
    """The freeze calendar: the file, the feeds that it names, and what was added from chat.

    What was added by another replica counts at once: every answer asks the store. `StoreFailed`
    where that cannot be told, which counts as closed.
    """

    async def active(self, touched: Touched, at: datetime) -> Sequence[Freeze]:
        """Return every rule that closes a moment for it, the one that ends last first.

        What an exception lets pass by its change type or service is left out; those for
        break-glass stay in, because only the gate knows who is asking.
        """
        ...

    async def next(self, touched: Touched, after: datetime) -> Freeze | None:
        """Return the rule that closes the time next, later than a moment; None within a year."""
        ...

    async def opens(self, touched: Touched, at: datetime) -> datetime | None:
        """Return the first moment from one on that is open, itself where nothing holds.

        None where nobody knows, or not within a year.
        """
        ...

    def zone(self, service: str) -> ZoneInfo:
        """Return the time zone of a service's site, as people there type and read times."""
        ...
