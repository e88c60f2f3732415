"""The rules of a freeze calendar, and what they say of a moment; pure, given the feeds' events."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from bot.calendars.spans import Occurrences, Span
from bot.ports import Freeze, FreezeException, FreezeKind

PRODUCTION: Final = "production"
AHEAD: Final = timedelta(days=366)
MOST_STEPS: Final = 400  # of closed times in a row, until nobody can say when it is open


@dataclass(frozen=True)
class Subject:
    """What a change touches, with what the catalogue says of the service."""

    service: str
    environment: str
    change_type: str
    tags: tuple[str, ...] = ()
    sites: tuple[str, ...] = ()


@dataclass(frozen=True)
class Scope:
    """What a rule is about; an empty part means everything, of each part one has to fit."""

    services: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    sites: tuple[str, ...] = ()
    environments: tuple[str, ...] = ()
    change_types: tuple[str, ...] = ()

    def covers(self, subject: Subject) -> bool:
        """Say whether a subject is in it; a service that names no site is at every site."""
        return (
            (not self.services or subject.service in self.services)
            and (not self.tags or not set(self.tags).isdisjoint(subject.tags))
            and (not (self.sites and subject.sites) or not _apart(self.sites, subject.sites))
            and (not self.environments or subject.environment in self.environments)
            and (not self.change_types or subject.change_type in self.change_types)
        )


@dataclass(frozen=True)
class Named:
    """Times under a name: a feed's event by its summary, a rule's own times by none."""

    name: str
    times: Occurrences


@dataclass(frozen=True)
class Zones:
    """The zone of each site, and the one of what is at none of them."""

    default: ZoneInfo
    sites: Mapping[str, ZoneInfo] = field(default_factory=dict)

    def every(self) -> Mapping[str, ZoneInfo]:
        """Return the zones there are, by name."""
        return {zone.key: zone for zone in (self.default, *self.sites.values())}

    def of(self, sites: Iterable[str]) -> Sequence[ZoneInfo]:
        """Return the zones of some sites, each once; the default one for none."""
        found = {zone.key: zone for site in sites if (zone := self.sites.get(site, self.default))}
        return tuple(found.values()) or (self.default,)


@dataclass(frozen=True)
class Feed:
    """What is known of an iCalendar feed: its events by zone, and why they cannot be relied on."""

    events: Mapping[str, Sequence[Named]] = field(default_factory=dict)
    unknown: str = ""  # a sentence, where the copy is none or too old
    detail: str = ""  # how old the copy is


@dataclass(frozen=True, kw_only=True)
class FreezeRule:
    """One rule: a freeze, or with `is_window` a time outside of which it is closed.

    `times` are by the zone that they are read in; `zone` is set where that is one for all sites.
    A rule with a `feed` has its times from there.
    """

    name: str
    owner: str
    reason: str
    source: str
    scope: Scope = Scope()
    exceptions: tuple[FreezeException, ...] = ()
    times: Mapping[str, Sequence[Named]] = field(default_factory=dict)
    zone: ZoneInfo | None = None
    is_window: bool = False
    feed: str = ""
    if_unknown_open: bool = False

    def passes(self, subject: Subject) -> bool:
        """Say whether one of the exceptions lets a subject pass."""
        return any(
            not one.break_glass
            and (not one.change_types or subject.change_type in one.change_types)
            and (not one.services or subject.service in one.services)
            and (not one.tags or not set(one.tags).isdisjoint(subject.tags))
            for one in self.exceptions
        )


@dataclass(frozen=True)
class Calendar:
    """Every rule, and the feeds as they are now."""

    zones: Zones
    rules: Sequence[FreezeRule] = ()
    feeds: Mapping[str, Feed] = field(default_factory=dict)

    def active(self, subject: Subject, at: datetime) -> Sequence[Freeze]:
        """Return every rule that closes a moment, the one that ends last first."""
        found = [
            freeze
            for rule in self._about(subject, windows=False)
            for freeze in (self._unread(rule, subject), self._frozen(rule, subject, at))
            if freeze is not None
        ]
        window = self._outside(subject, at)
        found += [window] if window else []
        # Where nobody knows the end, it is last of all.
        return sorted(found, key=lambda one: -one.end.timestamp() if one.end else float("-inf"))

    def next(self, subject: Subject, after: datetime) -> Freeze | None:
        """Return what closes the time next, later than a moment and within a year."""
        found = [
            self._freeze(rule, span, zone, name)
            for rule in self._about(subject, windows=False)
            for zone, named in self._times(rule, subject)
            if (span := named.times.after(after)) is not None
            for name in [named.name]
        ]
        window = self._closing(subject, after)
        found += [window] if window else []
        begun = [one for one in found if one.start and one.start <= after + AHEAD]
        return min(begun, key=lambda one: one.start or after, default=None)

    def opens(self, subject: Subject, at: datetime) -> datetime | None:
        """Return the first moment from one on that is open; None where nobody knows."""
        moment = at
        for _ in range(MOST_STEPS):
            held = self.active(subject, moment)
            if not held:
                return moment
            end = held[0].end
            if end is None or end > at + AHEAD:
                return None
            moment = end
        return None

    def _about(self, subject: Subject, *, windows: bool) -> list[FreezeRule]:
        return [
            rule
            for rule in self.rules
            if rule.is_window is windows
            and rule.scope.covers(subject)
            and (windows or not rule.passes(subject))
        ]

    def _times(self, rule: FreezeRule, subject: Subject) -> Iterator[tuple[ZoneInfo, Named]]:
        zones = (rule.zone,) if rule.zone else self.zones.of(_at(rule.scope, subject))
        feed = self.feeds.get(rule.feed)
        for zone in zones:
            times = feed.events if feed else rule.times
            for named in times.get(zone.key, ()):
                yield zone, named

    def _frozen(self, rule: FreezeRule, subject: Subject, at: datetime) -> Freeze | None:
        found = [
            self._freeze(rule, span, zone, named.name)
            for zone, named in self._times(rule, subject)
            if (span := named.times.at(at)) is not None
        ]
        return max(found, key=lambda one: one.end or at, default=None)

    def _unread(self, rule: FreezeRule, subject: Subject) -> Freeze | None:
        """Return a feed that cannot be relied on; unless it says where, that closes production."""
        feed = self.feeds.get(rule.feed, Feed(unknown="it was not read")) if rule.feed else None
        if feed is None or not feed.unknown or rule.if_unknown_open:
            return None
        if not rule.scope.environments and subject.environment != PRODUCTION:
            return None
        zone = self.zones.of(subject.sites)[0]
        return Freeze(
            name=rule.name,
            owner=rule.owner,
            reason=f"whether there is a freeze cannot be told, which counts as one: {feed.unknown}",
            kind=FreezeKind.UNREAD,
            source=rule.source,
            zone=zone,
            start=None,
            end=None,
            exceptions=rule.exceptions,
        )

    def _outside(self, subject: Subject, at: datetime) -> Freeze | None:
        """Return the window that opens next, where there are some and none is open."""
        rules = self._about(subject, windows=True)
        if not rules or any(rule.passes(subject) for rule in rules) or self._open(subject, at):
            return None
        coming = [
            (span, rule, zone)
            for rule in rules
            for zone, named in self._times(rule, subject)
            if (span := named.times.after(at)) is not None
        ]
        if not coming:
            return self._window(rules[0], self.zones.of(subject.sites)[0], None, None)
        span, rule, zone = min(coming, key=lambda one: one[0])
        return self._window(rule, zone, None, span)

    def _open(self, subject: Subject, at: datetime) -> tuple[Span, FreezeRule, ZoneInfo] | None:
        """Return the window that a moment lies in, of several the one that closes last."""
        found = [
            (span, rule, zone)
            for rule in self._about(subject, windows=True)
            for zone, named in self._times(rule, subject)
            if (span := named.times.at(at)) is not None
        ]
        return max(found, key=lambda one: one[0].end, default=None)

    def _closing(self, subject: Subject, after: datetime) -> Freeze | None:
        """Return the closing of the windows that are open at a moment, or that open next."""
        if any(rule.passes(subject) for rule in self._about(subject, windows=True)):
            return None
        shut = self._outside(subject, after)
        found, last = self._open(subject, shut.end if shut and shut.end else after), None
        for _ in range(MOST_STEPS):
            if found is None:
                break
            last = found
            found = self._open(subject, last[0].end)
        if last is None or found is not None:
            return None
        span, rule, zone = last
        opening = self._outside(subject, span.end)
        end = opening.end if opening else None
        return self._window(rule, zone, span.end, Span(end, end) if end else None)

    def _window(
        self, rule: FreezeRule, zone: ZoneInfo, start: datetime | None, opens: Span | None
    ) -> Freeze:
        return Freeze(
            name=rule.name,
            owner=rule.owner,
            reason=rule.reason,
            kind=FreezeKind.WINDOW,
            source=rule.source,
            zone=zone,
            start=start,
            end=opens.start if opens else None,
            exceptions=rule.exceptions,
        )

    def _freeze(self, rule: FreezeRule, span: Span, zone: ZoneInfo, name: str) -> Freeze:
        feed = self.feeds.get(rule.feed)
        return Freeze(
            name=f"{rule.name}: {name}" if name else rule.name,
            owner=rule.owner,
            reason=rule.reason,
            kind=FreezeKind.FREEZE,
            source=rule.source,
            zone=zone,
            start=span.start,
            end=span.end,
            exceptions=rule.exceptions,
            detail=feed.detail if feed else "",
        )


def _apart(one: Iterable[str], other: Iterable[str]) -> bool:
    return set(one).isdisjoint(other)


def _at(scope: Scope, subject: Subject) -> Sequence[str]:
    """Return the sites in whose zone a rule is read: those that it shares with the subject."""
    if not scope.sites:
        return subject.sites
    return [site for site in scope.sites if not subject.sites or site in subject.sites]
