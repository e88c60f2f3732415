"""Events to export: one with every field, and some with texts that nobody should obey."""

from __future__ import annotations

from typing import Any

from bot.audit import record
from bot.audit.tree import leaf_hash
from bot.model import Account, Draft, Event, Kind, Place, Reason

HOSTILE = {
    "formula": "=cmd|' /C calc'!A0",
    "lines": "first\nCEF:0|Evil|Evil|1|x|x|10|act=approve\r\n<85>1 - - - - - -",
    "pipes": "a|b\\|c=d \\",
    "ansi": "\x1b[2J\x1b[31mred\x07",
    "mention": "@channel <!channel> <@U1> @here",
    "markup": "<AuditMessage>&amp;]]><![CDATA[",
    "hidden": "pay\u202eyap\u2028line\u0085end",
    "frame": "10 <85>1 x",
    "braces": '{"seq":1}","leaf":"00',
    "blank": " \t ",
}


def event(seq: int = 7, **changes: Any) -> Event:
    """An event of which every field is filled, each with a value that no other has."""
    usual: dict[str, Any] = {
        "kind": Kind.OUTCOME,
        "verb": "deploy",
        "correlation": "the-correlation",
        "person": "the-person",
        "roles": ("role-one", "role-two"),
        "account": Account("actorplatform", "the-account", "the-tenant"),
        "place": Place("placeplatform", "the-channel", "the-thread"),
        "service": "the-service",
        "environment": "the-environment",
        "request": "REQ-1",
        "deploy": "DEP-2",
        "change": "CHG-3",
        "incident": "INC-4",
        "params": {"version": "1.4.2"},
        "reason": Reason.FAILED,
        "policies": ("policy-one", "policy-two"),
        "policy_version": "5f2c9a01",
        "text": "the text",
        "error": "the error",
    }
    stamp = record.Stamp(
        seq=seq,
        ts=1_763_803_800_123_456,
        id="0190f3a0-1111-7000-8000-000000000000",
        software="3.2.1",
        replica="the-host:4242",
        skew_us=99,
    )
    fields = record.compose(Draft(**(usual | changes)), stamp)
    body = record.encode(fields)
    return Event(seq, record.moment(stamp.ts), body, leaf_hash(body), fields)


def least() -> Event:
    """An event with nothing but what every event has."""
    stamp = record.Stamp(seq=1, ts=1, id="0190f3a0", software="", replica="")
    fields = record.compose(Draft(kind=Kind.SYSTEM, verb="start", correlation="c"), stamp)
    body = record.encode(fields)
    return Event(1, record.moment(1), body, leaf_hash(body), fields)


def hostile() -> list[Event]:
    """Events in which every free text is hostile."""
    return [
        event(
            text=said,
            error=said,
            verb=said,
            person=said,
            account=Account(said, said, said),
            service=said,
            request=said,
            correlation=said,
            params={"version": said, "query": said},
            policies=(said,),
            roles=(said,),
        )
        for said in HOSTILE.values()
    ]
