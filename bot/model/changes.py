"""Change records, in ITIL's words."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from datetime import datetime


class ChangeType(enum.StrEnum):
    """ITIL change types."""

    STANDARD = "standard"
    NORMAL = "normal"
    EMERGENCY = "emergency"


class ChangeState(enum.StrEnum):
    """A change's life, in ITIL's words."""

    NEW = "new"
    AWAITING_APPROVAL = "awaiting_approval"
    SCHEDULED = "scheduled"
    IMPLEMENT = "implement"
    CLOSED = "closed"
    CANCELLED = "cancelled"


class ChangeResult(enum.StrEnum):
    """How a closed change ended, in ITIL's close codes."""

    SUCCESSFUL = "successful"
    SUCCESSFUL_WITH_ISSUES = "successful_with_issues"
    ROLLED_BACK = "rolled_back"
    FAILED = "failed"
    NOT_IMPLEMENTED = "not_implemented"


@dataclass(frozen=True)
class NewChange:
    """What it takes to open a change."""

    service: str
    environment: str
    summary: str
    requester: str
    type: ChangeType = ChangeType.NORMAL
    risk: str = "medium"
    clinical_impact: str = ""
    backout: str = ""
    window_start: datetime | None = None
    window_end: datetime | None = None
    version: str = ""
    correlation: str = ""
    sites: tuple[str, ...] = ()
    implementation: str = ""
    test_evidence: str = ""
    validator: str = ""
    template: str = ""
    parameters: tuple[str, ...] = ()
    incident: str = ""
    despite: tuple[str, ...] = ()
    despite_reason: str = ""


@dataclass(frozen=True)
class Change:
    """A change record; `number` is CHG-n here, the vendor's number elsewhere.

    `parameters` are those of its template, written as `name=value`. `despite` are the changes and
    deploys that it overlaps on purpose, and `despite_reason` says why.
    """

    number: str
    service: str
    environment: str
    summary: str
    requester: str
    type: ChangeType
    state: ChangeState
    risk: str
    clinical_impact: str
    backout: str
    window_start: datetime
    window_end: datetime
    opened: datetime
    version: str = ""
    closed: datetime | None = None
    result: ChangeResult | None = None
    close_note: str = ""
    request: str = ""
    deploy: str = ""
    approvers: tuple[str, ...] = ()
    correlation: str = ""
    sites: tuple[str, ...] = ()
    implementation: str = ""
    test_evidence: str = ""
    validator: str = ""
    template: str = ""
    parameters: tuple[str, ...] = ()
    incident: str = ""
    despite: tuple[str, ...] = ()
    despite_reason: str = ""


@dataclass(frozen=True)
class Overlap:
    """A change or deploy that meets a window; `why` is how its service belongs to the other one.

    `owner` is whoever asked for it; `end` is None for a deploy, whose end nobody knows.
    """

    number: str
    service: str
    environment: str
    owner: str
    start: datetime
    end: datetime | None
    why: str = ""
