"""Durable work: what a restart goes on with."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Protocol, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bot.model import Json
    from bot.ports.ledger import Effect


class Engine(Protocol):
    """Durable execution: a workflow survives a kill and repeats no completed step.

    Steps are at-least-once: one that was cut short runs again, so each looks before it acts.
    """

    def start(self, workflow: str, key: str) -> Effect[None]:
        """Start a registered workflow for `key` in the caller's transaction; once per key."""
        ...

    async def wait(self, workflow: str, key: str, *, seconds: float) -> bool:
        """Wait until the workflow has ended, at most `seconds`; say whether it has."""
        ...


class Steps(Protocol):
    """What a running workflow uses; each named step runs once to completion, then is remembered."""

    async def run(self, name: str, step: Callable[[], Awaitable[Mapping[str, Json]]]) -> Json:
        """Run a step, or return what it returned before a restart. Results are plain JSON."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Sleep durably: a restart sleeps only what is left."""
        ...


Workflow: TypeAlias = Callable[[Steps, str], Awaitable[None]]
"""A workflow's body, given its steps and its key; deterministic between steps."""
