"""ServiceNow's states in our words: its numbers are read from the instance, by their labels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from bot.api import (
    TICKET_WANTED,
    TICKET_WAY,
    ChangeResult,
    Rejected,
    TicketApproval,
    TicketState,
)
from integrations.servicenow.rest import value

if TYPE_CHECKING:
    from bot.api import TicketMapping

# The labels that ServiceNow ships; `tickets.states` of the settings has those of a site.
LABELS: Final[Mapping[str, TicketState]] = {
    "new": TicketState.NEW,
    "assess": TicketState.AWAITING_APPROVAL,
    "authorize": TicketState.AWAITING_APPROVAL,
    "scheduled": TicketState.SCHEDULED,
    "implement": TicketState.IMPLEMENT,
    "review": TicketState.REVIEW,
    "closed": TicketState.CLOSED,
    "canceled": TicketState.CANCELLED,
    "cancelled": TicketState.CANCELLED,
}
ENDED: Final = frozenset({TicketState.CLOSED, TicketState.CANCELLED})
APPROVALS: Final[Mapping[str, TicketApproval]] = {
    "not requested": TicketApproval.NONE,
    "not_required": TicketApproval.NONE,
    "": TicketApproval.NONE,
    "requested": TicketApproval.REQUESTED,
    "approved": TicketApproval.APPROVED,
    "rejected": TicketApproval.REJECTED,
}
CLOSE_CODES: Final[Mapping[ChangeResult, str]] = {
    ChangeResult.SUCCESSFUL: "successful",
    ChangeResult.SUCCESSFUL_WITH_ISSUES: "successful with issues",
    ChangeResult.ROLLED_BACK: "unsuccessful",
    ChangeResult.FAILED: "unsuccessful",
    ChangeResult.NOT_IMPLEMENTED: "unsuccessful",
}


@dataclass(frozen=True)
class Choices:
    """The choices of one instance: by field, what each label (in lower case) stands for."""

    by_label: Mapping[str, Mapping[str, str]]
    states: Mapping[str, TicketState]
    order: Sequence[str] = ()

    @classmethod
    def read(cls, rows: Sequence[Mapping[str, Any]], mapping: TicketMapping) -> Choices:
        """Take them from the rows of `sys_choice`; `Rejected` where states are not there."""
        found: dict[str, dict[str, str]] = {}
        for row in rows:
            label = value(row, "label").strip().lower()
            found.setdefault(value(row, "element"), {}).setdefault(label, value(row, "value"))
        labels = dict(LABELS)
        labels |= {label.strip().lower(): TicketState(s) for s, label in mapping.states.items()}
        numbers = found.get("state", {})
        states = {numbers[label]: state for label, state in labels.items() if label in numbers}
        missing = [state.value for state in TICKET_WANTED.values() if state not in states.values()]
        if missing:
            raise Rejected(
                f"ServiceNow has no state for {', '.join(dict.fromkeys(missing))} among "
                f"{', '.join(sorted(numbers)) or 'none at all'}: name yours in tickets.states."
            )
        return cls(found, states, tuple(numbers.values()))

    def state(self, row: Mapping[str, Any]) -> TicketState:
        """Return where a change request is; UNKNOWN for a state that we have no word for."""
        return self.states.get(value(row, "state"), TicketState.UNKNOWN)

    def of(self, field: str, label: str) -> str:
        """Return the value that a label of a field stands for, "" where there is no such label."""
        return self.by_label.get(field, {}).get(label, "")


def approval(row: Mapping[str, Any]) -> TicketApproval:
    """Return what the approvers of a change request have said."""
    return APPROVALS.get(value(row, "approval"), TicketApproval.UNKNOWN)


def steps(
    offered: Mapping[str, Any], choices: Choices, here: str, wanted: TicketState
) -> Sequence[str]:
    """Return the state values that lead on from here to what is wanted, the furthest first."""
    if wanted is TicketState.CANCELLED:
        may = [one for one in _open(offered) if choices.states.get(one) is wanted]
        return [one for one in may if one != here]
    now = choices.states.get(here, TicketState.UNKNOWN)
    if now not in TICKET_WAY:
        return []
    first, last = TICKET_WAY.index(now), TICKET_WAY.index(wanted)
    # Within one of ours there may be two of theirs (Assess, Authorize), in the instance's order.
    behind = (first, choices.order.index(here))
    found = [
        (TICKET_WAY.index(state), choices.order.index(one))
        for one in _open(offered)
        if (state := choices.states.get(one)) in TICKET_WAY
    ]
    onward = [one for one in found if behind < one and one[0] <= last]
    return [choices.order[place] for _, place in sorted(onward, reverse=True)]


def _open(offered: Mapping[str, Any]) -> Sequence[str]:
    """Return the states that may be gone to now; where conditions are told, they have to be met."""
    states = offered.get("available_states")
    if not isinstance(states, list):
        return []
    named = [str(one) for one in states]
    told = offered.get("state_transitions")
    flat = [one for group in told for one in group] if isinstance(told, list) else []
    if not flat:
        return named
    met = {str(one.get("to_state")) for one in flat if one.get("transition_available")}
    return [one for one in named if one in met]
