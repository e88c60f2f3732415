"""How a script is carried out somewhere."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from bot.model.scripts import Call, Script


class Reacher(Protocol):
    """Carries out calls, each once: nothing is tried again here."""

    async def run(self, call: Call, take: Callable[[bytes], None]) -> int:
        """Run it and return its exit code; `take` is given what it prints, as it comes.

        `Rejected` where nothing was started, with a sentence that says why; `Unreachable` where
        it was and what became of it is not known. Cancelling ends it over there: politely first,
        then by force.
        """
        ...

    async def look(self, script: Script) -> str:
        """Return what stands ready, without running anything; `Rejected` says what does not."""
        ...
