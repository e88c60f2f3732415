"""Spans of time, and what a calendar answers about a moment."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


class Edges(enum.StrEnum):
    """How the two ends of an occurrence are read when the clock is put forward or back.

    RFC 5545 section 3.3.5 has a rule for each: "If the local time described does not occur (when
    changing from standard to daylight time), the DATE-TIME value is interpreted using the UTC
    offset before the gap in local times", and one that "occurs more than once [...] refers to the
    first occurrence". `AS_WRITTEN` follows it at both ends; so rotas hand over without a hole.

    A freeze must never be shorter than somebody who looks at the clock on the wall expects. By
    the RFC, one that starts at 02:30 in a night in which 02:00 is followed by 03:00 would start
    when the clock shows 03:30, and one that ends at 01:30 in a night that has two would end at the
    first. So `WIDE` reads

    - a start that does not exist as the moment at which the clock was put forward (the first at
      which it shows more than that), a start that occurs twice as the first occurrence;
    - an end that does not exist with the offset before the gap (the clock then shows it plus the
      gap), an end that occurs twice as the second occurrence.

    It is the earliest start and the latest end that the wall clock allows.
    """

    AS_WRITTEN = "as written"
    WIDE = "wide"


@dataclass(frozen=True, order=True)
class Span:
    """From a moment up to, but not including, another; both aware, in UTC."""

    start: datetime
    end: datetime

    def covers(self, moment: datetime) -> bool:
        """Say whether a moment lies in it."""
        return self.start <= moment < self.end


class Occurrences(Protocol):
    """When something is so, once or again and again. Moments given are aware.

    Both answers are cheap however long ago it began: nothing is counted up from there.
    """

    def at(self, moment: datetime) -> Span | None:
        """Return the occurrence that covers a moment, of several the one that ends last."""
        ...

    def after(self, moment: datetime) -> Span | None:
        """Return the first occurrence that starts later than a moment; None for no more."""
        ...


@dataclass(frozen=True)
class Once:
    """Something that is so once."""

    span: Span

    def at(self, moment: datetime) -> Span | None:
        """Return the span where it covers the moment."""
        return self.span if self.span.covers(moment) else None

    def after(self, moment: datetime) -> Span | None:
        """Return the span where it starts later."""
        return self.span if self.span.start > moment else None


@dataclass(frozen=True)
class Several:
    """What several are together, such as the events of a feed."""

    parts: Sequence[Occurrences]

    def at(self, moment: datetime) -> Span | None:
        """Return the occurrence that covers a moment, of several the one that ends last."""
        return last_to_end(part.at(moment) for part in self.parts)

    def after(self, moment: datetime) -> Span | None:
        """Return the first occurrence that starts later than a moment."""
        return min(filter(None, (part.after(moment) for part in self.parts)), default=None)


def last_to_end(found: Iterable[Span | None]) -> Span | None:
    """Return the span that ends last, of those the one that starts first."""
    spans = [span for span in found if span is not None]
    return max(spans, key=lambda span: (span.end, -span.start.timestamp()), default=None)
