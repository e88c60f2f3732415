"""What calendars.yaml says, as it is written there; `bot.calendars.reading` makes rules of it."""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta
from typing import Annotated, Literal, TypeAlias
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints, model_validator

from bot import documents
from bot.documents import Block, matching
from bot.setting_values import is_loopback

MINUTES_OF_DAY = 24 * 60
SHORTEST_REFRESH = timedelta(minutes=1)
_SPAN = re.compile(r"(?:(\d{1,3})d)?\s*(?:(\d{1,4})h)?\s*(?:(\d{1,5})m)?", re.ASCII)
_CLOCK = re.compile(r"(\d{1,2}):(\d{2})", re.ASCII)


def _zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        near = documents.nearest(value, available_timezones()) if value else ""
        near = near if "did you mean" in near else ""
        raise ValueError(
            f"there is no time zone {value}{near}; use a name such as Europe/London"
        ) from None
    return value


def _clock(value: object) -> object:
    """Return minutes since midnight; YAML 1.1 reads 18:45, without quotes, as the number 1125."""
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MINUTES_OF_DAY:
        return value
    match = _CLOCK.fullmatch(value) if isinstance(value, str) else None
    if match is not None:
        minutes = int(match[1]) * 60 + int(match[2])
        if int(match[2]) < 60 and minutes <= MINUTES_OF_DAY:  # noqa: PLR2004 - minutes of an hour
            return minutes
    raise ValueError('must be a time of day in quotes, such as "06:45"')


def _span(value: object) -> object:
    match = _SPAN.fullmatch(value.strip()) if isinstance(value, str) and value.strip() else None
    if match is None:
        raise ValueError("must be a time such as 45m, 12h, 2d or 2d 18h")
    days, hours, minutes = (int(part or 0) for part in match.groups())
    return timedelta(days=days, hours=hours, minutes=minutes)


def _moment(value: object) -> object:
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            value = None
    if isinstance(value, date) and not isinstance(value, datetime):
        value = datetime.combine(value, time())
    if not isinstance(value, datetime):
        raise ValueError("must be like 2026-12-24 12:00, or 2026-12-24T12:00+01:00")  # noqa: TRY004 - pydantic makes a sentence of a ValueError
    return value


def _address(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in ("https", "http") or not parts.hostname:
        raise ValueError("must be an address that starts with https://")
    if parts.scheme == "http" and not is_loopback(parts.hostname):
        raise ValueError("could be changed on its way; use https://")
    return value


Text: TypeAlias = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
Name: TypeAlias = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=80)
]
Zone: TypeAlias = Annotated[str, AfterValidator(_zone)]
Clock: TypeAlias = Annotated[int, BeforeValidator(_clock)]
SpanText: TypeAlias = Annotated[timedelta, BeforeValidator(_span)]
Moment: TypeAlias = Annotated[datetime, BeforeValidator(_moment)]
ChangeTypeName: TypeAlias = Literal["standard", "normal", "emergency"]
FeedName: TypeAlias = Annotated[
    str, matching(r"[a-z0-9][a-z0-9-]{0,62}", "must be lower-case letters, digits and hyphens")
]


class ExceptionEntry(Block):
    """What passes although a rule holds; it has to say who, and why."""

    reason: Text
    change_types: tuple[ChangeTypeName, ...] = ()
    services: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    break_glass: bool = False

    @model_validator(mode="after")
    def _says_whom(self) -> ExceptionEntry:
        if not (self.change_types or self.services or self.tags or self.break_glass):
            raise ValueError(
                "lets everything pass; name change_types, services, tags or break_glass: true"
            )
        return self


class Scoped(Block):
    """What a rule is about; what is not said means all of it."""

    owner: Text
    reason: Text
    services: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    sites: tuple[str, ...] = ()
    environments: tuple[str, ...] = ()
    change_types: tuple[ChangeTypeName, ...] = ()
    exceptions: tuple[ExceptionEntry, ...] = ()
    zone: Zone | None = None


