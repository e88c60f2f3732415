"""The canonical bytes of an audit event: what is stored, hashed, exported and verified.

A body is one line of JSON: an object with sorted keys and no spaces, ASCII only (anything else
is escaped), with strings, whole numbers below 2**53, true, false, null, arrays and objects.
Inside these limits the bytes are those of RFC 8785. `v` is the format's version; the stored bytes
are the truth, so a later version of this module never rewrites an earlier event.
"""

from __future__ import annotations

import json
import operator
import re
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final, TypeAlias

from bot.model import Draft, Json, Place

FORMAT: Final = 2
"""Of 2 are digests in the place of sensitive texts; without any, an event is as one of 1."""
MAX_TEXT: Final = 40_000
"""Characters of one text that are kept: the length of the longest Slack message."""

_LIMIT: Final = 2**53
_MAX_BODY: Final = 2**20
_SHALLOW: Final = 50  # objects and lists in an event
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
# PostgreSQL's JSON has neither, and SQLite ends a text at the first.
_UNSTORABLE: Final = re.compile("[\x00\ud800-\udfff]")

_TEXTS: Final = (
    "verb",
    "correlation",
    "person",
    "service",
    "environment",
    "request",
    "deploy",
    "change",
    "incident",
    "policy_version",
    "text",
    "error",
)

_named: Final = operator.attrgetter(*_TEXTS)

Fields: TypeAlias = dict[str, Json]

_encode = json.JSONEncoder(
    ensure_ascii=True, allow_nan=False, sort_keys=True, separators=(",", ":"), check_circular=False
).encode


@dataclass(frozen=True)
class Stamp:
    """What the log adds to a draft: its place, time, id, and who wrote it.

    `ts` is in microseconds since 1970; `skew_us` is how far the clock was behind the event
    before, in which case `ts` repeats that event's.
    """

    seq: int
    ts: int
    id: str
    software: str
    replica: str
    skew_us: int = 0


def compose(draft: Draft, stamp: Stamp) -> Fields:
    """Return an event's fields; empty ones are left out.

    ValueError where something is no text. A text is cut at `MAX_TEXT` characters and says so;
    NUL and lone surrogates become U+FFFD.
    """
    if not _is_plain(draft):
        draft = _cleaned(draft)
    account, place = draft.account, draft.place
    fields: Fields = {
        "skew_us": stamp.skew_us,
        "id": stamp.id,
        "kind": draft.kind.value,
        "correlation": draft.correlation,
        "actor": _filled(
            person=draft.person,
            roles=list(draft.roles),
            platform=account.platform if account else "",
            account=account.user if account else "",
            tenant=account.tenant if account else "",
        ),
        "place": _filled(platform=place.platform, channel=place.channel, thread=place.thread)
        if place
        else None,
        "verb": draft.verb,
        "target": _filled(service=draft.service, environment=draft.environment),
        "request": draft.request,
        "deploy": draft.deploy,
        "change": draft.change,
        "incident": draft.incident,
        "late": dict(draft.late),
        "params": dict(draft.params),
        "reason": draft.reason.value if draft.reason else "",
        "decision": _filled(policies=list(draft.policies), version=draft.policy_version),
        "text": draft.text,
        "error": draft.error,
        "software": stamp.software,
        "replica": stamp.replica,
    }
    return {"v": FORMAT, "seq": stamp.seq, "ts": stamp.ts, **_filled(**fields)}


def encode(fields: Fields) -> bytes:
    """Return the canonical bytes of what `compose` returned; ValueError above 1 MiB."""
    body = _encode(fields).encode("ascii")
    if len(body) > _MAX_BODY:
        raise ValueError(f"an audit event of {len(body)} bytes is too large")
    return body


def canonical(value: Json) -> bytes:
    """Return the canonical bytes of any JSON; ValueError for what the format leaves out."""
    _check(value)
    return _encode(value).encode("ascii")


