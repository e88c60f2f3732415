"""How each ending leaves the shell: 0 done or waiting, 2 refused or bad input, 1 failed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bot.model import Reason

DONE, FAILED, REFUSED = 0, 1, 2
BY_WEIGHT = (DONE, REFUSED, FAILED)

EXITS: Mapping[Reason, int] = {
    Reason.OK: DONE,
    Reason.PENDING_APPROVAL: DONE,
    Reason.NOT_AUTHORISED: REFUSED,
    Reason.NOT_IDENTIFIED: REFUSED,
    Reason.BAD_INPUT: REFUSED,
    Reason.UNKNOWN_COMMAND: REFUSED,
    Reason.AMBIGUOUS: REFUSED,
    Reason.NOT_FOUND: REFUSED,
    Reason.PHI_BLOCKED: REFUSED,
    Reason.DUPLICATE: REFUSED,
    Reason.FROZEN: REFUSED,
    Reason.LOCKED: REFUSED,
    Reason.CI_NOT_GREEN: REFUSED,
    Reason.CHANGE_REQUIRED: REFUSED,
    Reason.HALTED: REFUSED,
    Reason.EXPIRED: REFUSED,
    Reason.REJECTED: REFUSED,
    Reason.CANCELLED: REFUSED,
    Reason.SUPERSEDED: REFUSED,
    Reason.PRECHECK_FAILED: REFUSED,
    Reason.FAILED: FAILED,
    Reason.UNKNOWN_OUTCOME: FAILED,
    Reason.AUDIT_UNAVAILABLE: FAILED,
    Reason.UNAVAILABLE: FAILED,
}


def worst(reasons: Sequence[Reason]) -> int:
    """Return the exit code of the worst of several endings."""
    return max((EXITS[reason] for reason in reasons), key=BY_WEIGHT.index, default=DONE)
