"""What a change is asked for with, and who opens, shows and plans changes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from bot.api.command import Caller, Done
from bot.model import Change, ChangeType, Overlap, Reply, Service
from bot.moments import written


@dataclass(frozen=True)
class ChangeAsked:
    """A change as somebody asks for it; `given` holds its other fields as typed, by argument."""

    service: Service
    environment: str
    type: ChangeType
    summary: str
    given: Mapping[str, str] = field(default_factory=dict)


class Changes(Protocol):
    """Opens changes with everything that their type has to say, and shows them."""

    async def open(self, asked: ChangeAsked, caller: Caller) -> Done:
        """Open a change; `Incomplete` lists everything that is missing or wrong."""
        ...

    async def show(self, number: str) -> Reply:
        """Return a change with its links, approvals, probe results and validation."""
        ...

    async def ticket(self, number: str) -> Reply:
        """Return how the ticket of a change stands; BadInput where there is no such change."""
        ...

    async def retry(self, number: str) -> Done:
        """Have the ticket of a change tried again now; BadInput where there is none."""
        ...

    async def given_up(self) -> Sequence[str]:
        """Return the changes whose tickets are not tried any more."""
        ...

    def templates(self) -> Reply:
        """Return the templates of standard changes, by when they expire."""
        ...

    async def calendar(self, service: Service | None, week: str, day: str) -> Reply:
        """Return a week or a day of changes, deploys and freezes; BadInput where that is none."""
        ...

    async def closing(self, change: Change) -> None:
        """Refuse to close a change under which a deploy is still at work."""
        ...


class Evidence(Protocol):
    """The evidence of a change, for people to take along."""

    async def offer(self, number: str, caller: Caller) -> Reply:
        """Return what it holds and where it is had; BadInput where there is no such change."""
        ...


def overlapping(overlap: Overlap) -> str:
    """Return what people have to know of something that is changed at the same time."""
    until = f" to {written(overlap.end)}" if overlap.end else ""
    why = f"; {overlap.why}" if overlap.why else ""
    return (
        f"{overlap.number} by {overlap.owner} ({overlap.service}, {overlap.environment}, from "
        f"{written(overlap.start)}{until}{why})"
    )
