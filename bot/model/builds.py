"""Builds on a CI server."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from datetime import datetime


class BuildState(enum.StrEnum):
    """A build's state; UNKNOWN counts as not green everywhere."""

    QUEUED = "queued"
    RUNNING = "running"
    GREEN = "green"
    RED = "red"
    CANCELLED = "cancelled"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Stage:
    """One stage of a build, by the name the CI server gives it.

    `is_gate` where it waits for a decision that is made over there, by somebody or by a rule.
    """

    name: str
    state: BuildState
    seconds: int | None = None
    is_gate: bool = False


@dataclass(frozen=True)
class Build:
    """One build on the CI server; `id` is what `ci log` takes, `commit` 40 hex digits or ""."""

    id: str
    service: str
    ref: str
    commit: str
    state: BuildState
    url: str = ""
    started: datetime | None = None
    finished: datetime | None = None
    stages: tuple[Stage, ...] = ()
    failing_tests: tuple[str, ...] = ()
    correlation: str = ""

    @property
    def gate(self) -> str:
        """Return what it waits for over there, as its CI server says it; "" where it runs."""
        if self.state not in (BuildState.QUEUED, BuildState.RUNNING):
            return ""
        return next((stage.name for stage in self.stages if stage.is_gate), "")
