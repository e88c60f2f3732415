"""OCSF 1.8.0, class 6003 API Activity: one event a line, as security lakes read it.

`raw_data` are the stored bytes; `unmapped.leaf` is SHA-256 over a zero byte and those bytes, and
`unmapped` holds whatever OCSF has no place for.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any, Final, TypeAlias

from bot.audit.export.fields import Fields, shown_json, visible
from bot.audit.export.meaning import (
    MAJOR,
    MINOR,
    READ,
    SERIOUS,
    SUCCESS,
    host_of,
    meaning,
    severity,
)
from bot.model import Event

Element: TypeAlias = dict[str, Any]

VERSION: Final = "1.8.0"
_CATEGORY, _CLASS = 6, 6003
_READ, _OTHER = (2, "Read"), (99, "Execute")
_SEVERITY: Final = {SUCCESS: 1, MINOR: 3, SERIOUS: 4, MAJOR: 5}
_SEVERITIES: Final = {1: "Informational", 3: "Medium", 4: "High", 5: "Critical"}
_UNKNOWN, _SUCCEEDED, _FAILED = (0, "Unknown"), (1, "Success"), (2, "Failure")
_SHA256: Final = 3
_USER: Final = 1
_MATTERS: Final = ("request", "deploy", "change", "incident")


def line(event: Event) -> bytes:
    """Return an event as a line of JSON."""
    return json.dumps(activity(event), separators=(",", ":")).encode() + b"\n"


def activity(event: Event) -> Element:
    """Return an event as an API Activity."""
    fields, said = Fields(event.data), meaning(event)
    fields.take("seq")
    ts = event.data.get("ts")
    milliseconds = ts // 1000 if isinstance(ts, int) else 0
    fields.take("ts")
    number, name = _READ if said.action == READ else _OTHER
    level = severity(event, _SEVERITY)
    outcome = _UNKNOWN if not said.is_known else _FAILED if said.outcome else _SUCCEEDED
    platform, replica = fields.take("actor", "platform"), fields.take("replica")
    correlation = fields.take("correlation")
    return _filled(
        **_numbered("activity", number, name),
        category_uid=_CATEGORY,
        category_name="Application Activity",
        class_uid=_CLASS,
        class_name="API Activity",
        type_uid=_CLASS * 100 + number,
        type_name=f"API Activity: {name if number != _OTHER[0] else 'Other'}",
        severity_id=level,
        severity=_SEVERITIES[level],
        status_id=outcome[0],
        status=outcome[1],
        status_code=_text(fields, "reason"),
        status_detail=_text(fields, "error"),
        time=milliseconds,
        message=_text(fields, "text"),
        metadata=_metadata(event, fields, correlation, milliseconds),
        actor=_actor(fields, platform),
        api=_api(fields, correlation),
        src_endpoint=_filled(
            svc_name=visible(_text(fields, "place", "platform") or platform or "wardroom"),
            uid=_text(fields, "place", "channel"),
        ),
        dst_endpoint=_filled(svc_name="wardroom", name=visible(host_of(replica)[0]))
        | _filled(instance_uid=visible(replica)),
        resources=_resources(fields),
        raw_data=event.body.decode("utf-8", "replace"),
        raw_data_size=len(event.body),
        raw_data_hash={
            "algorithm": "SHA-256",
            "algorithm_id": _SHA256,
            "value": hashlib.sha256(event.body).hexdigest(),
        },
        unmapped={"leaf": event.leaf.hex(), **_rest(fields)},
    )


def _rest(fields: Fields) -> Element:
    rest = shown_json(fields.rest_nested())
    return rest if isinstance(rest, dict) else {}


def _metadata(event: Event, fields: Fields, correlation: str, milliseconds: int) -> Element:
    product = {"name": "Wardroom", "vendor_name": "Wardroom"}
    number = _text(fields, "id")
    return _filled(
        version=VERSION,
        product=_filled(**product, version=_text(fields, "software")),
        uid=number,
        original_event_uid=number,
        sequence=event.seq,
        correlation_uid=visible(correlation),
        event_code=_text(fields, "kind"),
        log_name="audit",
        log_version=_text(fields, "v"),
        logged_time=milliseconds,
        original_time=event.at.isoformat(timespec="microseconds"),
        tenant_uid=_text(fields, "actor", "tenant"),
    )


def _actor(fields: Fields, platform: str) -> Element:
    person, account = _text(fields, "actor", "person"), _text(fields, "actor", "account")
    user = _filled(
        uid=person,
        account=_filled(uid=account, type=visible(platform)) if account else None,
        groups=[_role(role) for role in fields.take_all("actor", "roles")],
    )
    if person or account:
        user |= {"type_id": _USER, "type": "User"}
    return _filled(user=user, app_name=visible(platform or "wardroom"))


def _role(role: str) -> Element:
    return {"name": visible(role), "type": "role"}


def _api(fields: Fields, correlation: str) -> Element:
    params = shown_json(fields.take_group("params"))
    request = _filled(uid=visible(correlation), data=params)
    return _filled(
        operation=_text(fields, "verb") or "none",
        service={"name": "wardroom"},
        request=request if correlation else None,
    )


def _resources(fields: Fields) -> list[Element]:
    service, environment = _text(fields, "target", "service"), ""
    if service:
        environment = _text(fields, "target", "environment")
    version = _text(fields, "decision", "version")
    policies = fields.take_all("decision", "policies")
    found = [
        _filled(uid=service, type="service", namespace=environment),
        *(_filled(uid=_text(fields, name), type=name) for name in _MATTERS),
        *(
            _filled(uid=visible(policy), type="policy", version=version, role="deciding policy")
            for policy in policies
        ),
    ]
    if version and not policies:
        found.append({"uid": "policies", "type": "policy", "version": version})
    return [each for each in found if "uid" in each]


def _numbered(name: str, number: int, caption: str) -> Element:
    return {f"{name}_id": number, f"{name}_name": caption}


def _text(fields: Fields, *path: str) -> str:
    return visible(fields.take(*path))


def _filled(**elements: object) -> Element:
    return {name: value for name, value in elements.items() if value not in (None, "", [], {})}
