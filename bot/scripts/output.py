"""What a script prints: the end of it, readable, with no secret and no patient data.

The guard and the masks see more than is kept, so that what the cut goes through is still found.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final

from bot.dispatch.outbound import masked_text

MOST: Final = 65_536
"""Bytes that are kept; docs/scripts.md says so."""
MORE: Final = 8_192
"""Bytes before those that are looked at too: a secret or a message may begin there."""
TAIL: Final = 2_500
"""Characters that a message shows."""
PART: Final = 16_384
"""Characters that the guard is given at once: it looks at no more than 40,000."""
HIDDEN: Final = "[secret]"
SHORTEST: Final = 4
"""Characters: a shorter secret would take words apart."""
_LOOKS: Final = (
    re.compile(
        r"""(?ix) (?<![a-z0-9]) ((?: [a-z0-9]+ [_-] )*
        (?: pass (?: word | wd | phrase )? | pwd | secret | token | api [_-]? key
        | access [_-]? key | private [_-]? key | credentials? )
        ["']? \s* [=:] \s* ["']? ) (?! \[secret\] ) [^\s"',;]+"""
    ),
    re.compile(r"(?i)(\bauthorization:\s*\w+\s+|\bbearer\s+)[A-Za-z0-9._~+/=-]{8,}"),
    re.compile(r"(?i)(\b[a-z][a-z0-9+.-]*://[^\s/:@]*:)[^\s/@]+(?=@)"),
    re.compile(r"()\b(?:xox[abposr]-[\w-]{8,}|gh[pousr]_\w{16,}|AKIA[A-Z0-9]{16})\b"),
    re.compile(r"()\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*"),
    re.compile(
        r"()-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)", re.DOTALL
    ),
)
_FIGURE: Final = re.compile(r"([a-z][a-z0-9_]{0,31})=([\w.:/+%-]{1,60})")


@dataclass(frozen=True)
class Kept:
    """What is kept of an output; `is_cut` says that there was more before it."""

    text: str
    is_cut: bool


class Output:
    """Takes what a script prints, as it comes, and never holds more than it needs."""

    def __init__(self) -> None:
        self._held = bytearray()
        self.taken = 0

    def take(self, data: bytes) -> None:
        """Take some more."""
        self.taken += len(data)
        self._held += data
        if len(self._held) > 2 * (MOST + MORE):
            del self._held[: len(self._held) - MOST - MORE]

    def kept(self, secrets: Collection[str]) -> Kept:
        """Return the end of it for people and for the store."""
        held = bytes(self._held[-MOST - MORE :])
        text = clean(held.decode("utf-8", "replace"), secrets)
        data = text.encode()
        is_cut = self.taken > len(held) or len(data) > MOST
        if is_cut:
            # Where the cut went through a line nobody knows what it said.
            end = data[-MOST:].decode("utf-8", "ignore")
            text = end.partition("\n")[2] or end
        return Kept(text.strip("\n"), is_cut)


def clean(text: str, secrets: Collection[str]) -> str:
    """Return a text that may be stored and shown: masked, and nothing in it moves a cursor."""
    for secret in sorted(secrets, key=len, reverse=True):
        for part in (secret, *secret.splitlines()):
            if len(part.strip()) >= SHORTEST:
                text = text.replace(part, HIDDEN)
    for shape in _LOOKS:
        text = shape.sub(rf"\1{HIDDEN}", text)
    text = text.replace("\r\n", "\n")
    return _guarded("".join(map(_plain, text)) if not text.isprintable() else text)


def _guarded(text: str) -> str:
    """Return a text with no patient data; a long one goes through the guard in parts.

    Twice, parted elsewhere: what the first parting went through is within a part of the second.
    """
    for first in (PART, PART // 2) if len(text) > PART else (PART,):
        parts = [text[:first]]
        parts += [text[at : at + PART] for at in range(first, len(text), PART)]
        text = "".join(map(masked_text, parts))
    return text


def tail(text: str) -> str:
    """Return the end of an output that a message has room for, from the start of a line."""
    if len(text) <= TAIL:
        return text
    end = text[-TAIL:]
    return "[...]\n" + (end.partition("\n")[2] or end)


def figures(text: str, declared: Collection[str]) -> Mapping[str, str]:
    """Return the `key=value` lines that are declared, the last one where a key is there twice."""
    found = (_FIGURE.fullmatch(line.strip()) for line in text.splitlines())
    return {match[1]: match[2] for match in found if match and match[1] in declared}


def _plain(char: str) -> str:
    if char in "\n\t" or char.isprintable():
        return char
    code = ord(char)
    return f"\\x{code:02x}" if code <= 0xFF else f"\\u{code:04x}"  # noqa: PLR2004 - one byte
