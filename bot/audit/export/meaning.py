"""What an event means to those who read audit logs: DICOM's event, action and outcome.

DICOM PS3.15 A.5.3: 110101 Audit Log Used is a read (R); 110100 Application Activity and 110113
Security Alert are executions (E). Our verbs do not say more than that about what they did.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from bot.model import Event, Kind, Reason


@dataclass(frozen=True)
class Code:
    """A code of DICOM's and its meaning."""

    value: str
    name: str


@dataclass(frozen=True)
class Meaning:
    """An event in DICOM's terms; `outcome` is 0, 4, 8 or 12, as in RFC 3881."""

    event: Code
    type: Code | None
    action: str
    outcome: int
    is_known: bool


ACTIVITY: Final = Code("110100", "Application Activity")
LOG_USED: Final = Code("110101", "Audit Log Used")
ALERT: Final = Code("110113", "Security Alert")
START: Final = Code("110120", "Application Start")
STOP: Final = Code("110121", "Application Stop")
USER_CHANGED: Final = Code("110137", "User Security Attributes Changed")
SOURCE: Final = Code("110153", "Source Role ID")
DESTINATION: Final = Code("110152", "Destination Role ID")

READ, EXECUTE = "R", "E"

_TYPES: Final = {"start": START, "stop": STOP, "link": USER_CHANGED, "unlink": USER_CHANGED}
_SUSPECT: Final = frozenset({Reason.NOT_AUTHORISED, Reason.NOT_IDENTIFIED, Reason.PHI_BLOCKED})
_NOMINAL: Final = frozenset({"", Reason.OK, Reason.PENDING_APPROVAL, Reason.DUPLICATE})
_SERIOUS: Final = frozenset({Reason.FAILED, Reason.UNKNOWN_OUTCOME, Reason.UNAVAILABLE})
SUCCESS, MINOR, SERIOUS, MAJOR = 0, 4, 8, 12


def meaning(event: Event) -> Meaning:
    """Return what an event is in DICOM's terms."""
    verb, reason = str(event.data.get("verb", "")), str(event.data.get("reason", ""))
    of_type = _TYPES.get(verb.partition(" ")[0])
    if verb.startswith("audit"):
        found, action = LOG_USED, READ
    elif reason in _SUSPECT or of_type is USER_CHANGED:
        found, action = ALERT, EXECUTE
    else:
        found, action = ACTIVITY, EXECUTE
    is_known = bool(reason) or event.data.get("kind") not in {Kind.INTENT, Kind.EFFECT}
    return Meaning(found, of_type, action, _outcome(reason), is_known)


def _outcome(reason: str) -> int:
    if reason in _NOMINAL:
        return SUCCESS
    if reason == Reason.AUDIT_UNAVAILABLE:
        return MAJOR
    return SERIOUS if reason in _SERIOUS else MINOR


def severity(event: Event, levels: Mapping[int, int]) -> int:
    """Return how bad an event is on a format's own scale, by its outcome."""
    return levels[meaning(event).outcome]


def host_of(replica: str) -> tuple[str, str]:
    """Return the machine and the process of a replica, which are written `host:pid`."""
    host, _, process = replica.rpartition(":")
    return (host, process) if host else (replica, "")
