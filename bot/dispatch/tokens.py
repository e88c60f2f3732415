"""Splits what a human typed into tokens, undoing what keyboards and chat clients did to it.

Phones turn `--` into an em dash and quotes into curly ones, chat clients insert non-breaking and
zero-width characters, Slack writes `<@U012|name>`, `<#C012|name>`, `<url|label>` and the entities
`&amp; &lt; &gt;` (platforms.md §1.2). Every token remembers where it came from, so that a
free-text reason can be kept byte for byte.
"""

from __future__ import annotations

import html
import re
from dataclasses import dataclass

from bot.errors import BadInput

ZERO_WIDTH = dict.fromkeys(map(ord, "\u200b\u200c\u200d\u2060\ufeff\u00ad"))
DOUBLE = '"\u201c\u201d\u201e\u201f\u00ab\u00bb'
SINGLE = "'\u2018\u2019\u201a\u201b"
DASHES = "\u2012\u2013\u2014\u2015\u2212"
# A Slack token never contains another one; the label, when there is one, is what was shown.
WIRE = re.compile(r"<([@#!]?)([^<>|\s]{1,2000})(?:\|([^<>]{0,300}))?>")


@dataclass(frozen=True)
class Token:
    """One word; `start` and `end` are offsets into the text as it came, quotes included."""

    text: str
    start: int
    end: int
    quoted: bool = False


def tokens(text: str, *, wire: bool = False) -> list[Token]:
    """Split a line into tokens; `BadInput` names a quote that is never closed.

    `wire` marks Slack's encoding: only there is `&amp;` an ampersand and `<url|label>` a label.
    """
    found: list[Token] = []
    at = 0
    while at < len(text):
        if _is_space(text[at]):
            at += 1
            continue
        read = _quoted if text[at] in DOUBLE + SINGLE else _bare
        token = read(text, at, wire=wire)
        if token.text or token.quoted:
            found.append(token)
        at = token.end
    return found


def plain(text: str, *, wire: bool = False) -> str:
    """Return a word as it was meant: odd characters undone, and Slack's encoding where it is."""
    shown = (unwire(text) if wire else text).translate(ZERO_WIDTH)
    shown = shown.replace("\u2026", "...")
    if shown[:1] in DASHES and shown[:1]:
        return "--" + shown.lstrip(DASHES + "-")
    return shown


def unwire(text: str) -> str:
    """Undo Slack's own encoding, and nothing else, in text that is to be kept as typed."""
    return html.unescape(WIRE.sub(_shown, text))


def _shown(match: re.Match[str]) -> str:
    sigil, target, label = match.groups()
    if sigil in ("@", "#"):
        return sigil + target
    return label or target


def _is_space(char: str) -> bool:
    return char.isspace()


def _bare(text: str, start: int, *, wire: bool) -> Token:
    at = start
    while at < len(text) and not _is_space(text[at]):
        # `--reason="two words"`: a quote that follows `=` holds its spaces together.
        if text[at] in DOUBLE and text[at - 1] == "=":
            inner = _quoted(text, at, wire=wire)
            return Token(plain(text[start:at], wire=wire) + inner.text, start, inner.end)
        label = WIRE.match(text, at) if wire else None  # a label may hold spaces
        at = label.end() if label else at + 1
    return Token(plain(text[start:at], wire=wire), start, at)


def _quoted(text: str, start: int, *, wire: bool) -> Token:
    family = DOUBLE if text[start] in DOUBLE else SINGLE
    at, inside = start + 1, []
    while at < len(text):
        char = text[at]
        if char == "\\" and text[at + 1 : at + 2] in (*family, "\\"):
            inside.append(text[at + 1])
            at += 2
            continue
        if char in family and _closes(text, at, family):
            said = "".join(inside)
            return Token(unwire(said) if wire else said, start, at + 1, quoted=True)
        inside.append(char)
        at += 1
    if family is SINGLE:
        # An apostrophe that opens nothing ('tis) is a letter.
        return _bare_from_apostrophe(text, start, wire=wire)
    shown = unwire(text[start:]) if wire else text[start:]
    raise BadInput(
        f"The quote that starts at {shown[:12]!r} is never closed: "
        "put a closing quote at the end of it."
    )


def _closes(text: str, at: int, family: str) -> bool:
    # Inside single quotes an apostrophe between letters belongs to the word.
    following = text[at + 1 : at + 2]
    return family is DOUBLE or not following.isalnum()


def _bare_from_apostrophe(text: str, start: int, *, wire: bool) -> Token:
    at = start + 1
    while at < len(text) and not _is_space(text[at]):
        at += 1
    return Token(plain(text[start:at], wire=wire), start, at)
