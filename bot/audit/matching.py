"""What a query means: whether an event matches, decided on the event itself."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Iterator, Mapping
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
SEPARATOR: Final = "\x00"
"""Stands between two texts of an event, and in none, so that no word matches across two."""


def matches(fields: Mapping[str, Json], query: AuditQuery) -> bool:
    """Say whether an event is what was looked for."""
    if any(at(fields, path) != wanted for path, wanted in wanted_values(query)):
        return False
    if any(at(fields, PATHS[name]) == unwanted for name, unwanted in query.unlike):
        return False
    return _is_between(fields.get("ts"), query) and _says(fields, query)


def _is_between(ts: Json, query: AuditQuery) -> bool:
    if not isinstance(ts, int) or (query.since and ts < record.microseconds(query.since)):
        return False
    return not (query.until and ts >= record.microseconds(query.until))


def _says(fields: Mapping[str, Json], query: AuditQuery) -> bool:
    if not (query.words or query.prefixes or query.without):
        return True
    whole = whole_text(fields)
    return (
        all(fold(word) in whole for word in query.words)
        and not any(fold(word) in whole for word in query.without)
        and all(_beginning(prefix).search(whole) for prefix in query.prefixes)
    )


@functools.lru_cache(maxsize=64)
def _beginning(prefix: str) -> re.Pattern[str]:
    return re.compile(r"(?<![^\W_])" + re.escape(fold(prefix)))


def wanted_values(query: AuditQuery) -> Iterator[tuple[tuple[str, ...], str]]:
    """Return the filters that are set, as a path into the fields and the value there."""
    for name, path in PATHS.items():
        if wanted := getattr(query, name):
            yield path, wanted


def plain_runs(query: AuditQuery) -> list[str]:
    """Return texts that every match has in its stored bytes, in some case, longest first.

    A word's other characters are escaped there; what is left of it is.
    """
    words = (*query.words, *query.prefixes)
    runs = {run for word in words for run in _PLAIN.findall(word)}
    return sorted(runs, key=len, reverse=True)


def may_match(body: bytes, runs: list[bytes]) -> bool:
    """Say whether stored bytes have all these texts, which are lowered, in any case."""
    lowered = body.lower()
    return all(run in lowered for run in runs)


def at(fields: Mapping[str, Json], path: tuple[str, ...]) -> Json:
    """Return what stands at a path, None where nothing does."""
    value: Json = fields
    for key in path:
        value = value.get(key) if isinstance(value, Mapping) else None
    return value


def whole_text(fields: Mapping[str, Json]) -> str:
    """Return all texts of an event, folded, with a separator between them."""
    return fold(SEPARATOR.join(texts_of(fields)))


def texts_of(fields: Mapping[str, Json]) -> list[str]:
    """Return all texts of an event, as they are."""
    texts: list[str] = []
    _collect(fields.values(), texts)
    return texts


def _collect(values: Iterable[Json], texts: list[str]) -> None:
    for value in values:
        if isinstance(value, str):
            texts.append(value)
        elif isinstance(value, int):
            continue
        elif isinstance(value, Mapping):
            _collect(value.values(), texts)
        elif isinstance(value, list | tuple):
            _collect(value, texts)


def fold(text: str) -> str:
    """Return a text as words are compared: in one case."""
    if text.isascii():
        return text.lower()
    return "".join(map(_fold_letter, text))


def _fold_letter(letter: str) -> str:
    """Lower a letter; one that has no lower form of its own kind stays as it is.

    The Kelvin sign's is the letter k, which the database could not have found for it.
    """
    lower = letter.lower()
    return lower if letter.isascii() or (len(lower) == 1 and not lower.isascii()) else letter
