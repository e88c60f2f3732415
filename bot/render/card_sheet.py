"""What may stand on a card: harmless text, and its size as Teams measures it."""

from __future__ import annotations

import json
import re
from typing import Final

from bot.render.plain import WORD_JOINER, inert

TAB: Final = 8  # columns, as in a terminal
NO_BREAK_SPACE: Final = "\u00a0"

# A client computes {{DATE(...)}} and {{TIME(...)}} in every text; a templating host ${...} as well.
COMPUTED = re.compile(r"[{$](?=\{)")
# What markdown is made of anywhere, and what makes a list or a heading at the start of a line.
MARKDOWN = re.compile(r"[\\`*_\[\]<>#|~&]|^[^\S\n]*(?:[+=-]|\d+[.)])", re.MULTILINE)
SPACES = re.compile(r"^ +| {2,}", re.MULTILINE)


def shown(said: str) -> str:
    """Return text that no client takes for a mention, nor computes anything in."""
    harmless = inert(said)
    if "{{" not in harmless and "${" not in harmless:
        return harmless
    return COMPUTED.sub(lambda match: match.group() + WORD_JOINER, harmless)


def escape(said: str) -> str:
    """Return text that markdown shows as it is."""
    return MARKDOWN.sub(_escaped, said)


def _escaped(match: re.Match[str]) -> str:
    marks = match.group()
    return f"{marks[:-1]}\\{marks[-1]}"


def columned(code: str) -> str:
    """Return code whose indents and columns stay: a web client joins spaces in a row."""
    return SPACES.sub(_kept, code.expandtabs(TAB))


def _kept(match: re.Match[str]) -> str:
    return NO_BREAK_SPACE * len(match.group())


def sendable(said: str) -> str:
    """Return a value that comes back as it was; only half a character cannot be sent at all."""
    return said.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def size(part: object) -> int:
    """Return the bytes of the part as UTF-16 JSON, which is what Teams counts."""
    written = json.dumps(part, ensure_ascii=False)
    return len(written.encode("utf-16-le", "surrogatepass"))
