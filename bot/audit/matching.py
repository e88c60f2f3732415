"""What a query means: whether an event matches, decided on the event itself."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final

from bot.audit import record
from bot.model import AuditQuery, Json

PATHS: Final = {
    "person": ("actor", "person"),
    "service": ("target", "service"),
    "environment": ("target", "environment"),
    **{name: (name,) for name in ("verb", "reason", "kind", "correlation")},
    **{name: (name,) for name in ("request", "deploy", "change", "incident")},
}
"""Where in an event's fields each filter looks."""

_PLAIN: Final = re.compile(r"[ !#-\[\]-~]+")
_SEPARATOR: Final = "\x00"  # in no text of an event, so that no word matches across two of them


def matches(fields: Mapping[str, Json], query: AuditQuery) -> bool:
    """Say whether an event is what was looked for."""
    if any(at(fields, path) != wanted for path, wanted in wanted_values(query)):
        return False
    ts = fields.get("ts")
    if not isinstance(ts, int):
        return False
    if query.since and ts < record.microseconds(query.since):
        return False
    if query.until and ts >= record.microseconds(query.until):
        return False
    if not query.words:
        return True
    whole = _fold(_SEPARATOR.join(_texts(fields)))
    return all(_fold(word) in whole for word in query.words)


def wanted_values(query: AuditQuery) -> Iterator[tuple[tuple[str, ...], str]]:
    """Return the filters that are set, as a path into the fields and the value there."""
    for name, path in PATHS.items():
        if wanted := getattr(query, name):
            yield path, wanted


def plain_runs(query: AuditQuery) -> list[str]:
    """Return texts that every match has in its stored bytes, in some case, longest first.

    A word's other characters are escaped there; what is left of it is.
    """
    runs = {run for word in query.words for run in _PLAIN.findall(word)}
    return sorted(runs, key=len, reverse=True)


def at(fields: Mapping[str, Json], path: tuple[str, ...]) -> Json:
    """Return what stands at a path, None where nothing does."""
    value: Json = fields
    for key in path:
        value = value.get(key) if isinstance(value, Mapping) else None
    return value


def _texts(value: Json) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from _texts(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _texts(item)


def _fold(text: str) -> str:
    if text.isascii():
        return text.lower()
    return "".join(map(_fold_letter, text))


def _fold_letter(letter: str) -> str:
    """Lower a letter; one that has no lower form of its own kind stays as it is.

    The Kelvin sign's is the letter k, which the database could not have found for it.
    """
    lower = letter.lower()
    return lower if letter.isascii() or (len(lower) == 1 and not lower.isascii()) else letter
