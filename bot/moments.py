"""Moments as people read them in what we say: one form, with its day and its zone.

It is plain text in every reply; whoever draws a reply finds it again and shows it in the reader's
own time zone where the surface can.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

# Not where more belongs to it: `2026-11-22 09:39 UTC+2` is another moment, and where a clock stands
# right before it (`09:00 to 2026-11-22 09:39 UTC`) the zone is that one's too.
WRITTEN: Final = re.compile(
    r"(?<![\w-])(?<!:\d\d to )(?<!:\d\d and )(?<!:\d\d - )(?<!:\d\d [\u2013\u2014] )"
    r"(?<!:\d\d[\u2013\u2014])20\d\d-\d\d-\d\d \d\d:\d\d(?::\d\d)? UTC(?!\w|\s?[+\u2212-]\s?\d)",
    re.ASCII,
)
ZONE: Final = " UTC"  # what every moment ends with: a text without it holds none
MINUTES: Final = "%Y-%m-%d %H:%M UTC"
SECONDS: Final = "%Y-%m-%d %H:%M:%S UTC"


@dataclass(frozen=True)
class Moment:
    """A moment that a text says; `text` is how it is written there."""

    at: datetime
    text: str
    has_seconds: bool


def written(at: datetime, *, to_the_second: bool = False) -> str:
    """Return "2026-11-22 09:39 UTC"."""
    return at.astimezone(UTC).strftime(SECONDS if to_the_second else MINUTES)


def at_time(at: datetime | None) -> str:
    """Return when something is or was, as a sentence goes on: "at 2026-11-22 09:39 UTC"."""
    return "earlier" if at is None else f"at {written(at)}"


def split(text: str) -> Iterator[str | Moment]:
    """Yield the text's parts, none of them empty: words, and the moments between them."""
    end = 0
    for match in WRITTEN.finditer(text) if ZONE in text else ():
        moment = _read(match.group())
        if moment is None:
            continue
        if match.start() > end:
            yield text[end : match.start()]
        yield moment
        end = match.end()
    if end < len(text):
        yield text[end:]


def _read(text: str) -> Moment | None:
    has_seconds = len(text) > len("2026-11-22 09:39 UTC")
    try:
        at = datetime.strptime(text, SECONDS if has_seconds else MINUTES).replace(tzinfo=UTC)
    except ValueError:
        return None  # no such day
    return Moment(at, text, has_seconds)
