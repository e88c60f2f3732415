"""Durable work: what a restart goes on with."""

from __future__ import annotations

import enum
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Protocol, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bot.model import Json
    from bot.ports.ledger import Effect


class Life(enum.StrEnum):
    """What is known of a workflow, across all replicas."""

    WAITING = "waiting"  # some replica is going to run it
    RUNNING = "running"  # a process that lives has it, whether or not that gets anywhere
    ORPHANED = "orphaned"  # the process that had it is gone, and none has taken it over yet
    OVER = "over"  # it ended, failed for good, or was never started: nobody goes on with it


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

    def running(self, workflow: str) -> frozenset[str]:
        """Return the keys of the workflows that this process is running."""
        ...

    async def life(self, workflow: str, key: str) -> Life:
        """Say what is known of a workflow, whichever replica has it."""
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
