"""How far a leak reaches: a hit is a few characters, what must go is the whole document."""

from __future__ import annotations

import re
from bisect import bisect_right
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

_BRACES = re.compile(r"[{}]")
_JSON_GOES_ON = re.compile(r"\s*[,\]}\"]")
_STRINGS_AND_BRACES = re.compile(r'"(?:[^"\\]|\\.)*+"|[{}]', re.DOTALL)
_JSON_LINE = re.compile(r"\s*(?:[\"'{}\[\],]|(?:-?\d[\d.]*|true|false|null),?\s*\Z)")
# How much further a string with a brace in it may carry a document.
_OVERSHOOT = 1_000
# A document or its wrapper may begin this far above the tag that gave it away.
_XML_HEADS = ("<?xml", "<bundle", "<clinicaldocument", "<feed")
# Lines without a separator between two lines with one: wrapped free text.
_WRAPPED_LINES = 2


def line_end(text: str, place: int) -> int:
    """Return where the line of `place` ends, before its line break."""
    end = text.find("\n", place)
    return len(text) if end < 0 else end


def line_start(text: str, place: int) -> int:
    """Return where the line of `place` begins."""
    return text.rfind("\n", 0, place) + 1


def delimited_end(text: str, place: int, marks: Sequence[str]) -> int:
    """Return the end of the run of lines from `place` on that hold one of `marks`."""
    end = line_end(text, place)
    missed = 0
    at = end
    while at < len(text) and missed <= _WRAPPED_LINES:
        following = line_end(text, at + 1)
        line = text[at + 1 : following]
        if any(mark in line for mark in marks):
            end, missed = following, 0
        elif line.strip():
            missed += 1
        at = following
    return end


def json_documents(text: str) -> list[tuple[int, int]]:
    """Return the outermost brace pairs of a text; one that never closes reaches the end."""
    documents = []
    depth = start = 0
    for match in _BRACES.finditer(text):
        if match.group() == "{":
            if depth == 0:
                start = match.start()
            depth += 1
        elif depth:
            depth -= 1
            if depth == 0:
                documents.append((start, match.end()))
    if depth:
        documents.append((start, len(text)))
    return documents


def json_extent(
    text: str, start: int, end: int, documents: Sequence[tuple[int, int]]
) -> tuple[int, int]:
    """Return the JSON document around a hit, or its JSON-like lines in a torn-off piece.

    Too much may go, too little may not: where counting every brace and counting those outside
    strings disagree, the longer reading counts, and what goes on like JSON is followed.
    """
    index = bisect_right(documents, (start, len(text))) - 1
    if index >= 0 and start < documents[index][1]:
        first, last = documents[index]
        last = max(last, end, _closing_brace(text, first, last + _OVERSHOOT))
        return first, _follow_json(text, last)
    return _json_lines(text, start, end)


def _closing_brace(text: str, start: int, limit: int) -> int:
    """Return the end of the object at `start`, braces in strings not counted; 0 if it has none."""
    depth = 0
    for token in _STRINGS_AND_BRACES.finditer(text, start, limit):
        if token.group() == "{":
            depth += 1
        elif token.group() == "}":
            depth -= 1
            if depth == 0:
                return token.end()
    return 0


def _follow_json(text: str, end: int) -> int:
    while end < len(text) and _JSON_GOES_ON.match(text, end):
        closing = text.find("}", end)
        if closing < 0:
            return len(text)
        end = closing + 1
    return end


def _json_lines(text: str, start: int, end: int) -> tuple[int, int]:
    first = line_start(text, start)
    while first > 0:
        above = line_start(text, first - 1)
        if not _JSON_LINE.match(text, above, first - 1):
            break
        first = above
    last = line_end(text, end)
    while last < len(text):
        below = line_end(text, last + 1)
        if not _JSON_LINE.match(text, last + 1, below):
            break
        last = below
    return first, last


def xml_extent(low: str, start: int) -> tuple[int, int]:
    """Return the XML document around a tag, up to the last closing tag of the text."""
    heads = [head for name in _XML_HEADS if (head := low.rfind(name, 0, start)) >= 0]
    closing = low.rfind("</", start)
    if closing < 0:
        return min(heads, default=start), len(low)
    end = low.find(">", closing)
    return min(heads, default=start), len(low) if end < 0 else end + 1
