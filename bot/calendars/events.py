"""Reads the events of an iCalendar feed (RFC 5545), all of them or none.

A feed that is understood in part would be open where it should be closed, so whatever is not
understood refuses the whole text, with the event that it is about. Only what says that it takes
up no time, or that it was cancelled, is left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Final
from zoneinfo import ZoneInfo

from icalendar import Calendar, Component

from bot.calendars import clocks
from bot.calendars.occurrences import Length, Recurring
from bot.calendars.parts import parsed, until_in_utc
from bot.calendars.rule import Rule
from bot.calendars.rules import Named
from bot.calendars.spans import Edges

MOST_BYTES: Final = 5_000_000
MOST_EVENTS: Final = 5_000
LONGEST_NAME: Final = 80
_YEARS: Final = range(1900, 2201)
_DAY: Final = timedelta(days=1)


@dataclass
class _Series:
    """An event and what replaces single occurrences of it."""

    master: Component | None = None
    instead: list[Component] = field(default_factory=list)


def read(text: str, zone: ZoneInfo) -> Sequence[Named]:
    """Return the events of a feed; floating times and whole days are of `zone`.

    `ValueError` is a sentence about the first thing that is not understood.
    """
    if len(text.encode()) > MOST_BYTES:
        raise ValueError(f"is longer than {MOST_BYTES // 1_000_000} MB")
    events = _events(text)
    if len(events) > MOST_EVENTS:
        raise ValueError(f"has more than {MOST_EVENTS} events; publish fewer, or a later part")
    series: dict[str, _Series] = {}
    for number, event in enumerate(events):
        uid = str(event.get("UID", f"event {number}"))
        one = series.setdefault(uid, _Series())
        if event.get("RECURRENCE-ID") is not None:
            one.instead.append(event)
        elif one.master is None:
            one.master = event
        else:  # the same id twice: both hold
            series[f"{uid} {number}"] = _Series(event)
    found: list[Named] = []
    for one in series.values():
        found += _named(one, zone)
    return found


def _events(text: str) -> list[Component]:
    try:
        calendar = Calendar.from_ical(text)
    except (ValueError, KeyError, IndexError, TypeError) as error:
        raise ValueError("is no iCalendar text (BEGIN:VCALENDAR ... END:VCALENDAR)") from error
    if calendar.name != "VCALENDAR":
        raise ValueError("is no iCalendar text (BEGIN:VCALENDAR ... END:VCALENDAR)")
    return list(calendar.walk("VEVENT"))


def _named(series: _Series, zone: ZoneInfo) -> Iterator[Named]:
    replaced = [
        _when(one, "RECURRENCE-ID", one.get("RECURRENCE-ID"), zone) for one in series.instead
    ]
    for event in (series.master, *series.instead):
        if event is None or str(event.get("STATUS", "")).upper() == "CANCELLED":
            continue
        name = _name(event)
        try:
            is_master = event is series.master
            for times in _times(event, zone, replaced if is_master else ()):
                yield Named(name, times)
        except (ValueError, OverflowError) as error:
            raise ValueError(f"its event `{name}`: {error}") from error


def _times(event: Component, zone: ZoneInfo, replaced: Iterable[_When]) -> Iterator[Recurring]:
    if event.errors:
        name, _ = event.errors[0]
        raise ValueError(f"its {name} cannot be read")
    if "RANGE" in getattr(event.get("RECURRENCE-ID"), "params", {}):
        raise ValueError("replaces all that follow (RANGE=THISANDFUTURE), which is not taken")
    start = _when(event, "DTSTART", event.get("DTSTART"), zone)
    length = _length(event, start, zone)
    dates, periods = _dates(event, zone)
    excluded = [*_excluded(event, zone), *replaced]
    rule = _rule(event, start)
    starts = {start.local, *(one.within(start.zone) for one in dates)}
    if length.most:
        yield Recurring(
            zone=start.zone,
            length=length,
            rule=rule,
            dates=tuple(sorted(starts)),
            excluded=frozenset(_starts_of(excluded, start)),
            edges=Edges.WIDE,
        )
    yield from periods


@dataclass(frozen=True)
class _When:
    """A date or a time of a property, in its own zone; `is_day` for a date alone."""

    local: datetime
    zone: tzinfo
    is_day: bool

    def within(self, zone: tzinfo) -> datetime:
        """Return the local time in another zone; a date is the same date everywhere."""
        if self.is_day or self.zone is zone:
            return self.local
        return clocks.wall(clocks.first(self.local, self.zone), zone)


def _when(event: Component, name: str, value: object, zone: ZoneInfo) -> _When:
    """Return a property's date or time."""
    if value is None:
        raise ValueError(f"has no {name}")
    if any(broken == name for broken, _ in event.errors):
        raise ValueError(f"its {name} cannot be read")
    return _moment(getattr(value, "dt", None), getattr(value, "params", {}), name, zone)


