"""The monthly report: the figures that auditors ask for, of all services or of one.

Implements `bot.api.MonthlyReports`.
"""

from __future__ import annotations

import re
import statistics
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from sqlalchemy import Connection

from bot.audit.batch import read_head
from bot.audit.figures import SIGNING, WANTED, Figures, Month, Site
from bot.audit.pruned import read_minimum
from bot.audit.search import first_at
from bot.audit.stretch import Stretch, read_stretch
from bot.errors import BadInput
from bot.model import LogState, Reason, Reply, Table
from bot.moments import written
from bot.ports import Clock
from bot.storage.database import Database

COLUMNS: Final = ("Figure", "Number", "Of which")

_MONTH: Final = re.compile(r"([0-9]{4})-([0-9]{2})")
_MONTHS: Final = 12
_FIRST_YEAR: Final = 2000
_UNITS: Final = ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s"))


@dataclass(frozen=True)
class Period:
    """A month in UTC, up to its end or until now."""

    name: str
    since: datetime
    until: datetime
    is_over: bool


@dataclass(frozen=True)
class Counted:
    """A month as it was counted, and the log that it was counted in.

    `minimum` is set where the month may have begun before the last event that was pruned.
    """

    period: Period
    month: Month
    stretch: Stretch
    log: LogState
    minimum: int = 0


