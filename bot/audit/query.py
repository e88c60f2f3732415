"""The query language of the log: `timeout by:engineer service:lab-results -outcome:ok since:2h`.

Words and quoted phrases must all occur, in any case, anywhere in an event's texts; `deplo*` where
a word begins. Filters must all hold. With a minus in front, none of it may be so. What is typed
never reaches a database as anything but a value.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final

from bot.errors import BadInput
from bot.model import AuditQuery, Kind, Reason

MAX_LENGTH: Final = 2_000

_FILTERS: Final = {
    **{name: name for name in ("person", "service", "environment", "verb", "reason", "kind")},
    **{name: name for name in ("request", "deploy", "change", "incident", "correlation")},
    "since": "since",
    "until": "until",
    "env": "environment",
    "outcome": "reason",
    "by": "person",
    "before": "until",
}
_SHORTEST_PREFIX: Final = 3
_TIMES: Final = ("since", "until")
_OTHER_WORDS: Final = {
    "denied": Reason.NOT_AUTHORISED.value,
    "unknown": Reason.UNKNOWN_OUTCOME.value,
}
_CLOSED: Final[dict[str, Collection[str]]] = {
    "reason": [reason.value for reason in Reason],
    "kind": [kind.value for kind in Kind],
}
_OUR_IDS: Final = re.compile(r"(?:req|dep|chg|inc|run)-[0-9]+", re.IGNORECASE)
_TOKEN: Final = re.compile(
    r"""(?P<minus>-(?=[\w"]))?            # none of it; a minus alone is a word
        (?:(?P<key>[A-Za-z_]+):(?!//))?   # a filter's name; https:// is a word
        (?:"(?P<phrase>[^"]*)"?|(?P<word>\S+))?""",
    re.VERBOSE,
)
_QUOTES: Final = str.maketrans("“”„", '"""')
_AGO: Final = re.compile(r"([0-9]{1,6})(m|h|d|w)")
_UNITS: Final = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def parse_query(text: str, *, now: datetime) -> AuditQuery:
    """Read what somebody typed; BadInput says what is wrong with it and what would not be."""
    if len(text) > MAX_LENGTH:
        raise BadInput(f"That is too long for a search: at most {MAX_LENGTH} characters.")
    text = text.translate(_QUOTES)
    texts: dict[str, list[str]] = {"words": [], "prefixes": [], "without": []}
    filters: dict[str, Any] = {}
    unlike: list[tuple[str, str]] = []
    for token in _TOKEN.finditer(text):
        value = (token["phrase"] if token["phrase"] is not None else token["word"] or "").strip()
        if token["key"] is None:
            if value:
                kind, said = _text(token, value)
                texts[kind].append(said)
            continue
        name = _filter(token["key"], token[0])
        wanted = _value(name, value, token, now)
        if token["minus"]:
            unlike.append((name, str(wanted)))
        elif name in filters:
            raise BadInput(f"`{token['key']}:` is there twice; an event has one.")
        else:
            filters[name] = wanted
    filters |= {kind: tuple(found) for kind, found in texts.items()}
    return AuditQuery(unlike=tuple(unlike), **filters)


def _text(token: re.Match[str], value: str) -> tuple[str, str]:
    """Return what a word or phrase is: in every match, at the beginning of a word, in none."""
    start = value[:-1]
    has_star = token["phrase"] is None and value.endswith("*") and any(map(str.isalnum, start))
    if has_star and token["minus"]:
        raise BadInput(
            f"`{token[0]}`: a minus goes with a whole word, a phrase or a filter.",
            hint=f"`-{start}` leaves out whatever has {start} anywhere.",
        )
    if has_star and len(start) < _SHORTEST_PREFIX:
        raise BadInput(
            f"Too many words begin with `{start}`; say at least {_SHORTEST_PREFIX} characters.",
            hint=f'To find the text itself: "{value}"',
        )
    if has_star:
        return "prefixes", start
    return ("without" if token["minus"] else "words"), value


def _filter(key: str, token: str) -> str:
    name = _FILTERS.get(key.lower())
    if name is None:
        near = difflib.get_close_matches(key.lower(), _FILTERS, n=3)
        meant = f"; did you mean {_listed(near)}?" if near else f"; there is {_listed(_FILTERS)}."
        raise BadInput(
            f"There is no filter `{key}:`{meant}", hint=f'To find the text itself: "{token}"'
        )
    return name


def _value(name: str, value: str, token: re.Match[str], now: datetime) -> str | datetime:
    key = token["key"]
    if not value:
        raise BadInput(f"`{key}:` needs a value right after the colon.")
    if name in _TIMES:
        if token["minus"]:
            raise BadInput(f"`-{key}:` makes no sense; there is `since:` and `until:`.")
        return _time(value, key, now, is_end=key.lower() == "until")
    if token["phrase"] is None and value.endswith("*"):
        raise BadInput(
            f"`{key}:` takes a whole value; a `*` ends words only.",
            hint=f'To find a value with a star: {key}:"{value}"',
        )
    if name in _CLOSED:
        said = value.lower().replace("-", "_")
        return _one_of(_OTHER_WORDS.get(said, said), key, _CLOSED[name])
    return value.upper() if _OUR_IDS.fullmatch(value) else value


def _one_of(value: str, key: str, known: Collection[str]) -> str:
    if value in known:
        return value
    near = difflib.get_close_matches(value, known, n=3)
    raise BadInput(f"There is no `{key}:{value}`; there is {', '.join(near or known)}.")


def _time(value: str, key: str, now: datetime, *, is_end: bool) -> datetime:
    try:
        if ago := _AGO.fullmatch(value.lower()):
            return now - timedelta(**{_UNITS[ago[2]]: int(ago[1])})
        if len(value) <= len("2026-11-01"):
            day = datetime.combine(date.fromisoformat(value), time(), UTC)
            return day + timedelta(days=1) if is_end else day
        at = datetime.fromisoformat(value)
        return (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise BadInput(
            f"`{key}:{value}` is no time; use a day (2026-11-01), a time in UTC "
            "(2026-11-01T09:30) or how long ago (30m, 2h, 7d, 2w)."
        ) from None


def _listed(names: Collection[str]) -> str:
    return ", ".join(f"`{name}:`" for name in names)
