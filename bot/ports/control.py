"""What stands between an asking and its effect: duties, on-call, break-glass, stop-all."""

from __future__ import annotations

import enum
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from datetime import datetime

    from bot.model import Deploy, Principal


class Duty(enum.StrEnum):
    """A part in one deploy; policy says which of them one human may not hold together."""

    AUTHOR = "author"
    REQUESTER = "requester"
    APPROVER = "approver"
    DEPLOYER = "deployer"
    VALIDATOR = "validator"


class Duties(Protocol):
    """Separation of duties, as the policies in force say."""

    async def refusal(self, who: Principal, duty: Duty, deploy: Deploy) -> str:
        """Return the sentence that says why not, or "" where the person may take the duty."""
        ...


@dataclass(frozen=True)
class LocalTime:
    """The time where a service stands: `weekday` is 1 for Monday, `minute` that of the day.

    `day` is as 2026-11-27; `holiday` says whether it is a public holiday there.
    """

    weekday: int
    minute: int
    day: str
    zone: str
    holiday: bool = False


class SiteTime(Protocol):
    """What the clock on the wall shows."""

    def local(self, sites: Collection[str], at: datetime) -> LocalTime:
        """Return the local time of these sites; of none, or of several zones, the hospital's."""
        ...


class OnCall(Protocol):
    """Who is on call, by rota."""

    def now(self, rota: str, at: datetime) -> Sequence[str]:
        """Return the people on call for a rota, the first one to call first; empty for nobody."""
        ...

    def rotas(self, person: str, at: datetime) -> frozenset[str]:
        """Return the rotas that a person is on call for."""
        ...

    def all(self) -> Sequence[str]:
        """Return the names of all rotas."""
        ...

    def next(self, rota: str, at: datetime) -> tuple[datetime, Sequence[str]] | None:
        """Return when a rota changes next and who is on call then; None where it never does."""
        ...


@dataclass(frozen=True)
class Halt:
    """Everything stands still: since when, on whose word, and why; `id` is HALT-n."""

    since: datetime
    by: tuple[str, ...]
    reason: str
    id: str = ""
    request: str = ""
    lifted: datetime | None = None
    lifted_by: tuple[str, ...] = ()
    lifted_why: str = ""


class Halts(Protocol):
    """Stop-all."""

    async def current(self) -> Halt | None:
        """Return the halt in force, or None; `StoreFailed` where that cannot be told."""
        ...


@dataclass(frozen=True)
class Grant:
    """A break-glass, for one service alone; `id` is BG-n.

    `seen` is the latest moment at which it was in force, by any replica's clock.
    """

    id: str
    person: str
    incident: str
    reason: str
    since: datetime
    until: datetime
    service: str = ""
    seen: datetime | None = None
    ended: datetime | None = None
    ended_by: str = ""


class Glass(Protocol):
    """Break-glass."""

    def now(self, person: str, at: datetime) -> Grant | None:
        """Return the grant that a person acts under at a moment, or None; answers from memory."""
        ...


class WorkingDays(Protocol):
    """The days on which a site's office works, in its own zone."""

    def later(self, at: datetime, days: int) -> datetime:
        """Return the end of the working day that is so many working days after a moment's day."""
        ...
