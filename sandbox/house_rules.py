"""The hospital's own rules for changes: calendar, on-call, templates, dependencies, one policy.

Nothing here stands in the tutorial's way, at any hour of any day: that deploys lab-results, and
what is closed at times is ehr-api (tagged core) and pacs (tagged imaging), in production.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sandbox.estate import service

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

Rows = list[dict[str, Any]]

ZONE = "Europe/London"
HOLIDAYS = "bank-holidays"
HOLIDAYS_FILE = f"{HOLIDAYS}.ics"
PATIENTS_FIRST: Rows = [
    {"change_types": ["emergency"], "reason": "patients come first"},
    {"break_glass": True, "reason": "patients come first"},
]

# A standard change to try: `change templates`, `change open --template restart-interface`.
RESTART: dict[str, Any] = {
    "id": "restart-interface",
    "title": "Restart one channel of the interface",
    "owner": "interfaces",
    "services": ["lab-results", "adt-feed"],
    "environments": ["production"],
    "authorised_by": "safety-officer",
    "authorised_until": "2099-12-31",
    "clinical_impact": "Results of one channel are up to two minutes late.",
    "implementation": "Stop and start the channel, then look at its queue.",
    "test_evidence": "Done every month in test.",
    "backout": "Start the channel again; nothing else is changed.",
    "validator": "safety-officer",
    "bounds": {
        "version": "1\\.4\\.[0-9]+",
        "max_hours": 2,
        "parameters": {
            "channel": {"one_of": ["oru", "adt"]},
            "batch": {"min": 1, "max": 50},
        },
    },
}

# An approval to sign: docs/signed-approvals.md says how it goes, step by step.
SIGNED_POLICY = """\
@id("class-c-signed")
@message("production of a class C service needs an approval that a clinical safety officer signed")
@needs("approval")
@role("clinical_safety_officer")
forbid (principal, action == Action::"run", resource in Group::"deploys")
when {
  context has environment && context.environment == "production"
  && context has safety_class && context.safety_class == "C"
}
unless {
  context.break_glass
  || context.approvals.signer_roles.contains(Role::"clinical_safety_officer")
};
"""


def templates(services: Collection[str]) -> Rows:
    """Return the templates of standard changes, of the services that there are."""
    here = [name for name in RESTART["services"] if name in services]
    return [{**RESTART, "services": here}] if here else []


def catalogue() -> Rows:
    """Return what Backstage says of the portal: it needs what the EHR provides.

    That is how the hospital knows that a change of one is in the way of a change of the other.
    """
    api = {"type": "openapi", "definition": "FHIR R4"}
    return [
        _described("API", "patients", "ehr", api),
        _described("Component", "ehr-api", "ehr", _SERVICE | {"providesApis": ["patients"]}),
        _described("Component", "portal", "web", _SERVICE | {"consumesApis": ["patients"]}),
    ]


_SERVICE = {"type": "service"}


def _described(kind: str, name: str, owner: str, said: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "apiVersion": "backstage.io/v1alpha1",
        "kind": kind,
        "metadata": {"name": name},
        "spec": {"lifecycle": "production", "owner": owner, **said},
    }


def calendars(services: Collection[str]) -> dict[str, Any]:
    """Return freezes, windows and holidays; a rule whose tag nothing has would be a mistake."""
    tags = {tag for name in services for tag in service(name).tags}

    def about(rules: Rows) -> Rows:
        return [rule for rule in rules if tags & set(rule["tags"])]

    feed = {"name": HOLIDAYS, "owner": "HR", "reason": "public holidays", "file": HOLIDAYS_FILE}
    return {
        "zone": ZONE,
        "freezes": about(
            [
                _handover("morning", "06:45", "07:30"),
                _handover("evening", "18:45", "19:30"),
                _holidays(),
            ]
        ),
        "windows": about([_imaging()]),
        "feeds": [{**feed, "use": "holidays"}],
    }


def _handover(which: str, starts: str, ends: str) -> dict[str, Any]:
    return {
        "name": f"{which} handover",
        "owner": "house supervisor",
        "reason": "wards hand over, nobody can look at a new problem",
        "rrule": "FREQ=DAILY",
        "starts": starts,
        "ends": ends,
        "environments": ["production"],
        "tags": ["core"],
        "exceptions": PATIENTS_FIRST,
    }


def _holidays() -> dict[str, Any]:
    return {
        "name": "public holidays",
        "owner": "change advisory board",
        "reason": "hardly anybody is here",
        "holidays": HOLIDAYS,
        "environments": ["production"],
        "tags": ["core"],
        "exceptions": PATIENTS_FIRST,
    }


def _imaging() -> dict[str, Any]:
    return {
        "name": "archive at rest",
        "owner": "radiology",
        "reason": "from 02:00 to 05:00 the images of the day are copied to the second site",
        "rrule": "FREQ=DAILY",
        "starts": "05:00",
        "ends": "02:00",
        "environments": ["production"],
        "tags": ["imaging"],
        "exceptions": PATIENTS_FIRST,
    }


def oncall() -> dict[str, Any]:
    """Return who takes turns, and whom a request that nobody answers is told to."""
    return {
        "zone": ZONE,
        "rotas": {
            "interfaces": _turns("engineer", "engineer-2"),
            "release-management": _turns("release-manager"),
            "clinical-safety": _turns("safety-officer"),
        },
        "escalation": [
            {"after": "2m", "rota": "release-management", "environments": ["production"]},
            {"after": "5m", "rota": "clinical-safety", "safety_classes": ["C"]},
        ],
    }


def _turns(*people: str) -> dict[str, Any]:
    return {"shifts": [{"turns": list(people), "from": "2026-01-05", "starts": "08:00"}]}


def holidays() -> str:
    """Return the public holidays of England as a calendar program writes them (RFC 5545)."""
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Sandbox hospital//bank holidays//EN"]
    for number, (name, first, *more) in enumerate(_DAYS, start=1):
        lines += ["BEGIN:VEVENT", f"UID:{number}@hospital.example", "DTSTAMP:20260101T000000Z"]
        lines += [f"DTSTART;VALUE=DATE:{first}", *more, f"SUMMARY:{name}", "END:VEVENT"]
    return "\r\n".join([*lines, "END:VCALENDAR", ""])


# Name, first day, and what recurs. A day that falls on a weekend is made up for on a working day.
_DAYS = (
    ("New Year's Day", "20260101", "RRULE:FREQ=YEARLY", "EXDATE;VALUE=DATE:20280101"),
    ("New Year's Day (made up for)", "20280103"),
    ("Good Friday", "20260403", "RDATE;VALUE=DATE:20270326,20280414,20290330"),
    ("Easter Monday", "20260406", "RDATE;VALUE=DATE:20270329,20280417,20290402"),
    ("Early May bank holiday", "20260504", "RRULE:FREQ=YEARLY;BYMONTH=5;BYDAY=1MO"),
    ("Spring bank holiday", "20260525", "RRULE:FREQ=YEARLY;BYMONTH=5;BYDAY=-1MO"),
    ("Summer bank holiday", "20260831", "RRULE:FREQ=YEARLY;BYMONTH=8;BYDAY=-1MO"),
    ("Christmas Day", "20251225", "RRULE:FREQ=YEARLY", "EXDATE;VALUE=DATE:20271225"),
    ("Boxing Day", "20251226", "RRULE:FREQ=YEARLY", "EXDATE;VALUE=DATE:20261226,20271226"),
    ("Boxing Day (made up for)", "20261228", "RDATE;VALUE=DATE:20271228"),
    ("Christmas Day (made up for)", "20271227"),
)
