"""What an anchor promises, and what it is told of the log."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, runtime_checkable

from bot.errors import AuditUnavailable

if TYPE_CHECKING:
    from bot.audit.note import Checkpoint

ROLLBACK, FORK = "ROLLBACK", "FORK"


class Disagrees(AuditUnavailable):
    """An anchor remembers another log than ours: nothing may be written until somebody looked.

    `verdict` is ROLLBACK where ours has fewer events, FORK where it has others.
    """

    def __init__(self, verdict: str, anchor: str, what: str) -> None:
        super().__init__(
            f"{verdict}: the audit log is not the one that {anchor} remembers: {what}. Nothing is "
            "written until a person has looked: docs/operations.md (Anchors)"
        )
        self.verdict = verdict


class Grown(Protocol):
    """What an anchor may ask of our log."""

    async def root(self, size: int) -> bytes:
        """Return the root that the log had at a size, which is not above its own."""
        ...

    async def growth(self, old: int, note: str) -> str:
        """Return the proof that the log of a signed checkpoint begins with its first `old` events.

        The form is the body of tlog-witness's add-checkpoint.
        """
        ...


class Anchor(Protocol):
    """One place outside. `name` is how people call it, `every` the seconds between two keeps.

    Promise: once `keep` has returned, this place says what it was given, or something later that
    grew from it, whatever happens to our database. `Unreachable` where it does not answer,
    `Conflict` where somebody else was faster, `Disagrees` where it remembers another log.
    """

    @property
    def name(self) -> str:
        """How people call it."""
        ...

    @property
    def every(self) -> float:
        """Seconds between two keeps."""
        ...

    @property
    def is_asked(self) -> bool:
        """Whether it can say what it holds; else `held` is None for ever."""
        ...

    async def held(self) -> str | None:
        """Return the signed checkpoint it holds, None for none."""
        ...

    async def keep(self, note: str, *, after: str | None, log: Grown) -> None:
        """Put a signed checkpoint in the place of the one it was found to hold."""
        ...


@runtime_checkable
class Closing(Protocol):
    """An anchor that holds connections open."""

    async def close(self) -> None:
        """Close them."""
        ...


async def compare(name: str, kept: Checkpoint, now: Checkpoint, log: Grown) -> None:
    """Raise `Disagrees` unless our log, as it is now, grew from what an anchor kept."""
    if kept.origin != now.origin:
        raise Disagrees(FORK, name, f"that one is called {kept.origin}, ours {now.origin}")
    if kept.size > now.size:
        raise Disagrees(ROLLBACK, name, f"that one had {kept.size} events, ours has {now.size}")
    if await log.root(kept.size) != kept.root:
        raise Disagrees(FORK, name, f"its first {kept.size} events are others than ours")
