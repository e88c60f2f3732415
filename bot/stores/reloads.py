"""What was put in force while we ran, so that every replica hears of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from bot.ports import Effect


@dataclass(frozen=True)
class Reloaded:
    """The policies that were put in force last; `number` counts how often that was done."""

    number: int
    version: str


class Reloads(Protocol):
    """Remembers the last time that policies were put in force."""

    def note(self, version: str) -> Effect[None]:
        """Remember that a version was put in force."""
        ...

    async def latest(self) -> Reloaded | None:
        """Return what was put in force last, None where that was never done."""
        ...
