"""What recurs in a site's own time zone, expanded as far as a question needs and no further."""

from __future__ import annotations

import bisect
import heapq
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from typing import Final

from bot.calendars import clocks
from bot.calendars.rule import Rule
from bot.calendars.spans import Edges, Span, last_to_end

LONGEST: Final = timedelta(days=366)
# A clock is changed by hours, and a day was skipped once (Samoa, 2011): what lies two days off in
# local time is not the first or the last by its moment.
SLACK: Final = timedelta(days=2)


@dataclass(frozen=True)
class Length:
    """How long an occurrence is: until the clock shows so much more, or for so much time.

    Where both are given it ends with the later one: RFC 5545 section 3.8.5.3 gives every
    occurrence of an event with a DTEND the same time, people read the clock.
    """

    wall: timedelta | None = None
    exact: timedelta | None = None

    @property
    def most(self) -> timedelta:
        """Return the longer one."""
        return max(filter(None, (self.wall, self.exact)), default=timedelta())


@dataclass(frozen=True)
class Recurring:
    """An event of a calendar: naive local starts, by rule and by date, and how long each is.

    `dates` (RDATE) are added and sorted; `excluded` (EXDATE) are starts that do not happen.
    """

    zone: tzinfo
    length: Length
    rule: Rule | None = None
    dates: tuple[datetime, ...] = ()
    excluded: frozenset[datetime] = frozenset()
    edges: Edges = Edges.AS_WRITTEN

    def __post_init__(self) -> None:
        if not timedelta() < self.length.most <= LONGEST:
            raise ValueError(f"must end after it starts, and within {LONGEST.days} days")

    def at(self, moment: datetime) -> Span | None:
        """Return the occurrence that covers a moment, of several the one that ends last."""
        local = clocks.wall(moment, self.zone)
        first = clocks.moved(local, -self.length.most - SLACK)
        starts = self._between(first, clocks.moved(local, SLACK))
        spans = (self.span(start) for start in starts)
        return last_to_end(span for span in spans if span.covers(moment))

    def after(self, moment: datetime) -> Span | None:
        """Return the first occurrence that starts later than a moment; None for no more."""
        best: Span | None = None
        limit = clocks.LAST
        for start in self._following(clocks.moved(clocks.wall(moment, self.zone), -SLACK)):
            if start > limit:
                break
            span = self.span(start)
            if span.start > moment and (best is None or span < best):
                best = span
                limit = min(limit, clocks.moved(start, SLACK))
        return best

    def span(self, start: datetime) -> Span:
        """Return the moments of the occurrence of a local start."""
        as_written = clocks.first(start, self.zone)
        wide = self.edges is Edges.WIDE
        ends: list[datetime] = []
        if self.length.wall is not None:
            closes = clocks.moved(start, self.length.wall)
            ends.append((clocks.second if wide else clocks.first)(closes, self.zone))
        if self.length.exact is not None:
            ends.append(as_written + self.length.exact)
        return Span(clocks.earliest(start, self.zone) if wide else as_written, max(ends))

    def _between(self, first: datetime, last: datetime) -> Iterator[datetime]:
        begin, end = bisect.bisect_left(self.dates, first), bisect.bisect_right(self.dates, last)
        found = set(self.dates[begin:end])
        if self.rule is not None:
            found.update(self.rule.between(first, last))
        yield from sorted(found - self.excluded)

    def _following(self, first: datetime) -> Iterator[datetime]:
        """Yield what starts from `first` on, in order; a date of the rule's may come twice."""
        dates = self.dates[bisect.bisect_left(self.dates, first) :]
        ruled = iter(()) if self.rule is None else self.rule.following(first)
        return (start for start in heapq.merge(dates, ruled) if start not in self.excluded)
