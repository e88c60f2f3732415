"""What is exported is what the standards say, in the opinion of others' models and schemas."""

from __future__ import annotations

import json
from functools import cache
from typing import Any
from xml.etree import ElementTree as ET

import jsonschema
import pytest
from fhir.resources.R4B.auditevent import AuditEvent
from ocsf_json_schema import OcsfJsonSchemaEmbedded, get_ocsf_schema
from pydantic import ValidationError

from bot.audit.export import atna, fhir, ocsf
from bot.audit.export.part import event_of
from bot.model import Event, Kind, Reason
from tests.audit.export import dicom, readers
from tests.audit.export.samples import event, hostile, least

MANY = [
    event(),
    least(),
    *hostile(),
    *(event(reason=reason) for reason in Reason),
    *(event(kind=kind, reason=None) for kind in Kind),
    *(event(verb=verb) for verb in ("audit search", "start", "link", "unlink")),
    event(verb="audit search", params={"query": "person:engineer"}),
    event(person="", account=None, place=None, roles=()),
    event(person=""),
    event(service="", policies=()),
    event(environment="", text=""),
    event(account=None, place=None),
    event(reason=None),
    event_of((5, b"\xff{", b"\x00" * 32)),
]


@cache
def ocsf_schema() -> jsonschema.Draft202012Validator:
    """The official schema of the class, as JSON schema."""
    schemas = OcsfJsonSchemaEmbedded(get_ocsf_schema(version=ocsf.VERSION))
    return jsonschema.Draft202012Validator(schemas.get_class_schema("api_activity", profiles=[]))


@pytest.mark.parametrize("of", MANY)
def test_fhir_validates_with_the_official_model(of: Event) -> None:
    resource = json.loads(fhir.line(of))
    read = AuditEvent.model_validate(resource)
    assert json.loads(read.model_dump_json())["entity"] == resource["entity"]


@pytest.mark.parametrize("missing", ["type", "agent", "recorded", "source"])
def test_the_official_model_of_fhir_would_say_what_is_missing(missing: str) -> None:
    resource = fhir.resource(event())
    del resource[missing]
    with pytest.raises(ValidationError):
        AuditEvent.model_validate(resource)


@pytest.mark.parametrize("of", MANY)
def test_ocsf_validates_with_the_official_schema(of: Event) -> None:
    ocsf_schema().validate(json.loads(ocsf.line(of)))


@pytest.mark.parametrize(
    "change", [{"actor": {}}, {"severity_id": 77}, {"api": {}}, {"surprise": 1}, {"time": "now"}]
)
def test_the_official_schema_of_ocsf_would_say_what_is_wrong(change: dict[str, Any]) -> None:
    assert not ocsf_schema().is_valid({**ocsf.activity(event()), **change})


@pytest.mark.parametrize("of", MANY)
def test_an_atna_message_is_as_dicom_describes_it(of: Event) -> None:
    (message,) = readers.frames(atna.framed(of))
    dicom.assert_valid(readers.read_atna(message)[1])


@pytest.mark.parametrize(
    "wrong",
    [
        "<AuditMessage/>",
        '<AuditMessage><ActiveParticipant UserID="x" UserIsRequestor="maybe"/></AuditMessage>',
    ],
)
def test_the_check_of_dicom_would_say_what_is_wrong(wrong: str) -> None:
    with pytest.raises(AssertionError):
        dicom.assert_valid(ET.fromstring(wrong))  # noqa: S314 - from this file


@pytest.mark.parametrize(
    ("changes", "code", "action", "outcome"),
    [
        ({"verb": "audit search", "reason": None}, "110101", "R", "0"),
        ({"verb": "audit export", "reason": None}, "110101", "R", "0"),
        ({"verb": "deploy", "reason": Reason.OK}, "110100", "E", "0"),
        ({"verb": "deploy", "reason": Reason.FROZEN}, "110100", "E", "4"),
        ({"verb": "deploy", "reason": Reason.FAILED}, "110100", "E", "8"),
        ({"verb": "deploy", "reason": Reason.AUDIT_UNAVAILABLE}, "110100", "E", "12"),
        ({"verb": "deploy", "reason": Reason.NOT_AUTHORISED}, "110113", "E", "4"),
        ({"verb": "page", "reason": Reason.PHI_BLOCKED}, "110113", "E", "4"),
        ({"verb": "link", "reason": Reason.OK}, "110113", "E", "0"),
    ],
)
def test_an_event_has_dicoms_code(
    changes: dict[str, Any], code: str, action: str, outcome: str
) -> None:
    of = event(**changes)
    resource = fhir.resource(of)
    happened = atna.xml(of)[0]
    assert (resource["type"]["code"], resource["action"], resource["outcome"]) == (
        *(code, action, outcome),
    )
    assert happened.find("EventID[@codeSystemName='DCM']").get("csd-code") == code  # type: ignore[union-attr] # it is there
    assert happened.get("EventActionCode") == action
    assert happened.get("EventOutcomeIndicator") == outcome


@pytest.mark.parametrize(
    ("changes", "status", "severity"),
    [
        ({"kind": Kind.INTENT, "reason": None}, "Unknown", "Informational"),
        ({"reason": Reason.OK}, "Success", "Informational"),
        ({"reason": Reason.NOT_AUTHORISED}, "Failure", "Medium"),
        ({"reason": Reason.FAILED}, "Failure", "High"),
    ],
)
def test_ocsf_says_how_it_ended(changes: dict[str, Any], status: str, severity: str) -> None:
    shown = ocsf.activity(event(**changes))
    assert (shown["status"], shown["severity"]) == (status, severity)
    assert shown["type_uid"] == shown["class_uid"] * 100 + shown["activity_id"]


def test_start_and_stop_are_of_dicoms_types() -> None:
    for verb, code in (("start", "110120"), ("stop", "110121"), ("unlink", "110137")):
        types = atna.xml(event(verb=verb))[0].findall("EventTypeCode")
        assert types[0].get("csd-code") == code


def test_the_header_of_a_message_has_a_dash_where_nothing_is_known() -> None:
    message = atna.message(least())
    assert message.startswith(
        b"<85>1 1970-01-01T00:00:00.000001Z - Wardroom - IHE+RFC-3881 - <?xml"
    )
