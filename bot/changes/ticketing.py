"""How the ticket of a change stands, and what is said when it is tried again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.errors import Conflict
from bot.model import Reply, TicketApproval
from bot.moments import written

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from bot.stores import Following


def without(number: str) -> str:
    """Return why a change has no ticket."""
    return (
        f"No ticket follows {number}: there is no ticket system in the settings, or there was "
        "none when it was opened."
    )


def shown(number: str, row: Following | None, now: datetime) -> Reply:
    """Return where a ticket is, what it waits for, and what can be done."""
    if row is None:
        return Reply(without(number), refs={"change": number})
    text = f"{number}: {row.said}."
    if row.is_dead:
        text += f" It is not tried any more; `change retry {number}` tries it again."
    refs = {"change": number, "ticket": row.number}
    return Reply(
        text,
        title=f"Ticket of {number}",
        fields=tuple((name, said) for name, said in _fields(row, now) if said),
        refs={name: value for name, value in refs.items() if value},
    )


def retried(row: Following, *, again: bool) -> Reply:
    """Return what is said once a ticket is tried again; `Conflict` where nothing is to be done."""
    if not again:
        raise Conflict(f"There is nothing to try: {row.said}.")
    refs = {"change": row.change}
    return Reply(
        f"The ticket of {row.change} is tried again: it is looked for at {row.system} first, and "
        f"asked for only if it is surely not there. `change ticket {row.change}` says how it went.",
        refs=refs | ({"ticket": row.number} if row.number else {}),
    )


def _fields(row: Following, now: datetime) -> Iterator[tuple[str, str]]:
    yield "System", row.system
    yield "Number there", row.number
    yield "State there", row.state.replace("_", " ") if row.number else ""
    yield "Approval there", row.approval.value if row.approval is not TicketApproval.NONE else ""
    yield "Conflicts there", ", ".join(row.conflicts).replace("_", " ")
    yield "Up to date", "yes" if row.shown >= row.revision else "no"
    yield "Asked for", written(row.sent) if row.sent else ""
    yield "Refused since", written(row.since) if row.since else ""
    yield "Tries", str(row.tries) if row.tries else ""
    waits = row.shown < row.revision and not row.is_dead
    yield "Next try", written(max(row.due, now)) if waits else ""
    yield "Why", row.trouble
    yield "Found by", row.correlation
