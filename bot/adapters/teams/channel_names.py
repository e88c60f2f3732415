"""Makes a channel's name of a title, as Teams takes it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from bot.render.card_sheet import sendable

LONGEST: Final = 50  # characters (platforms.md §2.4)
# What Teams takes in no name; the last ones are what shows nothing.
REFUSED: Final = re.compile(
    r"""[~#%&*{}/\\:<>?+|'"\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e]+"""
)
# Names that the files of a channel could not be kept under.
RESERVED: Final = re.compile(r"forms|con|prn|aux|nul|com\d|lpt\d|desktop\.ini", re.IGNORECASE)
WITHIN: Final = re.compile("_vti_", re.IGNORECASE)  # nor with this in it
NOTHING: Final = "Room"
TRIES: Final = 9


def names(title: str) -> Iterator[str]:
    """Yield names for a channel: the title's own, then the same with a number behind it."""
    plain = " ".join(REFUSED.sub(" ", WITHIN.sub(" ", sendable(title))).split()).strip("._ ")
    if not plain or RESERVED.fullmatch(plain):
        plain = f"{NOTHING} {plain}".strip()
    for number in range(1, TRIES + 1):
        ending = f" {number}" if number > 1 else ""
        yield _cut(plain, LONGEST - len(ending)).rstrip("._ ") + ending


def _cut(text: str, limit: int) -> str:
    """Return as much of a text as has `limit` characters, as JavaScript counts them."""
    return text.encode("utf-16-le")[: 2 * limit].decode("utf-16-le", "ignore")
