"""What an issue says of one of our changes; Cloud takes its document format, Data Center text."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final

from bot.api import ConfigurationError, written

if TYPE_CHECKING:
    from bot.api import Change, TicketMapping

SHORT: Final = 250  # of the 255 characters of a summary
LONG: Final = 30_000  # of the 32 767 of a description


def fields(change: Change, *, is_cloud: bool) -> Mapping[str, Any]:
    """Return the fields of an issue that are ours."""
    lines = [line[:LONG] for line in _said(change)]
    return {
        "summary": " ".join(change.summary.split())[:SHORT],
        "description": _document(lines) if is_cloud else "\n".join(lines)[:LONG],
    }


def opening(mapping: TicketMapping, correlation: str) -> Mapping[str, Any]:
    """Return the fields that an issue is opened with; the label is how it is found again."""
    return {
        **{name: _value(name, text) for name, text in mapping.fields.items()},
        "project": {"key": mapping.project},
        "issuetype": {"name": mapping.issue_type},
        "labels": [correlation],
    }


def _value(name: str, text: str) -> Any:
    """Return a field's value; what Jira wants as an object or a list is written as JSON."""
    if not text.startswith(("{", "[")):
        return text
    try:
        return json.loads(text)
    except ValueError:
        raise ConfigurationError(f"tickets.fields.{name}: is no JSON") from None


def _document(lines: list[str]) -> Mapping[str, Any]:
    """Return lines in Atlassian's document format."""
    paragraphs = [
        {"type": "paragraph", "content": [{"type": "text", "text": line}]}
        for line in lines
        if line.strip()
    ]
    return {"type": "doc", "version": 1, "content": paragraphs}


def _said(change: Change) -> Iterator[str]:
    yield f"{change.number} of Wardroom, asked for by {change.requester}."
    for name, text in (
        ("Service", f"{change.service}, {change.environment}"),
        ("Type", change.type.value),
        ("State", change.state.value.replace("_", " ")),
        ("Risk", change.risk),
        ("Window", f"{written(change.window_start)} to {written(change.window_end)}"),
        ("Version", change.version),
        ("Sites", ", ".join(change.sites)),
        ("Clinical impact", change.clinical_impact),
        ("Implementation", change.implementation),
        ("Test evidence", change.test_evidence),
        ("Back-out plan", change.backout),
        ("Template", change.template),
        ("Validator", change.validator),
        ("Incident", change.incident),
        ("Request", change.request),
        ("Approved by", ", ".join(change.approvers)),
        ("Deploy", change.deploy),
        ("Result", change.result.value.replace("_", " ") if change.result else ""),
        ("Note", change.close_note),
    ):
        if text:
            yield f"{name}: {text}"
