"""Makes somebody's text harmless to show: no control, no hidden order, no live mention."""

from __future__ import annotations

import re
import unicodedata

# C0 but tab and newline, DEL, C1 (a terminal obeys them), lone surrogates (they do not encode).
CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
# Characters that reorder what follows: what is approved must be what is read.
REORDERING = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
# What chat platforms take for a mention or a command of theirs, with or without brackets.
LIVE = re.compile(
    r"(<)(?=[!@#][^\s>]|/?at\b)|(@)(?=(?:here|channel|everyone|group)\b)", re.IGNORECASE
)
WORD_JOINER = "\u2060"  # invisible, has no width, allows no line break
ELLIPSIS = "\u2026"
WIDE = ("W", "F")


def clean(text: str) -> str:
    """Return the text without anything that acts instead of being read."""
    if text.isprintable():
        return text  # nearly every text; no control, no format character, no surrogate is printable
    unified = text.replace("\r\n", "\n").replace("\r", "\n")
    return CONTROLS.sub("\ufffd", REORDERING.sub("", unified))


def inert(text: str) -> str:
    """Return clean text in which no mention is live on any chat platform."""
    harmless = clean(text)
    if "<" not in harmless and "@" not in harmless:
        return harmless
    return LIVE.sub(lambda match: match.group() + WORD_JOINER, harmless)


def cut(text: str, limit: int) -> str:
    """Return at most `limit` characters, the last one an ellipsis where some are missing."""
    if len(text) <= limit:
        return text
    return text[: limit - 1].rstrip() + ELLIPSIS


def cells(text: str) -> int:
    """Return how many columns of a terminal the text takes."""
    if text.isascii():
        return len(text)
    return sum(_cell(char) for char in text)


def pad(text: str, width: int) -> str:
    """Return the text filled with spaces to `width` terminal columns."""
    return text + " " * max(width - cells(text), 0)


def _cell(char: str) -> int:
    if unicodedata.combining(char) or unicodedata.category(char) == "Cf":
        return 0
    return 2 if unicodedata.east_asian_width(char) in WIDE else 1
