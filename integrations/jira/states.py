"""Jira's statuses in our words, by their names: every workflow has its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Self

from bot.api import TICKET_WAY, ChangeResult, TicketApproval, TicketState

# What workflows of changes are wont to call them; `tickets.states` of the settings comes first.
USUAL: Final[Mapping[TicketState, tuple[str, ...]]] = {
    TicketState.NEW: ("open", "to do", "draft", "planning"),
    TicketState.AWAITING_APPROVAL: ("review", "awaiting approval", "awaiting cab approval"),
    TicketState.SCHEDULED: ("awaiting implementation", "scheduled"),
    TicketState.IMPLEMENT: ("implementing", "in progress"),
    TicketState.REVIEW: ("post implementation review", "in review"),
    TicketState.CLOSED: ("completed", "closed", "done", "failed"),
    TicketState.CANCELLED: ("canceled", "cancelled"),
    TicketState.REJECTED: ("declined", "rejected"),
}
ENDED: Final = frozenset({TicketState.CLOSED, TicketState.CANCELLED, TicketState.REJECTED})
FAILED: Final = "failed"
WELL: Final = frozenset({ChangeResult.SUCCESSFUL, ChangeResult.SUCCESSFUL_WITH_ISSUES, None})


@dataclass(frozen=True)
class Names:
    """Which status is which of ours, by its name in lower case."""

    by_name: Mapping[str, TicketState]

    @classmethod
    def made(cls, states: Mapping[str, str]) -> Self:
        """Put a site's names before the usual ones; several are parted by commas."""
        found = {name: state for state, names in USUAL.items() for name in names}
        for state, names in states.items():
            for name in names.split(","):
                found[name.strip().lower()] = TicketState(state)
        return cls(found)

    def of(self, status: object) -> TicketState:
        """Return where a status is; one without a word of ours has ended where Jira says done."""
        if not isinstance(status, Mapping):
            return TicketState.UNKNOWN
        known = self.by_name.get(str(status.get("name", "")).strip().lower())
        if known is not None:
            return known
        category = status.get("statusCategory")
        is_done = isinstance(category, Mapping) and category.get("key") == "done"
        return TicketState.CLOSED if is_done else TicketState.UNKNOWN

    def following(
        self,
        offered: Sequence[Mapping[str, Any]],
        here: TicketState,
        wanted: TicketState,
        result: ChangeResult | None,
    ) -> str:
        """Return the transition that leads furthest towards what is wanted, "" for none."""
        leads = [(self.of(one.get("to")), one) for one in offered if one.get("id")]
        if wanted is TicketState.CANCELLED or here not in TICKET_WAY:
            fit = [(0, one) for state, one in leads if state is wanted]
        else:
            reach = TICKET_WAY[TICKET_WAY.index(here) + 1 : TICKET_WAY.index(wanted) + 1]
            fit = [(TICKET_WAY.index(state), one) for state, one in leads if state in reach]
        if not fit:
            return ""
        most = max(rank for rank, _ in fit)
        furthest = [one for rank, one in fit if rank == most]
        furthest.sort(key=lambda one: _is_failed(one) is (result in WELL))
        return str(furthest[0]["id"])


def approval(rows: Sequence[Mapping[str, Any]]) -> TicketApproval:
    """Return what the approvers of a request have said."""
    said = [str(row.get("finalDecision", "")).lower() for row in rows]
    if not said:
        return TicketApproval.NONE
    if "declined" in said:
        return TicketApproval.REJECTED
    if "pending" in said:
        return TicketApproval.REQUESTED
    return TicketApproval.APPROVED if set(said) == {"approved"} else TicketApproval.UNKNOWN


def _is_failed(transition: Mapping[str, Any]) -> bool:
    to = transition.get("to")
    return isinstance(to, Mapping) and str(to.get("name", "")).strip().lower() == FAILED
