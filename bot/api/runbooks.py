"""What people ask about runbooks."""

from __future__ import annotations

from typing import Protocol

from bot.model import Reply


class Runbooks(Protocol):
    """The reviewed procedures, as their files are now."""

    def list(self) -> Reply:
        """Return every runbook; what is stale or cannot be used says so."""
        ...

    def show(self, name: str) -> Reply:
        """Return one runbook with its steps, or everything that has to be mended in it."""
        ...

    def search(self, words: str) -> Reply:
        """Return the runbooks that all of the words are found in, the nearest first, with why."""
        ...

    def print(self, name: str) -> Reply:
        """Return one runbook as one plain page."""
        ...
