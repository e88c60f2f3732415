"""Deploys that wait for their clinical validator."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from bot.model import Deploy
    from bot.ports import Effect


class Validations(Protocol):
    """How a deploy comes to be validated, or not.

    ::

        started ──> validating ──> succeeded | failed      somebody answered in time
                         └──────> not_validated ──> succeeded | failed      later
                                                └─> failed    another one took its place

    The lock of its environment is held until it is answered or its time is over. Each step happens
    once, whoever else tries at the same moment; `Conflict` says how it stands then.
    """

    def begin(self, deploy_id: str, until: datetime, *, outcome: str) -> Effect[Deploy]:
        """Let a deploy wait until a moment."""
        ...

    def lapse(self, deploy_id: str, *, outcome: str) -> Effect[Deploy]:
        """End the wait without an answer."""
        ...

    def answer(
        self, deploy_id: str, *, is_good: bool, by: str, said: str, outcome: str, at: datetime
    ) -> Effect[Deploy]:
        """End a deploy by an answer, in time or late."""
        ...

    def give_way(self, deploy_id: str, *, outcome: str, at: datetime) -> Effect[Deploy | None]:
        """End a deploy as failed for what takes its place; None where it does not wait."""
        ...

    async def due(self, at: datetime) -> Sequence[str]:
        """Return the deploys that waited in vain."""
        ...

    async def unanswered(self) -> Sequence[str]:
        """Return the deploys that nobody validated, and that somebody may still answer for."""
        ...
