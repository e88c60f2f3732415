"""Hands out an event's fields one by one, so that no format can drop one without noticing."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Final, TypeAlias

from bot.model import Json

Path: TypeAlias = tuple[str, ...]

# Controls become their pictures; what ends a line or turns the order of reading becomes U+FFFD.
# The stored bytes go beside them, so that nothing is lost by it.
_PICTURES: Final = {code: 0x2400 + code for code in range(0x20)} | {0x7F: 0x2421}
_HIDDEN: Final = dict.fromkeys(
    [
        *range(0x80, 0xA0),
        *(0x061C, 0x200E, 0x200F, 0x2028, 0x2029),
        *range(0x202A, 0x202F),
        *range(0x2066, 0x206A),
        *range(0xD800, 0xE000),
        *(0xFFFE, 0xFFFF),
    ],
    0xFFFD,
)
_VISIBLE: Final = _PICTURES | _HIDDEN
_VISIBLE_LINES: Final = {code: to for code, to in _VISIBLE.items() if chr(code) not in "\t\n\r"}


class Fields:
    """An event's fields: a format takes those that it has a place for, the others are the rest."""

    def __init__(self, data: Mapping[str, Json]) -> None:
        self._left: dict[Path, Json] = dict(_leaves(data, ()))

    def take(self, *path: str) -> str:
        """Take what stands at a path, as text; "" where nothing does."""
        value = self._left.pop(path, "")
        return value if isinstance(value, str) else text_of(value)

    def take_all(self, *path: str) -> list[str]:
        """Take a list of texts; empty where there is none."""
        value = self._left.pop(path, None)
        if value is None:
            return []
        return [each if isinstance(each, str) else text_of(each) for each in _list(value)]

    def take_group(self, *path: str) -> dict[str, Json]:
        """Take everything below a path, in the shape that it has there."""
        below = [each for each in self._left if each[: len(path)] == path]
        return _nested((each[len(path) :], self._left.pop(each)) for each in below)

    def rest(self) -> list[tuple[str, str]]:
        """Take what is left: dotted paths and texts."""
        left, self._left = self._left, {}
        return [
            (".".join(path), value if isinstance(value, str) else text_of(value))
            for path, value in left.items()
        ]

    def rest_nested(self) -> dict[str, Json]:
        """Take what is left, in the shape that it has."""
        return self.take_group()


def text_of(value: Json) -> str:
    """Return a value that is no text as one."""
    return json.dumps(value, separators=(",", ":"), sort_keys=True)


def visible(text: str, *, lines: bool = True) -> str:
    """Return a text in which nothing acts instead of being read; `lines` keeps line ends."""
    if text.isprintable():
        return text
    return text.translate(_VISIBLE_LINES if lines else _VISIBLE)


def shown_json(value: Json) -> Json:
    """Return a value in which every text is visible."""
    if isinstance(value, str):
        return visible(value)
    if isinstance(value, Mapping):
        return {visible(key): shown_json(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [shown_json(item) for item in value]
    return value


def _leaves(value: Mapping[str, Json], path: Path) -> Iterator[tuple[Path, Json]]:
    for key, item in value.items():
        if isinstance(item, Mapping) and item:
            yield from _leaves(item, (*path, key))
        else:
            yield (*path, key), item


def _list(value: Json) -> list[Json]:
    return list(value) if isinstance(value, list | tuple) else [value]


def _nested(leaves: Iterator[tuple[Path, Json]]) -> dict[str, Json]:
    whole: dict[str, Json] = {}
    for path, value in leaves:
        at: dict[str, Json] = whole
        for key in path[:-1]:
            below = at.setdefault(key, {})
            at = below if isinstance(below, dict) else {}
        at[path[-1]] = value
    return whole
