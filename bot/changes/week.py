"""A week or a day of what is changed: changes, deploys that run or are planned, and freezes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

from bot.calendars import Span
from bot.calendars.typed import local_text
from bot.errors import BadInput
from bot.model import Change, ChangeType, Deploy, DeployState, Reply, Service, Table
from bot.ports import Freeze, FreezeKind, Touched

if TYPE_CHECKING:
    from bot.ports import Catalogue, ChangeTickets, Freezes
    from bot.stores import DeployStore

PRODUCTION: Final = "production"
WEEK: Final = re.compile(r"(\d{4})-?W(\d{1,2})", re.ASCII | re.IGNORECASE)
MOST: Final = 60  # freezes of one service in one week
DEPLOYS: Final = 200


@dataclass(frozen=True)
class Entry:
    """One thing of a calendar; `start` and `end` are None where nobody knows."""

    kind: str
    name: str
    what: str
    where: str
    owner: str
    start: datetime | None
    end: datetime | None


@dataclass(frozen=True)
class Week:
    """Reads what a span of time holds from the register, the deploys and the freeze calendar."""

    changes: ChangeTickets
    deploys: DeployStore
    freezes: Freezes
    catalogue: Catalogue

    async def of(self, span: Span, service: Service | None) -> Sequence[Entry]:
        """Return everything in a span, of one service or of all, by when it starts."""
        services = [service] if service else list(self.catalogue.services())
        names = {one.id for one in services}
        asked = (service.id,) if service else ()
        changes = await self.changes.overlapping(span.start, span.end, services=asked)
        found = [_change(one) for one in changes]
        deploys = await self.deploys.list(service=service.id if service else "", limit=DEPLOYS)
        found += [
            entry
            for one in deploys
            if one.service in names and (entry := _deploy(one)) and _meets(entry, span)
        ]
        found += await self._closed(span, services, whole=service is not None)
        return sorted(found, key=lambda one: (one.start or span.start, one.kind, one.name))

    async def _closed(
        self, span: Span, services: Iterable[Service], *, whole: bool
    ) -> Sequence[Entry]:
        """Return the freezes; of all services together only those of production."""
        seen: dict[Entry, list[str]] = {}
        for service in services:
            for environment in service.environments:
                if not whole and environment.name != PRODUCTION:
                    continue
                touched = Touched(service.id, environment.name, ChangeType.NORMAL)
                for freeze in await self._of(touched, span):
                    where = f"{service.id} {environment.name}"
                    seen.setdefault(_freeze(freeze), []).append(where)
        return [replace(entry, where=", ".join(where)) for entry, where in seen.items()]

    async def _of(self, touched: Touched, span: Span) -> Sequence[Freeze]:
        found = list(await self.freezes.active(touched, span.start))
        after = span.start
        for _ in range(MOST):
            following = await self.freezes.next(touched, after)
            if following is None or following.start is None or following.start >= span.end:
                break
            found.append(following)
            after = following.start
        return found


def read_span(week: str, day: str, now: datetime, zone: ZoneInfo) -> Span:
    """Return the week or the day that is asked for, this week unless one is; by a site's clock."""
    today = now.astimezone(zone).date()
    if day:
        first = _day(day, today)
        return _span(first, first + timedelta(days=1), zone)
    first = today - timedelta(days=today.weekday())
    if week:
        match = WEEK.fullmatch(week.strip())
        try:
            first = date.fromisocalendar(int(match[1]), int(match[2]), 1) if match else date.min
        except ValueError:
            first = date.min
        if first == date.min:
            raise BadInput(f"`{week[:40]}` is no week: type it like `--week 2026-W48`.")
    return _span(first, first + timedelta(days=7), zone)


def table(span: Span, found: Sequence[Entry], service: str, zone: ZoneInfo) -> Reply:
    """Return a span as a table, with how its page and its file are found."""
    last = span.end - timedelta(minutes=1)
    begins, ends = span.start.astimezone(zone).date(), last.astimezone(zone).date()
    when = str(begins) if begins == ends else f"{begins} to {ends}"
    of = f" of {service}" if service else ""
    title = f"Changes{of}, {when} ({zone.key})"
    refs = {"from": begins.isoformat(), "to": ends.isoformat()}
    if not found:
        return Reply(f"Nothing is planned{of}, {when}.", title=title, refs=refs)
    rows = tuple(
        (_when(one, zone), one.kind, one.name, one.where, one.what, one.owner) for one in found
    )
    columns = ("When", "Kind", "Name", "Where", "What", "Owner")
    return Reply(
        f"{len(rows)} entries{of}, {when}.", title=title, table=Table(columns, rows), refs=refs
    )


def _span(first: date, last: date, zone: ZoneInfo) -> Span:
    start, end = (datetime.combine(day, time(), zone) for day in (first, last))
    return Span(start, end)


def _day(text: str, today: date) -> date:
    words = {"today": today, "tomorrow": today + timedelta(days=1)}
    if text.lower() in words:
        return words[text.lower()]
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise BadInput(f"`{text[:40]}` is no day: type it like `--day 2026-11-24`.") from None


def _when(entry: Entry, zone: ZoneInfo) -> str:
    start = local_text(entry.start, zone) if entry.start else "before"
    return f"{start} to {local_text(entry.end, zone) if entry.end else 'open end'}"


def _meets(entry: Entry, span: Span) -> bool:
    start, end = entry.start or span.start, entry.end or span.end
    return start < span.end and end >= span.start


def _change(change: Change) -> Entry:
    state = change.result.value if change.result else change.state.value
    return Entry(
        kind=f"{change.type.value} change",
        name=change.number,
        what=f"{change.summary} ({state})",
        where=f"{change.service} {change.environment}",
        owner=change.requester,
        start=change.window_start,
        end=change.window_end,
    )


def _deploy(deploy: Deploy) -> Entry | None:
    """Return a deploy that is planned, or was begun."""
    planned = deploy.planned if deploy.state is DeployState.SCHEDULED else None
    return Entry(
        kind="deploy",
        name=deploy.id,
        what=f"{deploy.version} ({deploy.state.value})",
        where=f"{deploy.service} {deploy.environment}",
        owner=deploy.requester,
        start=planned or deploy.created,
        end=deploy.finished,
    )


def _freeze(freeze: Freeze) -> Entry:
    kind = "outside of windows" if freeze.kind is FreezeKind.WINDOW else "freeze"
    return Entry(
        kind=kind,
        name=freeze.name,
        what=freeze.reason,
        where="",
        owner=freeze.owner,
        start=freeze.start,
        end=freeze.end,
    )
