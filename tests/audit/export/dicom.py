"""What PS3.15 A.5.1 asks of an audit message, element by element: there is no schema to be had."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from xml.etree import ElementTree as ET

CODED = {"csd-code", "codeSystemName", "originalText"}
ANYTHING = re.compile(".*", re.DOTALL)
BASE64 = re.compile(r"(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?")
DATE_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")


@dataclass(frozen=True)
class Rule:
    """An element: attributes it must have and may have, its children in order, how often each."""

    must: set[str] = field(default_factory=set)
    may: set[str] = field(default_factory=set)
    children: tuple[tuple[str, int, int | None], ...] = ()
    values: dict[str, set[str]] = field(default_factory=dict)
    text: re.Pattern[str] | None = None


RULES = {
    "AuditMessage": Rule(
        children=(
            ("EventIdentification", 1, 1),
            ("ActiveParticipant", 1, None),
            ("AuditSourceIdentification", 1, 1),
            ("ParticipantObjectIdentification", 0, None),
        )
    ),
    "EventIdentification": Rule(
        must={"EventDateTime", "EventOutcomeIndicator"},
        may={"EventActionCode"},
        children=(
            ("EventID", 1, 1),
            ("EventTypeCode", 0, None),
            ("EventOutcomeDescription", 0, 1),
        ),
        values={"EventActionCode": set("CRUDE"), "EventOutcomeIndicator": {"0", "4", "8", "12"}},
    ),
    "EventID": Rule(must=CODED, may={"displayName"}),
    "EventTypeCode": Rule(must=CODED, may={"displayName"}),
    "EventOutcomeDescription": Rule(text=ANYTHING),
    "ActiveParticipant": Rule(
        must={"UserID", "UserIsRequestor"},
        may={
            "AlternativeUserID",
            "UserName",
            "NetworkAccessPointID",
            "NetworkAccessPointTypeCode",
        },
        children=(("RoleIDCode", 0, None), ("MediaIdentifier", 0, 1)),
        values={"UserIsRequestor": {"true", "false"}, "NetworkAccessPointTypeCode": set("12345")},
    ),
    "RoleIDCode": Rule(must=CODED, may={"displayName"}),
    "AuditSourceIdentification": Rule(
        must={"AuditSourceID"},
        may={"AuditEnterpriseSiteID"},
        children=(("AuditSourceTypeCode", 0, None),),
    ),
    "AuditSourceTypeCode": Rule(must={"csd-code"}, values={"csd-code": set("123456789")}),
    "ParticipantObjectIdentification": Rule(
        must={"ParticipantObjectID"},
        may={
            "ParticipantObjectTypeCode",
            "ParticipantObjectTypeCodeRole",
            "ParticipantObjectDataLifeCycle",
            "ParticipantObjectSensitivity",
        },
        children=(
            ("ParticipantObjectIDTypeCode", 1, 1),
            ("ParticipantObjectName", 0, 1),
            ("ParticipantObjectQuery", 0, 1),
            ("ParticipantObjectDetail", 0, None),
            ("ParticipantObjectDescription", 0, None),
        ),
        values={
            "ParticipantObjectTypeCode": set("1234"),
            "ParticipantObjectTypeCodeRole": {str(number) for number in range(1, 27)},
        },
    ),
    "ParticipantObjectIDTypeCode": Rule(must=CODED, may={"displayName"}),
    "ParticipantObjectName": Rule(text=ANYTHING),
    "ParticipantObjectQuery": Rule(text=BASE64),
    "ParticipantObjectDetail": Rule(must={"type", "value"}),
}


def assert_valid(root: ET.Element) -> None:
    """Check a message and everything in it."""
    assert root.tag == "AuditMessage"
    for element in root.iter():
        _check(element, RULES[element.tag])
    for thing in root.iter("ParticipantObjectIdentification"):
        named = [each.tag for each in thing if each.tag.endswith(("Name", "Query"))]
        assert len(named) == 1, "either a name or a query"
    for detail in root.iter("ParticipantObjectDetail"):
        assert BASE64.fullmatch(detail.attrib["value"])
    requestors = root.findall("ActiveParticipant[@UserIsRequestor='true']")
    assert len(requestors) <= 1
    moment = root[0].attrib["EventDateTime"]
    assert DATE_TIME.fullmatch(moment)


def _check(element: ET.Element, rule: Rule) -> None:
    has = set(element.attrib)
    assert rule.must <= has <= rule.must | rule.may, (element.tag, has)
    for name, allowed in rule.values.items():
        assert element.get(name, next(iter(allowed))) in allowed, (element.tag, name)
    tags = [child.tag for child in element]
    order = [name for name, _, _ in rule.children]
    assert tags == sorted(tags, key=order.index), (element.tag, tags)
    for name, least, most in rule.children:
        assert least <= tags.count(name) <= (len(tags) if most is None else most), name
    if rule.text is None:
        assert not (element.text or "").strip(), element.tag
    else:
        assert rule.text.fullmatch(element.text or ""), element.tag
