"""How a signature is written wherever somebody reads it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.moments import written

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bot.model import Approval


def signature(approval: Approval) -> str:
    """Return the printed name, the moment in UTC and the meaning; "" for what was not signed."""
    if approval.signed_at is None:
        return ""
    at = written(approval.signed_at, to_the_second=True)
    return f"{approval.signed_name}, {at}: {approval.meaning}"


def given(approvals: Iterable[Approval]) -> str:
    """Return who has approved, and which of them have signed."""
    return ", ".join(
        f"{approval.person} (signed)" if approval.is_signed else approval.person
        for approval in approvals
    )
