"""ArcSight's Common Event Format, version 0: one event a line, as SIEMs read it.

Where each field goes: `FIELDS`. What CEF has no key for is JSON in `wardroomRest`, and the stored
bytes are in `rawEvent`, so that the hash in `wardroomLeaf` can be computed again.
"""

from __future__ import annotations

from typing import Final

from bot.audit.export.fields import Fields, text_of, visible
from bot.audit.export.meaning import MAJOR, MINOR, SERIOUS, SUCCESS, host_of, severity
from bot.model import Event

FIELDS: Final[dict[tuple[str, ...], str]] = {
    ("id",): "externalId",
    ("kind",): "cat",
    ("verb",): "act",
    ("reason",): "outcome",
    ("error",): "reason",
    ("text",): "msg",
    ("actor", "person"): "suid",
    ("actor", "account"): "suser",
    ("actor", "tenant"): "sntdom",
    ("actor", "platform"): "sourceServiceName",
    ("target", "service"): "destinationServiceName",
    ("replica",): "deviceExternalId",
    ("correlation",): "wardroomCorrelation",
}
"""The keys of CEF, or of ours, for fields that are texts."""

LABELLED: Final[dict[tuple[str, ...], str]] = {
    ("target", "environment"): "cs1",
    ("place", "channel"): "cs2",
    ("request",): "cs3",
    ("deploy",): "cs4",
    ("change",): "cs5",
    ("incident",): "cs6",
}
"""CEF's six keys for texts that it has no name for; each is named by a label beside it."""

_SEVERITY: Final = {SUCCESS: 3, MINOR: 5, SERIOUS: 8, MAJOR: 10}


def line(event: Event) -> bytes:
    """Return an event as a line of CEF."""
    fields = Fields(event.data)
    kind, verb = str(event.data.get("kind", "")), str(event.data.get("verb", ""))
    software = fields.take("software")
    header = [
        *("CEF:0", "Wardroom", "Wardroom", _header(software or "0")),
        _header(f"{verb}:{kind}"),
        _header(f"{verb} {kind}"),
        str(severity(event, _SEVERITY)),
    ]
    return ("|".join(header) + "|" + " ".join(_pairs(event, fields)) + "\n").encode()


def _pairs(event: Event, fields: Fields) -> list[str]:
    found = {"rt": fields.take("ts")[:-3] or "0", "cn1": str(event.seq), "cn1Label": "seq"}
    found["wardroomTime"] = event.at.isoformat(timespec="microseconds")
    fields.take("seq")
    found |= {key: fields.take(*path) for path, key in FIELDS.items()}
    found["dvchost"] = host_of(found["deviceExternalId"])[0]
    found["spriv"] = " ".join(fields.take_all("actor", "roles"))
    for path, key in LABELLED.items():
        if value := fields.take(*path):
            found |= {key: value, f"{key}Label": path[-1]}
    policies = fields.take_all("decision", "policies")
    found["wardroomPolicies"] = " ".join(policies)
    params = fields.take_group("params")
    found["wardroomParams"] = text_of(params) if params else ""
    rest = fields.rest_nested()
    found["wardroomRest"] = text_of(rest) if rest else ""
    found["wardroomLeaf"] = event.leaf.hex()
    found["rawEvent"] = event.body.decode("utf-8", "replace")
    return [f"{key}={_value(value)}" for key, value in found.items() if value]


def _header(value: str) -> str:
    return visible(value, lines=False).replace("\\", "\\\\").replace("|", "\\|")


def _value(value: str) -> str:
    escaped = visible(value).replace("\\", "\\\\").replace("=", "\\=")
    return escaped.replace("\r", "\\r").replace("\n", "\\n")
