"""What a change request says of one of our changes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from datetime import datetime

    from bot.api import Change, TicketMapping
    from integrations.servicenow.states import Choices

SHORT: Final = 160
LONG: Final = 4000
RISKS: Final = {"low": "low", "medium": "moderate", "high": "high"}


def fields(change: Change, mapping: TicketMapping, choices: Choices) -> Mapping[str, str]:
    """Return the fields of a change request that are ours; what is empty is left as it is."""
    found = {
        "short_description": change.summary[:SHORT],
        "description": "\n".join(_said(change))[:LONG],
        "implementation_plan": change.implementation[:LONG],
        "backout_plan": change.backout[:LONG],
        "test_plan": change.test_evidence[:LONG],
        "risk_impact_analysis": change.clinical_impact[:LONG],
        "risk": choices.of("risk", RISKS.get(change.risk, "")),
        "start_date": moment(change.window_start),
        "end_date": moment(change.window_end),
        "assignment_group": mapping.assignment_group,
        "cmdb_ci": mapping.items.get(change.service, ""),
    }
    return {name: text for name, text in found.items() if text}


def moment(at: datetime) -> str:
    """Return a time as the API takes it: UTC, without saying so."""
    return at.strftime("%Y-%m-%d %H:%M:%S")


def _said(change: Change) -> Iterator[str]:
    yield f"{change.number} of Wardroom, asked for by {change.requester}."
    yield f"Service: {change.service}, {change.environment}"
    for name, text in (
        ("Version", change.version),
        ("Sites", ", ".join(change.sites)),
        ("Template", change.template),
        ("Validator", change.validator),
        ("Incident", change.incident),
        ("Request", change.request),
        ("Approved by", ", ".join(change.approvers)),
        ("Deploy", change.deploy),
        ("Note", change.close_note),
    ):
        if text:
            yield f"{name}: {text}"
