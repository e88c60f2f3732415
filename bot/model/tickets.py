"""A vendor's ticket about one of our changes, in our words."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Final

from bot.model.changes import ChangeState


class TicketState(enum.StrEnum):
    """Where a ticket is over there; whatever is not known to us is UNKNOWN, which means nothing."""

    NEW = "new"
    AWAITING_APPROVAL = "awaiting_approval"
    SCHEDULED = "scheduled"
    IMPLEMENT = "implement"
    REVIEW = "review"
    CLOSED = "closed"
    CANCELLED = "cancelled"
    REJECTED = "rejected"
    UNKNOWN = "unknown"


TICKET_WAY: Final = (
    TicketState.NEW,
    TicketState.AWAITING_APPROVAL,
    TicketState.SCHEDULED,
    TicketState.IMPLEMENT,
    TicketState.REVIEW,
    TicketState.CLOSED,
)
"""The way of a ticket whose change goes well, in this order."""

TICKET_WANTED: Final[Mapping[ChangeState, TicketState]] = {
    ChangeState.NEW: TicketState.NEW,
    ChangeState.AWAITING_APPROVAL: TicketState.AWAITING_APPROVAL,
    ChangeState.SCHEDULED: TicketState.SCHEDULED,
    ChangeState.IMPLEMENT: TicketState.IMPLEMENT,
    ChangeState.CLOSED: TicketState.CLOSED,
    ChangeState.CANCELLED: TicketState.CANCELLED,
}
"""Where a ticket has to be while our change is there."""


class TicketApproval(enum.StrEnum):
    """What the people who approve over there (a CAB) have said."""

    NONE = "none"
    REQUESTED = "requested"
    APPROVED = "approved"
    REJECTED = "rejected"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Ticket:
    """A ticket as the vendor shows it: no name and no free text of anybody over there.

    `number` is what people type there (CHG0030042), `url` what they open. `conflicts` are the
    kinds of conflict that the vendor sees in its calendars: in its own words, but what falls into
    a blackout ends with `BLACKOUT`, and what is outside of a maintenance window with `OUTSIDE`;
    `UNCHECKED` alone says that nothing was compared yet.
    """

    BLACKOUT: ClassVar[str] = "blackout"
    OUTSIDE: ClassVar[str] = "not_in_maintenance_window"
    UNCHECKED: ClassVar[str] = "not_checked"

    number: str
    url: str
    state: TicketState
    approval: TicketApproval = TicketApproval.NONE
    conflicts: tuple[str, ...] = ()


@dataclass(frozen=True)
class TicketMapping:
    """How a hospital has set its ticket system up; "" or empty is what the vendor ships.

    `items` are the vendor's configuration items by our service, `templates` its templates by ours,
    `states` its names of our states, and `fields` what every ticket is opened with.
    """

    project: str = ""
    issue_type: str = ""
    assignment_group: str = ""
    items: Mapping[str, str] = field(default_factory=dict)
    templates: Mapping[str, str] = field(default_factory=dict)
    states: Mapping[str, str] = field(default_factory=dict)
    fields: Mapping[str, str] = field(default_factory=dict)