def parse(body: bytes) -> Fields:
    """Read an event's body; ValueError for anything that this format cannot hold."""
    try:
        text = body.decode("ascii")
        value = json.loads(
            text,
            object_pairs_hook=_object,
            parse_float=_refuse,
            parse_constant=_refuse,
            parse_int=_whole,
        )
        # What else is refused is written as an escape, or nested as no event is: looking into
        # every value of every event would take longer than all the rest of a search.
        if "\\u" in text or text.count("{") + text.count("[") > _SHALLOW:
            _check(value)
    except RecursionError:
        raise ValueError("nested too deeply") from None
    if not isinstance(value, dict):
        raise ValueError("an event is an object")  # noqa: TRY004 - callers expect ValueError alone
    return value


def storable(text: str) -> str:
    """Return a text as it is stored: NUL and lone surrogates become U+FFFD."""
    return _UNSTORABLE.sub("\ufffd", text)


def microseconds(at: datetime) -> int:
    """Return a time as microseconds since 1970."""
    return (at - _EPOCH) // _MICROSECOND


def moment(ts: int) -> datetime:
    """Return microseconds since 1970 as a time."""
    return _EPOCH + timedelta(microseconds=ts)


def _filled(**fields: Json) -> Fields:
    return {name: value for name, value in fields.items() if value}


def _is_plain(draft: Draft) -> bool:
    """Say whether a draft can be stored as it is: nearly every one can, and this is quick."""
    texts = [*_named(draft), *draft.roles, *draft.policies, *draft.params, *draft.params.values()]
    if draft.account:
        texts += vars(draft.account).values()  # ids; an account's kind is a text as well
    if draft.place:
        texts += vars(draft.place).values()
    try:
        whole = "".join(texts)
    except TypeError as error:
        raise ValueError(f"an audit event holds texts only: {error}") from None
    return whole.isascii() and len(whole) <= MAX_TEXT and "\x00" not in whole


def _cleaned(draft: Draft) -> Draft:
    account, place = draft.account, draft.place
    texts: dict[str, Any] = {name: _text(getattr(draft, name)) for name in _TEXTS}
    return replace(
        draft,
        roles=tuple(_text(role) for role in draft.roles),
        policies=tuple(_text(policy) for policy in draft.policies),
        params={_key(name): _text(value) for name, value in draft.params.items()},
        account=account
        and replace(
            account,
            platform=_text(account.platform),
            user=_text(account.user),
            tenant=_text(account.tenant),
        ),
        place=place and Place(_text(place.platform), _text(place.channel), _text(place.thread)),
        **texts,
    )


def _text(value: str) -> str:
    if len(value) > MAX_TEXT:
        value = f"{value[:MAX_TEXT]}... (cut: {len(value)} characters in all)"
    return storable(value)


def _key(name: str) -> str:
    if not isinstance(name, str) or not name.isascii() or "\x00" in name:
        raise ValueError("a parameter's name is ASCII")
    return name


def _refuse(literal: str) -> Json:
    raise ValueError(f"{literal[:20]} is not a whole number")


def _whole(literal: str) -> int:
    value = int(literal)
    if abs(value) >= _LIMIT:
        raise ValueError("a number of 2**53 or more is not exact everywhere")
    return value


def _object(pairs: list[tuple[str, Json]]) -> Fields:
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise ValueError("a key appears twice")
    return fields


def _check(value: object) -> None:
    """Refuse what is not in the format: ValueError."""
    if isinstance(value, str):
        if _UNSTORABLE.search(value):
            raise ValueError("NUL and lone surrogates cannot be stored")
    elif isinstance(value, int):
        if abs(value) >= _LIMIT:
            raise ValueError("a number of 2**53 or more is not exact everywhere")
    elif isinstance(value, dict):
        for name, item in value.items():
            _key(name)
            _check(item)
    elif isinstance(value, list | tuple):
        for item in value:
            _check(item)
    elif value is not None:
        raise ValueError(f"{type(value).__name__} is not in the format")
