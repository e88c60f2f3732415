"""FHIR R4 AuditEvents, one a line (NDJSON, the form of bulk data).

The codes are those of IHE's Basic Audit Log Patterns: DICOM's for events and for the two machines,
its entity type for the transaction, and of the content identifiers only. No profile of it is
claimed, for they all require network addresses, which a chat command does not have.
"""

from __future__ import annotations

import base64
import json
from typing import Any, Final, TypeAlias
from urllib.parse import quote

from bot.audit.export.fields import Fields, visible
from bot.audit.export.meaning import DESTINATION, LOG_USED, SOURCE, Code, host_of, meaning
from bot.model import Event

Element: TypeAlias = dict[str, Any]

DCM: Final = "http://dicom.nema.org/resources/ontology/DCM"
OURS: Final = "urn:x-wardroom:"
_TERMS: Final = "http://terminology.hl7.org/CodeSystem/"
_BALP: Final = "https://profiles.ihe.net/ITI/BALP/CodeSystem/BasicAuditEntityType"
_SYSTEM_OBJECT: Final = {
    "system": f"{_TERMS}audit-entity-type",
    "code": "2",
    "display": "System Object",
}
_JOB, _SECURITY_RESOURCE, _QUERY, _RESOURCE = (
    {"system": f"{_TERMS}object-role", "code": code, "display": display}
    for code, display in (
        ("20", "Job"),
        ("13", "Security Resource"),
        ("24", "Query"),
        ("4", "Domain Resource"),
    )
)
_ADMINISTRATION: Final = {
    "system": f"{_TERMS}v3-ActReason",
    "code": "HSYSADMIN",
    "display": "health system administration",
}
_RECIPIENT, _AUTHOR = (
    {"system": f"{_TERMS}v3-ParticipationType", "code": code, "display": display}
    for code, display in (("IRCP", "information recipient"), ("AUT", "author (originator)"))
)
_SERVER: Final = {
    "system": f"{_TERMS}security-source-type",
    "code": "4",
    "display": "Application Server",
}
_MACHINE_NAME: Final = "1"
_EMPTY: Final = '""'  # FHIR has no empty string
_MATTERS: Final = ("request", "deploy", "change", "incident")


def line(event: Event) -> bytes:
    """Return an event as a line of NDJSON."""
    return json.dumps(resource(event), separators=(",", ":")).encode() + b"\n"


def resource(event: Event) -> Element:
    """Return an event as an AuditEvent."""
    fields, said = Fields(event.data), meaning(event)
    fields.take("seq")
    fields.take("ts")
    replica = fields.take("replica")
    kind, verb = fields.take("kind"), fields.take("verb")
    subtypes = [_dicom(said.type)] if said.type else []
    return _filled(
        resourceType="AuditEvent",
        id=fields.take("id"),
        type=_dicom(said.event),
        subtype=[*subtypes, _coding("verb", verb), _coding("kind", kind)],
        action=said.action,
        recorded=event.at.isoformat(timespec="microseconds"),
        outcome=str(said.outcome),
        outcomeDesc=visible(": ".join(filter(None, (fields.take("reason"), fields.take("error"))))),
        purposeOfEvent=[{"coding": [_ADMINISTRATION]}],
        agent=_agents(fields, replica, is_reading=said.event is LOG_USED),
        source={"observer": _who("replica", replica or "wardroom"), "type": [_SERVER]},
        entity=_entities(event, fields, is_reading=said.event is LOG_USED),
    )


def _agents(fields: Fields, replica: str, *, is_reading: bool) -> list[Element]:
    person, account = fields.take("actor", "person"), fields.take("actor", "account")
    platform, software = fields.take("actor", "platform"), fields.take("software")
    agents = []
    if person or account:
        system, value = ("person", person) if person else ("account", account)
        user = _filled(
            type={"coding": [_RECIPIENT if is_reading else _AUTHOR]},
            role=[{"coding": [_coding("role", r)]} for r in fields.take_all("actor", "roles")],
            who=_who(system, value),
            altId=visible(account),
            policy=[
                f"{OURS}policy:{quote(policy, safe='')}"
                for policy in fields.take_all("decision", "policies")
            ],
        )
        agents.append({**user, "requestor": True})
    if platform:
        source = {"type": {"coding": [_dicom(SOURCE)]}, "who": _who("platform", platform)}
        agents.append({**source, "requestor": False})
    host = host_of(replica)[0]
    server = _filled(
        type={"coding": [_dicom(DESTINATION)]},
        who=_who("replica", replica or "wardroom"),
        name=visible(f"Wardroom {software}".strip()),
        network=_filled(address=visible(host), type=_MACHINE_NAME) if host else None,
    )
    return [*agents, {**server, "requestor": False}]


def _entities(event: Event, fields: Fields, *, is_reading: bool) -> list[Element]:
    found: list[Element] = []
    if correlation := fields.take("correlation"):
        transaction = {"system": _BALP, "code": "XrequestId"}
        found.append({"what": _identified(correlation), "type": transaction})
    if service := fields.take("target", "service"):
        environment = fields.take("target", "environment")
        found.append(
            _filled(
                what=_who("service", service),
                type=_SYSTEM_OBJECT,
                role=_RESOURCE,
                detail=[_detail("target.environment", environment)] if environment else None,
            )
        )
    matters = [(name, value) for name in _MATTERS if (value := fields.take(name))]
    found += [
        {"what": _who(name, value), "type": _SYSTEM_OBJECT, "role": _JOB} for name, value in matters
    ]
    if is_reading and (query := fields.take("params", "query")):
        encoded = base64.b64encode(query.encode()).decode()
        found.append({"type": _SYSTEM_OBJECT, "role": _QUERY, "query": encoded})
    return [*found, _itself(event, fields)]


def _itself(event: Event, fields: Fields) -> Element:
    """Return the event as an entity: its number, hash and bytes, and all that has no other place.

    The detail `leaf` is SHA-256 over a zero byte and the bytes in `body`.
    """
    text = fields.take("text")
    body = base64.b64encode(event.body).decode()
    details = [
        _detail("seq", str(event.seq)),
        _detail("leaf", event.leaf.hex()),
        {"type": "body", "valueBase64Binary": body},
        *(_detail(name, value or _EMPTY) for name, value in fields.rest()),
    ]
    return _filled(
        what=_who("audit-event", str(event.seq)),
        type=_SYSTEM_OBJECT,
        role=_SECURITY_RESOURCE,
        description=visible(text),
        detail=details,
    )


def _detail(name: str, value: str) -> Element:
    return {"type": visible(name), "valueString": visible(value)}


def _who(system: str, value: str) -> Element:
    return {"identifier": {"system": OURS + system, "value": visible(value)}}


def _identified(value: str) -> Element:
    return {"identifier": {"value": visible(value)}}


def _dicom(code: Code) -> Element:
    return {"system": DCM, "code": code.value, "display": code.name}


def _coding(system: str, value: str) -> Element:
    """Return a code of ours: FHIR's codes have single spaces only, the display is exact."""
    shown = visible(value, lines=False)
    return _filled(system=OURS + system, code=" ".join(shown.split()), display=shown)


def _filled(**elements: object) -> Element:
    return {name: value for name, value in elements.items() if value not in (None, "", [])}
