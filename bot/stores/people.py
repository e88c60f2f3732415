"""What belongs to one person: linked accounts, and saved searches."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from bot.model import Account
    from bot.ports import Effect


@dataclass(frozen=True)
class Link:
    """An account joined to a person by a code; `by` is the person who did it."""

    account: Account
    person: str
    at: datetime
    by: str


@dataclass(frozen=True)
class LinkCode:
    """A one-time code, known by the SHA-256 of its letters; `maker` is where it was asked for."""

    hash: str
    person: str
    maker: Account
    expires: datetime
    is_used: bool = False


class Links(Protocol):
    """Which accounts their owners have joined to people, and the codes for it."""

    async def list(self) -> Sequence[Link]:
        """Return every link."""
        ...

    def add(self, link: Link) -> Effect[bool]:
        """Join an account to a person; False when it is joined to somebody already."""
        ...

    def remove(self, account: Account) -> Effect[bool]:
        """End a link, and the codes that this account made; False when there was none."""
        ...

    def offer(self, code: LinkCode, *, forget: datetime) -> Effect[None]:
        """Keep a code in place of the same person's others; forget what expired before `forget`."""
        ...

    def find(self, hashed: str) -> Effect[LinkCode | None]:
        """Return a code by its hash, used and expired ones too; takes as long for a near miss."""
        ...

    def use(self, hashed: str) -> Effect[None]:
        """Mark a code as used."""
        ...

    def tries(self, account: Account, since: datetime) -> Effect[Sequence[datetime]]:
        """Return when an account typed wrong codes since a moment; older ones are forgotten."""
        ...

    def add_try(self, account: Account, at: datetime) -> Effect[None]:
        """Note that an account typed a wrong code."""
        ...


@dataclass(frozen=True)
class SavedSearch:
    """A search of the audit log that somebody keeps: what is typed after `audit search`."""

    person: str
    name: str
    query: str
    at: datetime


class SavedSearches(Protocol):
    """Each person's own searches, by name; nobody has another's."""

    def save(self, search: SavedSearch) -> Effect[None]:
        """Keep a search in place of one with the same name; Refused where there are too many."""
        ...

    def drop(self, person: str, name: str) -> Effect[bool]:
        """Drop somebody's search; False when there was none."""
        ...

    async def list(self, person: str) -> Sequence[SavedSearch]:
        """Return somebody's searches by name."""
        ...
