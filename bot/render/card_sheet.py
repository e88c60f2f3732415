"""What is written on a card: harmless, within bounds, and measured as Teams measures it."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeVar

from bot.render.plain import WORD_JOINER, cut, inert

if TYPE_CHECKING:
    from collections.abc import Sequence

T = TypeVar("T")

NOTHING: Final = "\u2013"  # an empty text is not drawn at all
LEAST: Final = 40  # characters: below this a text says nothing
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


@dataclass
class Sheet:
    """Keeps what is drawn within bounds, and remembers whether anything was left out."""

    share: float = 1.0
    is_cut: bool = False

    def fit(self, said: str, limit: int) -> str:
        """Return harmless text of at most `limit` characters."""
        # One more than fits is enough to see that it has to be cut, however much there is.
        whole = shown(said.strip()[: limit + 1])
        kept = cut(whole, limit)
        self.is_cut |= kept != whole
        return kept

    def body(self, said: str, limit: int) -> str:
        """Return harmless text, shorter where the whole card has to shrink."""
        return self.fit(said, self.room(limit))

    def room(self, limit: int) -> int:
        """Return how many characters of `limit` there are when the whole card has to shrink."""
        return max(int(limit * self.share), LEAST)

    def first(self, things: Sequence[T], limit: int) -> Sequence[T]:
        """Return the first things of a list, fewer where the whole card has to shrink."""
        kept = things[: max(int(limit * self.share), 1)]
        self.is_cut |= len(kept) < len(things)
        return kept