def _moment(found: object, params: object, name: str, zone: ZoneInfo) -> _When:
    if isinstance(found, datetime):
        tzid = params.get("TZID") if isinstance(params, dict) else None
        if found.tzinfo is None and tzid:
            raise ValueError(f"is in the time zone {tzid}, which nobody knows")
        local = found.replace(tzinfo=None, fold=0)
        when = _When(local, found.tzinfo or zone, is_day=False)
    elif isinstance(found, date):
        when = _When(datetime.combine(found, time()), zone, is_day=True)
    else:
        raise ValueError(f"its {name} cannot be read")  # noqa: TRY004 - a text that is wrong
    if when.local.year not in _YEARS:
        raise ValueError(f"its {name} is in the year {when.local.year}")
    return when


def _length(event: Component, start: _When, zone: ZoneInfo) -> Length:
    duration = event.get("DURATION")
    if duration is not None:
        span = getattr(duration, "dt", None)
        if not isinstance(span, timedelta) or span < timedelta():
            raise ValueError("its DURATION cannot be read")
        return Length(wall=span, exact=None if start.is_day else span)
    if event.get("DTEND") is None:
        return Length(wall=_DAY if start.is_day else timedelta())
    end = _when(event, "DTEND", event.get("DTEND"), zone)
    wall = end.within(start.zone) - start.local
    if wall < timedelta():
        raise ValueError("ends before it starts")
    if start.is_day:
        return Length(wall=wall or _DAY)
    exact = clocks.second(end.local, end.zone) - clocks.first(start.local, start.zone)
    return Length(wall=wall, exact=exact)


def _rule(event: Component, start: _When) -> Rule | None:
    found = event.get("RRULE")
    if found is None:
        return None
    if isinstance(found, list):
        raise ValueError("has more than one RRULE")  # noqa: TRY004 - a text that is wrong
    text = found.to_ical().decode()
    until = parsed(text).until
    if until is not None and until_in_utc(text):
        until = clocks.wall(until.replace(tzinfo=UTC), start.zone)
    return Rule.read(text, start.local, until)


def _dates(event: Component, zone: ZoneInfo) -> tuple[list[_When], list[Recurring]]:
    """Return the dates that are added, and the periods, which have a length of their own."""
    dates: list[_When] = []
    periods: list[Recurring] = []
    for value, params in _listed(event, "RDATE"):
        if not isinstance(value, tuple):
            dates.append(_moment(value, params, "RDATE", zone))
            continue
        start = _moment(value[0], params, "RDATE", zone)
        end = value[1]
        span = end if isinstance(end, timedelta) else end - value[0]
        length = Length(exact=span)
        periods.append(Recurring(start.zone, length, dates=(start.local,), edges=Edges.WIDE))
    return dates, periods


def _excluded(event: Component, zone: ZoneInfo) -> Iterator[_When]:
    for value, params in _listed(event, "EXDATE"):
        yield _moment(value, params, "EXDATE", zone)


def _starts_of(excluded: Iterable[_When], start: _When) -> Iterator[datetime]:
    """Yield the starts that do not happen; a date alone takes out that day's."""
    for one in excluded:
        if one.is_day and not start.is_day:
            yield datetime.combine(one.local.date(), start.local.time())
        elif start.is_day and not one.is_day:
            yield datetime.combine(one.local.date(), time())
        else:
            yield one.within(start.zone)


def _listed(event: Component, name: str) -> Iterator[tuple[object, object]]:
    found = event.get(name)
    for part in found if isinstance(found, list) else [found] if found is not None else []:
        for one in part.dts:
            yield one.dt, part.params


def _name(event: Component) -> str:
    text = " ".join(str(event.get("SUMMARY", "")).split())
    return text[:LONGEST_NAME] or "an event without a name"
