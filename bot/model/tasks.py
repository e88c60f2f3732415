"""What somebody still has to look at: the review of an emergency, closed by somebody else."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from datetime import datetime


class TaskKind(enum.StrEnum):
    """What a task asks for."""

    BREAK_GLASS_REVIEW = "break_glass_review"
    EMERGENCY_CHANGE_REVIEW = "emergency_change_review"


@dataclass(frozen=True)
class NewTask:
    """What it takes to open a task; `subject` did what is reviewed, and may not close it."""

    kind: TaskKind
    about: str
    subject: str
    due: datetime
    service: str = ""
    correlation: str = ""


@dataclass(frozen=True)
class Task:
    """A task TASK-n; `about` is the id of what is reviewed, such as CHG-12."""

    id: str
    kind: TaskKind
    about: str
    subject: str
    due: datetime
    opened: datetime
    service: str = ""
    correlation: str = ""
    closed: datetime | None = None
    closed_by: str = ""
    findings: str = ""
