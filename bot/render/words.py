"""Says states and reasons in words: no colour and no picture is ever the only sign."""

from __future__ import annotations

from bot.model import Reason, Reply, StepState

REASONS = {
    Reason.OK: "done",
    Reason.PENDING_APPROVAL: "waiting for approval",
    Reason.NOT_AUTHORISED: "not authorised",
    Reason.NOT_IDENTIFIED: "not identified",
    Reason.BAD_INPUT: "not understood",
    Reason.UNKNOWN_COMMAND: "unknown command",
    Reason.AMBIGUOUS: "ambiguous",
    Reason.NOT_FOUND: "not found",
    Reason.PHI_BLOCKED: "stopped: it looks like patient data",
    Reason.DUPLICATE: "counted already",
    Reason.FROZEN: "frozen",
    Reason.LOCKED: "locked",
    Reason.CI_NOT_GREEN: "CI is not green",
    Reason.CHANGE_REQUIRED: "a change record is required",
    Reason.HALTED: "everything is stopped",
    Reason.EXPIRED: "expired, it has not run",
    Reason.REJECTED: "rejected, it has not run",
    Reason.CANCELLED: "cancelled, it has not run",
    Reason.SUPERSEDED: "superseded, it has not run",
    Reason.PRECHECK_FAILED: "a check failed",
    Reason.FAILED: "failed",
    Reason.UNKNOWN_OUTCOME: "outcome unknown, a person has to look",
    Reason.AUDIT_UNAVAILABLE: "the audit log could not be written, nothing was done",
    Reason.UNAVAILABLE: "unavailable",
}

STATES = {
    StepState.WAITING: "Waiting",
    StepState.RUNNING: "Running",
    StepState.DONE: "Done",
    StepState.FAILED: "Failed",
    StepState.SKIPPED: "Skipped",
    StepState.UNKNOWN: "Unknown",
}


def status(reply: Reply) -> str:
    """Return how the attempt ended as a sentence's end, or "" where nothing needs saying."""
    return "" if reply.reason is Reason.OK else f"Status: {REASONS[reply.reason]}"
