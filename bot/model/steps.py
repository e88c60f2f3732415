"""Where long work stands, step by step."""

from __future__ import annotations

import enum
from dataclasses import dataclass


class StepState(enum.StrEnum):
    """Where one step of long work stands; always said in words, never by colour alone."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    SKIPPED = "skipped"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Step:
    """One line of a progress list."""

    label: str
    state: StepState
    detail: str = ""