class TimedEntry(Scoped):
    """A freeze or a window: once (`start`, `end`), by rule, on dates, or on holidays."""

    name: Name
    start: Moment | None = None
    end: Moment | None = None
    rrule: str = ""
    dates: tuple[date, ...] = ()
    holidays: str = ""
    starts: Clock | None = None
    ends: Clock | None = None
    lasts: SpanText | None = None
    from_: date | None = Field(default=None, alias="from")
    until: date | None = None
    exdates: tuple[date, ...] = ()

    @model_validator(mode="after")
    def _is_timed_one_way(self) -> TimedEntry:
        once = self.start is not None or self.end is not None
        ways = [once, bool(self.rrule), bool(self.dates), bool(self.holidays)]
        if sum(ways) != 1 and not (sum(ways) == 2 and self.rrule and self.dates):  # noqa: PLR2004 - dates may add to a rule
            raise ValueError(
                "needs to say when: start and end, or rrule with starts and ends, or dates, "
                "or holidays; one of them"
            )
        if once:
            self._check_once()
        else:
            self._check_clock()
        return self

    def _check_once(self) -> None:
        if self.start is None or self.end is None:
            raise ValueError("needs both start and end")
        if (self.start.tzinfo is None) is not (self.end.tzinfo is None):
            raise ValueError("has an offset at one end only; give both or none")
        if self.end <= self.start:
            raise ValueError("ends before it starts; set end later than start")
        given = (self.starts, self.ends, self.lasts, self.from_, self.until)
        if self.exdates or any(one is not None for one in given):
            raise ValueError("is once, so starts, ends, lasts, from, until, exdates do not fit")

    def _check_clock(self) -> None:
        if self.ends is not None and self.lasts is not None:
            raise ValueError("has both ends and lasts; keep one of them")
        if self.starts is None and self.ends is not None:
            raise ValueError("has ends without starts; give both, or none for whole days")
        if self.starts is not None and self.ends is None and self.lasts is None:
            raise ValueError('has starts alone; say when it is over: ends: "07:30" or lasts: 45m')
        if self.starts is not None and self.starts == self.ends:
            raise ValueError('ends when it starts; for whole days, write "00:00" to "24:00"')
        if self.lasts is not None and not timedelta() < self.lasts <= timedelta(days=366):
            raise ValueError("lasts longer than no time and at most 366 days")
        if (self.from_ is not None or self.until is not None) and not self.rrule:
            raise ValueError("has no rrule, so from and until do not fit")


class FeedEntry(Scoped):
    """An iCalendar feed: each of its events is a freeze, or a holiday that rules may name."""

    name: FeedName
    url: Annotated[str, AfterValidator(_address)] = ""
    file: str = ""
    use: Literal["freezes", "holidays"] = "freezes"
    refresh: SpanText = timedelta(minutes=15)
    stale_after: SpanText = timedelta(hours=24)
    if_unknown: Literal["block", "open"] = "block"

    @model_validator(mode="after")
    def _is_somewhere(self) -> FeedEntry:
        if bool(self.url) is bool(self.file):
            raise ValueError("needs url or file, one of them")
        if self.refresh < SHORTEST_REFRESH:
            raise ValueError("is read too often; refresh is at least 1m")
        if self.stale_after <= self.refresh:
            raise ValueError("is too old before it is read again; set stale_after above refresh")
        return self


class HolidaysEntry(Block):
    """A list of days that rules may name."""

    dates: Annotated[tuple[date, ...], Field(min_length=1)]


class SiteEntry(Block):
    """A site of the hospital."""

    zone: Zone


class CalendarsFile(Block):
    """The whole file."""

    zone: Zone = "UTC"
    sites: dict[str, SiteEntry] = Field(default_factory=dict)
    freezes: tuple[TimedEntry, ...] = ()
    windows: tuple[TimedEntry, ...] = ()
    holidays: dict[FeedName, HolidaysEntry] = Field(default_factory=dict)
    feeds: tuple[FeedEntry, ...] = ()
