"""Makes rules of calendars.yaml; every problem is listed at once, each with its path and mend."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypedDict
from zoneinfo import ZoneInfo

from pydantic import ValidationError

from bot import documents
from bot.calendars import clocks
from bot.calendars.document import MINUTES_OF_DAY, CalendarsFile, FeedEntry, Scoped, TimedEntry
from bot.calendars.occurrences import Length, Recurring
from bot.calendars.parts import parsed, until_in_utc
from bot.calendars.rule import Rule
from bot.calendars.rules import FreezeRule, Named, Scope, Zones
from bot.calendars.spans import Edges, Occurrences, Once, Span
from bot.ports import FreezeException

if TYPE_CHECKING:
    from bot.ports import Catalogue

# What a rule is counted from that does not say from when on; the first day of a leap cycle.
EPOCH: Final = date(2000, 1, 1)
DAY: Final = timedelta(days=1)


@dataclass(frozen=True)
class Plan:
    """A calendars.yaml, read: its rules, its feeds, and what tells this version from another."""

    zones: Zones = field(default_factory=lambda: Zones(ZoneInfo("UTC")))
    rules: Sequence[FreezeRule] = ()
    feeds: Sequence[FeedEntry] = ()
    holidays: Mapping[str, frozenset[date]] = field(default_factory=dict)
    folder: Path = Path()
    version: str = ""


def load(path: Path | None, estate: Catalogue | None = None) -> Plan:
    """Return the plan of a file; `ConfigurationError` lists every problem with its path."""
    if path is None:
        return Plan()
    try:
        found = CalendarsFile.model_validate(documents.read(path) or {})
    except ValidationError as error:
        raise documents.refuse(path, documents.sentences(error, CalendarsFile)) from None
    problems: list[str] = []
    made = _Making(found, path.name, problems)
    rules = made.rules()
    problems += _twice(found)
    if estate is not None:
        problems += _unknown(found, estate)
    if problems:
        raise documents.refuse(path, problems)
    version = hashlib.sha256(found.model_dump_json().encode()).hexdigest()[:12]
    holidays = {name: frozenset(entry.dates) for name, entry in found.holidays.items()}
    return Plan(made.zones, rules, found.feeds, holidays, path.resolve().parent, version)


class _Common(TypedDict):
    owner: str
    reason: str
    source: str
    scope: Scope
    exceptions: tuple[FreezeException, ...]


@dataclass(frozen=True)
class _Making:
    """The rules of one file, in the making."""

    file: CalendarsFile
    source: str
    problems: list[str]

    @property
    def zones(self) -> Zones:
        sites = {name: ZoneInfo(site.zone) for name, site in self.file.sites.items()}
        return Zones(ZoneInfo(self.file.zone), sites)

    def rules(self) -> Sequence[FreezeRule]:
        timed = [(f"freezes[{n}]", one, False) for n, one in enumerate(self.file.freezes)]
        timed += [(f"windows[{n}]", one, True) for n, one in enumerate(self.file.windows)]
        rules = [self._timed(path, one, is_window=window) for path, one, window in timed]
        return rules + [self._of_feed(one) for one in self.file.feeds if one.use == "freezes"]

    def _timed(self, path: str, entry: TimedEntry, *, is_window: bool) -> FreezeRule:
        zone = ZoneInfo(entry.zone) if entry.zone else None
        feed = ""
        if entry.holidays and any(one.name == entry.holidays for one in self._holiday_feeds()):
            feed = entry.holidays
            if entry.starts is not None or entry.lasts is not None:
                self.problems.append(f"{path}: takes the feed's whole days; remove starts and ends")
        times: dict[str, Sequence[Named]] = {}
        for name, one in ({zone.key: zone} if zone else self.zones.every()).items():
            try:
                times[name] = () if feed else [Named("", self._times(entry, one, is_window))]
            except (ValueError, OverflowError) as error:
                what = "rrule: " if entry.rrule else ""
                sentence = f"{path}.{what}{error}" if what else f"{path}: {error}"
                if sentence not in self.problems:
                    self.problems.append(sentence)
        return FreezeRule(
            name=entry.name,
            times=times,
            zone=zone,
            is_window=is_window,
            feed=feed,
            if_unknown_open=feed in {f.name for f in self.file.feeds if f.if_unknown == "open"},
            **self._common(entry),
        )

    def _of_feed(self, entry: FeedEntry) -> FreezeRule:
        return FreezeRule(
            name=entry.name,
            zone=ZoneInfo(entry.zone) if entry.zone else None,
            feed=entry.name,
            if_unknown_open=entry.if_unknown == "open",
            **self._common(entry),
        )

    def _common(self, entry: Scoped) -> _Common:
        return {
            "owner": entry.owner,
            "reason": entry.reason,
            "source": self.source,
            "scope": Scope(
                entry.services, entry.tags, entry.sites, entry.environments, entry.change_types
            ),
            "exceptions": tuple(
                FreezeException(e.reason, e.change_types, e.services, e.tags, e.break_glass)
                for e in entry.exceptions
            ),
        }

    def _holiday_feeds(self) -> list[FeedEntry]:
        return [one for one in self.file.feeds if one.use == "holidays"]

    def _times(self, entry: TimedEntry, zone: ZoneInfo, is_window: bool) -> Occurrences:  # noqa: FBT001 - names itself at its one call
        edges = Edges.AS_WRITTEN if is_window else Edges.WIDE
        if entry.start is not None and entry.end is not None:
            return Once(_once(entry.start, entry.end, zone, edges))
        starts = _clock(entry.starts or 0)
        days = entry.dates
        if entry.holidays:
            days = self._days_of(entry.holidays)
        return Recurring(
            zone=zone,
            length=_length(entry, is_window=is_window),
            rule=_rule(entry, starts, zone) if entry.rrule else None,
            dates=tuple(sorted({datetime.combine(day, starts) for day in days})),
            excluded=frozenset(datetime.combine(day, starts) for day in entry.exdates),
            edges=edges,
        )

    def _days_of(self, name: str) -> tuple[date, ...]:
        found = self.file.holidays.get(name)
        if found is None:
            known = [*self.file.holidays, *(one.name for one in self._holiday_feeds())]
            raise ValueError(f"there are no holidays {name}{documents.nearest(name, known)}")
        return found.dates


def _once(start: datetime, end: datetime, zone: ZoneInfo, edges: Edges) -> Span:
    if start.tzinfo is not None:
        return Span(start.astimezone(UTC), end.astimezone(UTC))
    wide = edges is Edges.WIDE
    begins = clocks.earliest(start, zone) if wide else clocks.first(start, zone)
    return Span(begins, (clocks.second if wide else clocks.first)(end, zone))


def _rule(entry: TimedEntry, starts: time, zone: ZoneInfo) -> Rule:
    parts = parsed(entry.rrule)
    if parts.hours or parts.minutes:
        raise ValueError("says BYHOUR or BYMINUTE; say the time with starts instead")
    if entry.from_ is None:
        _check_counted_from(entry.rrule)
    until = parts.until
    if until and until_in_utc(entry.rrule):
        until = clocks.wall(until.replace(tzinfo=UTC), zone)
    if entry.until is not None:
        last = datetime.combine(entry.until, time(23, 59, 59))
        until = min(until, last) if until else last
    return Rule.read(entry.rrule, datetime.combine(entry.from_ or EPOCH, starts), until)


def _check_counted_from(rrule: str) -> None:
    """Refuse a rule that does not say its days, or which of them, and has nothing to begin with."""
    parts = parsed(rrule)
    if parts.interval > 1 or parts.count:
        raise ValueError("counts with INTERVAL or COUNT, so it needs from: the first day")
    by_day = parts.weekdays or parts.month_days or parts.year_days or parts.weeks
    if not by_day and parts.frequency != "DAILY":
        raise ValueError("does not say which days: add BYDAY or BYMONTHDAY, or from: the first day")


def _length(entry: TimedEntry, *, is_window: bool) -> Length:
    if entry.lasts is not None:
        return Length(wall=entry.lasts, exact=None if is_window else entry.lasts)
    starts = entry.starts or 0
    ends = MINUTES_OF_DAY if entry.ends is None else entry.ends
    minutes = ends - starts if ends > starts else ends - starts + MINUTES_OF_DAY
    return Length(wall=timedelta(minutes=minutes))


def _clock(minutes: int) -> time:
    if minutes == MINUTES_OF_DAY:
        raise ValueError('starts at "24:00"; write "00:00" and the next day')
    return time(minutes // 60, minutes % 60)


def _twice(found: CalendarsFile) -> list[str]:
    seen: set[str] = set()
    problems = []
    names = [one.name for one in (*found.freezes, *found.windows)]
    for name in (*names, *(one.name for one in found.feeds)):
        if name in seen:
            problems.append(f"{name}: is there twice; each rule needs a name of its own")
        seen.add(name)
    return problems


def _unknown(found: CalendarsFile, estate: Catalogue) -> list[str]:
    """Return a sentence for each name that the estate does not know: a typo must not open."""
    services = estate.services()
    known = {
        "services": {one.id for one in services},
        "tags": {tag for one in services for tag in one.tags},
        "sites": {site for one in services for site in one.sites} | set(found.sites),
        "environments": set(estate.environments()),
    }
    problems: list[str] = []
    for path, one in _scopes(found):
        for name, names in known.items():
            unknown = (value for value in getattr(one, name, ()) if value not in names)
            problems += [
                f"{path}.{name}: the services know no {name[:-1]} {value}"
                f"{documents.nearest(value, names)}"
                for value in unknown
            ]
    return problems


def _scopes(found: CalendarsFile) -> Iterator[tuple[str, object]]:
    """Yield everything that names services, sites and so on, with its path."""
    kinds: dict[str, Sequence[Scoped]] = {
        "freezes": found.freezes,
        "windows": found.windows,
        "feeds": found.feeds,
    }
    for kind, entries in kinds.items():
        for number, entry in enumerate(entries):
            yield f"{kind}[{number}]", entry
            for index, one in enumerate(entry.exceptions):
                yield f"{kind}[{number}].exceptions[{index}]", one
