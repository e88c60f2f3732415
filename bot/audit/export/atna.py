"""ATNA: DICOM audit messages (PS3.15 A.5) in RFC 5424 syslog, framed by their length.

Facility, severity and message id are those of IHE's ITI-20. Details are base64, as DICOM asks for
what may hold anything; the detail `body` of the last object are the stored bytes, `leaf` is SHA-256
over a zero byte and those bytes.
"""

from __future__ import annotations

import base64
from typing import Final
from xml.etree.ElementTree import Element, SubElement, tostring

from bot.audit.export import syslog
from bot.audit.export.fields import Fields, visible
from bot.audit.export.meaning import (
    ALERT,
    DESTINATION,
    LOG_USED,
    SOURCE,
    Code,
    host_of,
    meaning,
)
from bot.model import Event

MESSAGE_ID: Final = "IHE+RFC-3881"  # of an audit message (ITI TF-2, 3.20.4.1.2)
_DECLARATION: Final = '<?xml version="1.0" encoding="UTF-8"?>'
_SYSTEM_OBJECT: Final = "2"
_SECURITY_RESOURCE, _JOB, _QUERY, _RESOURCE = "13", "20", "24", "4"
_APPLICATION_SERVER: Final = "4"
_MACHINE_NAME: Final = "1"
_RFC3881: Final = "RFC-3881"
_OURS: Final = "Wardroom"
_URI, _SEARCH = Code("12", "URI"), Code("10", "Search Criteria")
_MATTERS: Final = ("request", "deploy", "change", "incident")


def framed(event: Event) -> bytes:
    """Return an event as a syslog message with its length before it."""
    return syslog.framed(message(event))


def message(event: Event) -> bytes:
    """Return an event as a syslog message."""
    return syslog.message(
        event, MESSAGE_ID, _DECLARATION + tostring(xml(event), encoding="unicode")
    )


def xml(event: Event) -> Element:
    """Return an event as DICOM's AuditMessage."""
    fields, said = Fields(event.data), meaning(event)
    for taken in ("seq", "ts"):
        fields.take(taken)
    whole = Element("AuditMessage")
    happened = SubElement(
        whole,
        "EventIdentification",
        EventActionCode=said.action,
        EventDateTime=event.at.isoformat(timespec="microseconds"),
        EventOutcomeIndicator=str(said.outcome),
    )
    _coded(happened, "EventID", said.event)
    if said.type:
        _coded(happened, "EventTypeCode", said.type)
    for name in ("verb", "kind"):
        value = fields.take(name)
        _coded(happened, "EventTypeCode", Code(value, value), _OURS)
    described = ": ".join(filter(None, (fields.take("reason"), fields.take("error"))))
    if described:
        SubElement(happened, "EventOutcomeDescription").text = visible(described, lines=False)
    _participants(whole, fields)
    source = SubElement(whole, "AuditSourceIdentification", AuditSourceID=_OURS)
    SubElement(source, "AuditSourceTypeCode", {"csd-code": _APPLICATION_SERVER})
    _objects(whole, event, fields, said.event)
    return whole


def _participants(whole: Element, fields: Fields) -> None:
    person, account = fields.take("actor", "person"), fields.take("actor", "account")
    platform, replica = fields.take("actor", "platform"), fields.take("replica")
    if person or account:
        user = _participant(whole, person or account, is_requestor=True)
        if account:
            user.set("AlternativeUserID", visible(account, lines=False))
        for role in fields.take_all("actor", "roles"):
            _coded(user, "RoleIDCode", Code(role, role), _OURS)
    if platform:
        client = _participant(whole, platform, is_requestor=False)
        _coded(client, "RoleIDCode", SOURCE)
    host = host_of(replica)[0]
    server = _participant(whole, replica or _OURS, is_requestor=False)
    server.set("UserName", visible(f"Wardroom {fields.take('software')}".strip(), lines=False))
    if host:
        server.set("NetworkAccessPointID", visible(host, lines=False))
        server.set("NetworkAccessPointTypeCode", _MACHINE_NAME)
    _coded(server, "RoleIDCode", DESTINATION)


def _participant(whole: Element, user: str, *, is_requestor: bool) -> Element:
    return SubElement(
        whole,
        "ActiveParticipant",
        UserID=visible(user, lines=False),
        UserIsRequestor=str(is_requestor).lower(),
    )


def _objects(whole: Element, event: Event, fields: Fields, of: Code) -> None:
    if service := fields.take("target", "service"):
        thing = _object(whole, service, Code("service", "service"), _RESOURCE)
        SubElement(thing, "ParticipantObjectName").text = visible(service, lines=False)
        if environment := fields.take("target", "environment"):
            _detail(thing, "target.environment", environment.encode())
    for name in _MATTERS:
        if value := fields.take(name):
            matter = _object(whole, value, Code(name, name), _JOB)
            SubElement(matter, "ParticipantObjectName").text = visible(value, lines=False)
    if of is LOG_USED and (query := fields.take("params", "query")):
        asked = _object(whole, "query", _SEARCH, _QUERY, _RFC3881)
        SubElement(asked, "ParticipantObjectQuery").text = _base64(query.encode())
    itself = _object(
        whole, f"urn:x-wardroom:audit-event:{event.seq}", _URI, _SECURITY_RESOURCE, _RFC3881
    )
    SubElement(itself, "ParticipantObjectName").text = "Security Audit Log"
    details = {"seq": str(event.seq), "leaf": event.leaf.hex()}
    if text := fields.take("text"):
        details |= {"text": text} | ({"Alert Description": text} if of is ALERT else {})
    for name, value in [*details.items(), *fields.rest()]:
        _detail(itself, name, value.encode())
    _detail(itself, "body", event.body)


def _object(whole: Element, number: str, kind: Code, role: str, system: str = _OURS) -> Element:
    found = SubElement(
        whole,
        "ParticipantObjectIdentification",
        ParticipantObjectID=visible(number, lines=False),
        ParticipantObjectTypeCode=_SYSTEM_OBJECT,
        ParticipantObjectTypeCodeRole=role,
    )
    _coded(found, "ParticipantObjectIDTypeCode", kind, system)
    return found


def _detail(thing: Element, name: str, value: bytes) -> None:
    SubElement(
        thing, "ParticipantObjectDetail", type=visible(name, lines=False), value=_base64(value)
    )


def _coded(parent: Element, name: str, code: Code, system: str = "DCM") -> None:
    attributes = {
        "csd-code": visible(code.value, lines=False),
        "codeSystemName": system,
        "originalText": visible(code.name, lines=False),
    }
    SubElement(parent, name, attributes)


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()
