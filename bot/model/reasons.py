"""How an attempt ended."""

from __future__ import annotations

import enum


class Reason(enum.StrEnum):
    """How an attempt ended: the closed list that audit, metrics, scripts and tests use."""

    OK = "ok"
    PENDING_APPROVAL = "pending_approval"
    NOT_AUTHORISED = "not_authorised"
    NOT_IDENTIFIED = "not_identified"
    BAD_INPUT = "bad_input"
    UNKNOWN_COMMAND = "unknown_command"
    AMBIGUOUS = "ambiguous"
    NOT_FOUND = "not_found"
    PHI_BLOCKED = "phi_blocked"
    DUPLICATE = "duplicate"
    FROZEN = "frozen"
    LOCKED = "locked"
    CI_NOT_GREEN = "ci_not_green"
    CHANGE_REQUIRED = "change_required"
    HALTED = "halted"
    EXPIRED = "expired"
    REJECTED = "rejected"
    CANCELLED = "cancelled"
    SUPERSEDED = "superseded"
    PRECHECK_FAILED = "precheck_failed"
    FAILED = "failed"
    UNKNOWN_OUTCOME = "unknown_outcome"
    AUDIT_UNAVAILABLE = "audit_unavailable"
    UNAVAILABLE = "unavailable"