class ReportWriter:
    """Writes reports from a database; it needs no running log."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def month(self, month: str, service: str = "") -> Reply:
        """Return the report of a month, "" for the last that is over, of all services or one."""
        return sheet(await self.count(month), service)

    def named(self, month: str) -> str:
        """Return the month that is meant; BadInput where it is none, or has not begun."""
        return _period(month.strip(), self._clock.now()).name

    async def count(self, month: str) -> Counted:
        """Count a month once, for reports of all its services."""
        period = _period(month.strip(), self._clock.now())
        bounds = await self._database.read(lambda connection: _bounds(connection, period))
        stretch, log, minimum = bounds
        counting = Month()
        read = await read_stretch(self._database, stretch, WANTED, counting.take)
        return Counted(period, counting, read, log, minimum)


def sheet(counted: Counted, service: str = "") -> Reply:
    """Return the report of all services, or of one, as one page."""
    month, period, stretch = counted.month, counted.period, counted.stretch
    figures = month.services[service] if service in month.services else Figures()
    figures = figures if service else month.whole
    whose = service or "all services"
    services = sorted(month.services)
    over = "" if period.is_over else f" So far: the month ends on {written(period.until)}."
    return Reply(
        f"{period.name}, {whose}: {_many(figures.started.total(), 'deploy')}, "
        f"{_many(figures.own.total(), 'attempt')} to decide one's own request.{over}",
        title=f"Audit report {period.name}: {whose}",
        fields=(
            ("Period", f"{written(period.since)} to {written(period.until)}"),
            ("Events", _events(stretch)),
            ("Log", f"{counted.log.size} events, root {counted.log.root}"),
            *_pruned(counted),
            *_damage(stretch),
            *((("Left out", LEFT_OUT),) if service else ()),
        ),
        items=() if service else tuple(_line(name, month.services[name]) for name in services),
        table=Table(COLUMNS, (*_rows(figures), *(() if service else _site_rows(month.site)))),
        refs={"month": period.name, "services": ",".join(services)},
    )


LEFT_OUT: Final = (
    "what belongs to no service: messages with patient data are not read, so what they were about "
    "is not known; who read the log, and who was given access"
)


def _period(month: str, now: datetime) -> Period:
    if not month:
        first = now.astimezone(UTC).replace(day=1) - timedelta(days=1)
        month = f"{first:%Y-%m}"
    found = _MONTH.fullmatch(month)
    year, number = (int(found[1]), int(found[2])) if found else (0, 0)
    if not (year >= _FIRST_YEAR and 1 <= number <= _MONTHS):
        raise BadInput(f"`{month[:20]}` is no month; type one like 2026-11.")
    since = datetime(year, number, 1, tzinfo=UTC)
    if since > now:
        raise BadInput(f"{month} has not begun.")
    until = (since + timedelta(days=31)).replace(day=1)
    return Period(month, since, until, until <= now)


def _bounds(connection: Connection, period: Period) -> tuple[Stretch, LogState, int]:
    frontier = read_head(connection).frontier
    end = frontier.size + 1
    first = first_at(connection, period.since, end)
    last = first_at(connection, period.until, end) - 1
    minimum = read_minimum(connection)
    if first > minimum + 1:
        minimum = 0
    return Stretch(first, last), LogState(frontier.size, frontier.root().hex()), minimum


def _rows(figures: Figures) -> list[tuple[str, str, str]]:
    started, ended, decided = figures.started, figures.ended, figures.decided
    rollbacks = _many(figures.rollbacks, "rollback") if figures.rollbacks else ""
    by_hand = f"{figures.settled} settled by somebody" if figures.settled else ""
    return [
        ("Deploys started", _n(started), _listed(started, rollbacks)),
        ("Deploys that succeeded", str(ended[Reason.OK]), ""),
        ("Deploys that failed", str(ended[Reason.FAILED]), ""),
        ("Deploys whose end was not known", str(ended[Reason.UNKNOWN_OUTCOME]), by_hand),
        ("Deploys that nobody validated in time", str(figures.unvalidated), ""),
        ("Deploys under an emergency change", *_emergency(figures.under)),
        ("Deploys under a break-glass", str(figures.broken), "nobody approved these beforehand"),
        ("Changes opened by themselves", _n(figures.changes), _listed(figures.changes)),
        ("Requests for approval", str(figures.requests), _listed(decided)),
        ("Time to approval (median)", *_waited(figures.waits)),
        ("Attempts to decide one's own request", _n(figures.own), _listed(figures.own)),
        ("Denied", str(figures.refused[Reason.NOT_AUTHORISED]), _listed(figures.rules)),
        ("Not done, for any reason", _n(figures.refused), _listed(figures.refused)),
    ]


def _site_rows(site: Site) -> list[tuple[str, str, str]]:
    signings = [
        f"event {one.seq} on {written(one.at)} by {one.person}"
        f"{' (countersigned)' if one.verb != SIGNING[0] else ''}"
        for one in site.signings
    ]
    return [
        ("Messages stopped for patient data", str(site.blocked), _listed(site.kinds)),
        ("Messages that may have held some", str(site.warned), "let pass, with a warning"),
        ("Changes of who has access", _n(site.access), _listed(site.access)),
        ("Access reviews signed", str(len(signings)), "; ".join(signings)),
        ("Uses of break-glass", _n(site.glasses), _listed(site.glasses)),
        ("Reviews of emergencies opened", _n(site.opened), _listed(site.opened)),
        ("Reviews of emergencies closed", _n(site.reviews), _reviews(site)),
        ("Stop-all", str(site.stops["stop-all"]), f"{site.stops['stop-all lift']} lifted"),
        ("Times the log was read", _n(site.reads), _listed(site.reads)),
        ("Exports of the log", str(site.exports), ""),
    ]


def _line(service: str, figures: Figures) -> str:
    bad = figures.ended[Reason.FAILED] + figures.ended[Reason.UNKNOWN_OUTCOME]
    return (
        f"{service}: {_many(figures.started.total(), 'deploy')}, {bad} not well, "
        f"{_many(figures.requests, 'request')}, {figures.refused.total()} not done"
    )


def _emergency(under: Counter[str]) -> tuple[str, str]:
    number, every = under["emergency"], under.total()
    if not every:
        return str(number), "none was under a change"
    return str(number), f"{number / every:.0%} of the {every} under a change: {_listed(under)}"


def _reviews(site: Site) -> str:
    late = f"{site.late} became late" if site.late else ""
    own = f"tried on one's own doing: {_listed(site.own_reviews)}" if site.own_reviews else ""
    return _listed(site.reviews, "; ".join(filter(None, [late, own])))


def _waited(waits: list[float]) -> tuple[str, str]:
    if not waits:
        return "none", ""
    return _time(statistics.median(waits)), f"of {len(waits)}; the longest {_time(max(waits))}"


def _time(seconds: float) -> str:
    """Return a time in its two largest units: "2 h 5 min"."""
    rest, parts = round(seconds), list[str]()
    for size, unit in _UNITS:
        number, rest = divmod(rest, size)
        if number:
            parts.append(f"{number} {unit}")
    return " ".join(parts[:2]) or "0 s"


def _events(stretch: Stretch) -> str:
    if not stretch.count:
        return "none"
    return f"{stretch.first} to {stretch.last} ({stretch.count}), each hashed again"


def _pruned(counted: Counted) -> tuple[tuple[str, str], ...]:
    if not counted.minimum:
        return ()
    said = f"events up to {counted.minimum} were pruned: those of this month are not counted"
    return (("Pruned", said),)


def _damage(stretch: Stretch) -> tuple[tuple[str, str], ...]:
    if not stretch.damaged:
        return ()
    shown = ", ".join(map(str, stretch.damaged[:20]))
    more = ", ..." if len(stretch.damaged) > 20 else ""  # noqa: PLR2004 - as many as are shown
    return (("WARNING", f"event {shown}{more} is damaged and not counted; run `audit verify`"),)


def _listed(counted: Counter[str], more: str = "") -> str:
    words = [f"{name or 'nobody known'} {number}" for name, number in counted.most_common()]
    return "; ".join(filter(None, [", ".join(words), more]))


def _n(counted: Counter[str]) -> str:
    return str(counted.total())


def _many(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
