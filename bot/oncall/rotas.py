"""Rotas in memory: who is on call at a moment, and when that changes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from bot.calendars import Occurrences, Span


@dataclass(frozen=True)
class Shift:
    """When some people are on call together; the first one is called first."""

    people: tuple[str, ...]
    times: Occurrences


@dataclass(frozen=True)
class Rota:
    """One rota; where an override covers a moment, the shifts do not count."""

    shifts: Sequence[Shift] = ()
    overrides: Sequence[Shift] = ()

    def on_call(self, at: datetime) -> tuple[str, ...]:
        """Return who is on call, each once, the first one to call first."""
        found = [shift for shift in self.overrides if shift.times.at(at)][-1:]
        found = found or [shift for shift in self.shifts if shift.times.at(at)]
        return tuple(dict.fromkeys(person for shift in found for person in shift.people))

    def until(self, at: datetime) -> datetime | None:
        """Return when somebody else is on call, or nobody; None where that never changes."""
        now, moment = self.on_call(at), at
        for _ in range(_MOST_EDGES):
            edges = [edge for shift in self._all() for edge in _edges(shift.times, moment)]
            if not edges:
                return None
            moment = min(edges)
            if self.on_call(moment) != now:
                return moment
        return None

    def _all(self) -> Iterator[Shift]:
        yield from self.overrides
        yield from self.shifts


@dataclass(frozen=True)
class Step:
    """Who is told when a request has waited so long; an empty part means any."""

    after: timedelta
    rota: str
    services: tuple[str, ...] = ()
    environments: tuple[str, ...] = ()
    safety_classes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Plan:
    """A whole oncall.yaml, read."""

    rotas: Mapping[str, Rota] = field(default_factory=dict)
    steps: Sequence[Step] = ()


_MOST_EDGES = 60


def _edges(times: Occurrences, at: datetime) -> Iterator[datetime]:
    now: Span | None = times.at(at)
    later = times.after(at)
    if now is not None:
        yield now.end
    if later is not None:
        yield later.start
