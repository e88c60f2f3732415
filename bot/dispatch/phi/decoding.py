"""One level of wrapping taken off: escapes, percent signs, entities, base64, hex."""

from __future__ import annotations

import binascii
import html
import re
from functools import lru_cache, partial
from typing import TYPE_CHECKING

from bot.dispatch.phi.view import Edit, View

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_PACKED_BYTES = 65_536
"""The most that is unpacked from one text; the cap on a text's length keeps below it."""

_MARKED = r"""
      (?<!\\)\\++(?: [rntfv"'/|] | [uU][0-9a-fA-F]{4} | x[0-9a-fA-F]{2} )    # JSON, Python, C
    | (?:%[0-9a-fA-F]{2})+                                                   # URL
    | &(?: \#[0-9]{1,7} | \#[xX][0-9a-fA-F]{1,6} | [a-zA-Z]{2,8} );          # HTML, XML, Slack
"""
_ESCAPES = re.compile(_MARKED, re.VERBOSE)
_ESCAPES_AND_QUOTED = re.compile(_MARKED + r"| =(?: [0-9A-F]{2} | [ \t]{0,4}\n )", re.VERBOSE)
# `limit=20` is not quoted-printable; a soft line break or an escaped line end, pipe or sign is.
_IS_QUOTED = re.compile(r"=(?:0D|0A|3D|7C|5E| ?\n)")
_LETTERS = {"r": "\r", "n": "\n", "t": "\t", "f": "\f", "v": "\v"}

# One token; lines of at least 60 characters go on, as mail and certificates wrap them.
_PACKED = re.compile(r"[A-Za-z0-9+/_-]{12,}(?:(?<=[A-Za-z0-9+/_-]{60}) ?\n[A-Za-z0-9+/_-]+)*={0,2}")
_HEX = re.compile(r"[0-9a-fA-F](?<![0-9A-Za-z][0-9a-fA-F])[0-9a-fA-F]{21,}(?![0-9A-Za-z])")
_SHORTEST_HEX, _SHORTEST_GLUED = 21, 16
_URL_SAFE = str.maketrans("-_", "+/", " \n=")
# A token glued to a path or a slug starts at an unknown place: try the four alignments.
_GLUE = re.compile(r"[/_+-]")
_LIKE_TEXT = re.compile(rb"[\t\r\n\x20-\x7e]{6}|(?:\xef[\xbc\xbd].){4}", re.DOTALL)
# Shorter runs of printable characters are what random bytes look like.
_READABLE = re.compile(r"[\t\n\v\r\x1c\x20-\x7e\xa0-\ufffc\U00010000-\U0010ffff]{9,}")


def unescape(view: View) -> View | None:
    """Read a text with its escapes decoded once, or None when it holds none."""
    text = view.text
    escapes = _ESCAPES
    if "=" in text and _IS_QUOTED.search(text):
        escapes = _ESCAPES_AND_QUOTED
    elif "\\" not in text and "%" not in text and "&" not in text:
        return None
    decoded, count = escapes.subn(_decode_match, text)
    return View(decoded, view, partial(_escape_edits, text, escapes)) if count else None


def _decode_match(match: re.Match[str]) -> str:
    return _decode(match.group())


@lru_cache(maxsize=1024)
def _decode(token: str) -> str:
    if token[0] == "%":
        return bytes.fromhex(token.replace("%", "")).decode(errors="replace")
    if token[0] == "&":
        return html.unescape(token)
    if token[0] == "=":
        return chr(int(token[1:], 16)) if token[1:].isalnum() else ""
    body = token.lstrip("\\")
    if body[0] in "uUx":
        return chr(int(body[1:], 16))
    return _LETTERS.get(body, body)


def _escape_edits(text: str, escapes: re.Pattern[str]) -> list[Edit]:
    edits = []
    shift = 0
    for match in escapes.finditer(text):
        size = len(_decode_match(match))
        width = match.end() - match.start()
        edits.append(Edit(match.start() + shift, size, match.start(), width))
        shift += size - width
    return edits


def unpack(view: View) -> View | None:
    """Read everything that base64 or hex tokens of a text hold, or None when they hold no text."""
    pieces: list[str] = []
    edits: list[Edit] = []
    at = 0
    for start, size, readable in _readable_tokens(view.text):
        piece = readable + "\n"
        pieces.append(piece)
        edits.append(Edit(at, len(piece), start, size))
        at += len(piece)
    return View("".join(pieces), view, lambda: edits) if pieces else None


def _readable_tokens(text: str) -> Iterator[tuple[int, int, str]]:
    for match in _PACKED.finditer(text):
        token = match.group()
        for raw in _unpacked(token):
            if readable := _readable(raw):
                yield match.start(), len(token), readable


def _unpacked(token: str) -> Iterator[bytes]:
    if len(token) > _SHORTEST_HEX and (hexed := _HEX.search(token)):
        digits = hexed.group()
        yield bytes.fromhex(digits[: len(digits) & ~1])
    if token.islower():
        # a slug: text in base64 shows capitals within a few characters
        return
    is_glued = _GLUE.search(token) is not None
    if is_glued and len(token) < _SHORTEST_GLUED:
        # 2024-06-11T03 and the like
        return
    body = token.translate(_URL_SAFE)
    alignments = 4 if is_glued else 1
    for skipped in range(alignments):
        # a last lone character carries no byte
        whole = len(body) - (1 if (len(body) - skipped) % 4 == 1 else 0)
        part = body[skipped:whole]
        yield binascii.a2b_base64(part + "=" * (-len(part) % 4))


def _readable(raw: bytes) -> str:
    """Return a text in UTF-8 whole, and of anything else the runs that can be read."""
    raw = raw[:MAX_PACKED_BYTES].replace(b"\x00", b"")
    try:
        return raw.decode()
    except UnicodeDecodeError:
        if not _LIKE_TEXT.search(raw):
            return ""
    runs = _READABLE.findall(raw.decode(errors="replace"))
    return "\n".join(run for run in runs if _has_words(run))


def _has_words(run: str) -> bool:
    """Ask for mostly ASCII, or for full-width letters and digits, which fold to it."""
    plain = sum(letter.isascii() or "\uff01" <= letter <= "\uff5e" for letter in run)
    return plain * 4 >= len(run) * 3
