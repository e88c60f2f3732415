"""The freeze calendar as it is now: the file, its feeds, and what was added from chat."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import structlog

from bot.calendars import reading
from bot.calendars.feeds import FeedKeeper
from bot.calendars.reading import Plan
from bot.calendars.rules import Calendar, FreezeRule, Named, Scope, Subject
from bot.calendars.spans import Once, Span
from bot.errors import AuditUnavailable, ConfigurationError, StoreFailed
from bot.model import Draft, Kind, Reason

if TYPE_CHECKING:
    from bot.ports import Catalogue, Clock, Freeze, Ledger, Touched
    from bot.stores import AddedFreeze, AddedFreezes

LOG = structlog.get_logger(__name__)


@dataclass
class LiveFreezes:
    """Answers what holds; implements `bot.ports.Freezes`. The file is read again as it changes."""

    path: Path | None
    estate: Catalogue
    added: AddedFreezes
    keeper: FeedKeeper
    ledger: Ledger
    clock: Clock
    trouble: str = ""
    _looking: asyncio.Lock = field(default_factory=asyncio.Lock)
    _days: dict[date, bool] = field(default_factory=dict)  # asked for with every question of policy

    def __post_init__(self) -> None:
        """Read the file; `ConfigurationError` lists every problem."""
        self._stamp = _stamp(self.path)
        self.plan: Plan = reading.load(self.path, self.estate)

    async def active(self, touched: Touched, at: datetime) -> Sequence[Freeze]:
        """Return every rule that closes a moment, the one that ends last first."""
        return (await self.calendar(at)).active(self.subject(touched), at)

    async def next(self, touched: Touched, after: datetime) -> Freeze | None:
        """Return the rule that closes the time next, later than a moment; None within a year."""
        calendar = await self.calendar(after)
        return await asyncio.to_thread(calendar.next, self.subject(touched), after)

    async def opens(self, touched: Touched, at: datetime) -> datetime | None:
        """Return the first moment from one on that is open; None where nobody knows."""
        calendar = await self.calendar(at)
        return await asyncio.to_thread(calendar.opens, self.subject(touched), at)

    def zone(self, service: str) -> ZoneInfo:
        """Return the time zone of a service's site."""
        found = self.estate.service(service)
        return self.plan.zones.of(found.sites if found else ())[0]

    def is_holiday(self, day: date) -> bool:
        """Say whether a day is in a list of holidays of the file, or in a feed of them."""
        if day not in self._days:
            listed = any(day in days for days in self.plan.holidays.values())
            self._days[day] = listed or self._is_in_feed(day)
        return self._days[day]

    def _is_in_feed(self, day: date) -> bool:
        """Say whether a feed of holidays has a day, as far as the feed is known."""
        plan = self.plan
        states = self.keeper.states(plan, self.clock.now())
        for feed in [one for one in plan.feeds if one.use == "holidays"]:
            zone = ZoneInfo(feed.zone) if feed.zone else plan.zones.default
            noon = datetime.combine(day, time(12), zone)
            named = states[feed.name].events.get(zone.key, ())
            if any(one.times.at(noon) is not None for one in named):
                return True
        return False

    def subject(self, touched: Touched) -> Subject:
        """Return what is touched with what the catalogue says of the service."""
        found = self.estate.service(touched.service)
        return Subject(
            touched.service,
            touched.environment,
            touched.change_type.value,
            found.tags if found else (),
            touched.sites or (found.sites if found else ()),
        )

    async def calendar(self, at: datetime) -> Calendar:
        """Return every rule as it is now, with the feeds as they are known."""
        plan, added = self.plan, await self.added.list(at)
        rules = [*plan.rules, *(_rule(one, plan) for one in added)]
        return Calendar(plan.zones, rules, self.keeper.states(plan, self.clock.now()))

    async def start(self) -> None:
        """Take the feeds' copies, before the first look at the feeds themselves."""
        await self.keeper.recall(self.plan)

    async def look(self) -> None:
        """Read the file again if it changed, and the feeds that are due."""
        try:
            async with self._looking:
                await self._reload()
                await self.keeper.recall(self.plan)
                await self.keeper.look(self.plan)
                self._days.clear()
        except (AuditUnavailable, StoreFailed):
            LOG.warning("the calendars are looked at again once the audit log can be written")

    async def _reload(self) -> None:
        """Take a file that changed, whole; a broken one changes nothing and is recorded once."""
        stamp = await asyncio.to_thread(_stamp, self.path)
        if stamp == self._stamp:
            return
        try:
            plan = await asyncio.to_thread(reading.load, self.path, self.estate)
        except ConfigurationError as error:
            LOG.error("the calendars file is broken, no freeze is changed", why=str(error))  # noqa: TRY400 - its text says all there is to say
            said = "the calendars file is broken, so the freezes are those it last held"
            await self.ledger.append(_draft(self.plan, said, Reason.BAD_INPUT))
            self.trouble = f"{said}; `wardroom doctor` says what to mend"
        else:
            if plan.version != self.plan.version:
                said = (
                    f"calendars {plan.version} are in force in place of "
                    f"{self.plan.version or 'none'}: {len(plan.rules)} rules"
                )
                await self.ledger.append(_draft(plan, said, Reason.OK))
            self.plan, self.trouble = plan, ""
            LOG.info("the calendars file was read again", rules=len(plan.rules))
        self._stamp = stamp  # not before it is recorded


def _rule(freeze: AddedFreeze, plan: Plan) -> FreezeRule:
    times = [Named("", Once(Span(freeze.start, freeze.end)))]
    return FreezeRule(
        name=freeze.name,
        owner=freeze.person,
        reason=freeze.reason,
        source=f"added by {freeze.person}",
        scope=Scope(services=freeze.services, tags=freeze.tags, environments=freeze.environments),
        times=dict.fromkeys(plan.zones.every(), times),
    )


def _draft(plan: Plan, said: str, reason: Reason) -> Draft:
    return Draft(
        kind=Kind.SYSTEM,
        verb="calendars reload",
        correlation=f"calendars-{plan.version or 'none'}",
        reason=reason,
        text=said,
    )


def _stamp(path: Path | None) -> tuple[int, int, int] | None:
    """Return what tells one state of a file from another; None where there is none."""
    try:
        found = path.stat() if path else None
    except OSError:
        return None
    return (found.st_mtime_ns, found.st_size, found.st_ino) if found else None
