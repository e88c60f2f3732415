"""Reads the parts of an RRULE (RFC 5545 section 3.3.10), and says in a sentence what is wrong."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

WEEKDAYS: Final = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
FREQUENCIES: Final = ("DAILY", "WEEKLY", "MONTHLY", "YEARLY")
TOO_OFTEN: Final = ("HOURLY", "MINUTELY", "SECONDLY")
MOST_TIMES: Final = 48  # starts on one day
LONGEST_INTERVAL: Final = 1_000
_NUMBERS: Final = {
    "BYMONTH": (1, 12),
    "BYMONTHDAY": (1, 31),
    "BYYEARDAY": (1, 366),
    "BYWEEKNO": (1, 53),
    "BYSETPOS": (1, 366),
    "BYHOUR": (0, 23),
    "BYMINUTE": (0, 59),
}
_ALSO_FROM_THE_END: Final = {"BYMONTHDAY", "BYYEARDAY", "BYWEEKNO", "BYSETPOS"}
_KNOWN: Final = {"FREQ", "INTERVAL", "COUNT", "UNTIL", "BYDAY", "WKST", *_NUMBERS}
_WEEKDAY: Final = re.compile(r"([+-]?\d{1,2})?(MO|TU|WE|TH|FR|SA|SU)", re.ASCII)
_UNTIL: Final = re.compile(r"\d{8}(T\d{6}Z?)?", re.ASCII)


@dataclass(frozen=True)
class RuleParts:
    """What an RRULE says; an empty part is not said. Weekdays are (which of them, 0 is Monday)."""

    frequency: str
    interval: int = 1
    count: int = 0
    until: datetime | None = None
    months: frozenset[int] = frozenset()
    month_days: frozenset[int] = frozenset()
    year_days: frozenset[int] = frozenset()
    weeks: frozenset[int] = frozenset()
    weekdays: tuple[tuple[int, int], ...] = ()
    hours: frozenset[int] = frozenset()
    minutes: frozenset[int] = frozenset()
    positions: frozenset[int] = frozenset()
    week_start: int = 0


def parsed(text: str) -> RuleParts:
    """Return the parts of an RRULE; `ValueError` is one sentence about the first that is wrong."""
    given = _given(text)
    frequency = _frequency(given)
    numbers = {name: _numbers(name, given.get(name, "")) for name in _NUMBERS}
    _fitting(frequency, given)
    if max(1, len(numbers["BYHOUR"])) * max(1, len(numbers["BYMINUTE"])) > MOST_TIMES:
        raise ValueError(f"starts more than {MOST_TIMES} times a day; name fewer")
    return RuleParts(
        frequency=frequency,
        interval=_whole("INTERVAL", given.get("INTERVAL", "1"), LONGEST_INTERVAL),
        count=_whole("COUNT", given["COUNT"], 10**6) if "COUNT" in given else 0,
        until=_until(given.get("UNTIL", "")),
        months=numbers["BYMONTH"],
        month_days=numbers["BYMONTHDAY"],
        year_days=numbers["BYYEARDAY"],
        weeks=numbers["BYWEEKNO"],
        weekdays=_weekdays(given.get("BYDAY", ""), frequency),
        hours=numbers["BYHOUR"],
        minutes=numbers["BYMINUTE"],
        positions=numbers["BYSETPOS"],
        week_start=_week_start(given.get("WKST", "MO")),
    )


def until_in_utc(text: str) -> bool:
    """Say whether a rule's UNTIL is a moment in UTC."""
    found = re.search(r"(?:^|;)UNTIL=(\d{8}T\d{6}Z)(?:;|$)", text.strip().upper())
    return found is not None


def _given(text: str) -> dict[str, str]:
    given: dict[str, str] = {}
    for part in text.strip().removeprefix("RRULE:").upper().rstrip(";").split(";"):
        name, equals, value = (piece.strip() for piece in part.partition("="))
        if not equals or not value:
            raise ValueError("must be an RRULE such as FREQ=WEEKLY;BYDAY=MO,TU")
        if name == "BYSECOND":
            raise ValueError("BYSECOND is not taken; a rule starts on a minute")
        if name not in _KNOWN:
            raise ValueError(f"{name} is no part of an RRULE; mend or remove it")
        if name in given:
            raise ValueError(f"{name} is given twice")
        given[name] = value
    return given


def _frequency(given: dict[str, str]) -> str:
    frequency = given.get("FREQ", "")
    if frequency in TOO_OFTEN:
        raise ValueError(
            f"FREQ={frequency} is too often to be kept in mind; "
            "use FREQ=DAILY with BYHOUR, or a longer duration"
        )
    if frequency not in FREQUENCIES:
        raise ValueError("needs FREQ=DAILY, WEEKLY, MONTHLY or YEARLY")
    return frequency


def _fitting(frequency: str, given: dict[str, str]) -> None:
    """Refuse what RFC 5545 says a frequency must not have."""
    if "COUNT" in given and "UNTIL" in given:
        raise ValueError("has both COUNT and UNTIL; keep one of them")
    if "BYWEEKNO" in given and frequency != "YEARLY":
        raise ValueError("BYWEEKNO goes with FREQ=YEARLY only")
    if "BYYEARDAY" in given and frequency != "YEARLY":
        raise ValueError("BYYEARDAY goes with FREQ=YEARLY only")
    if "BYMONTHDAY" in given and frequency == "WEEKLY":
        raise ValueError("BYMONTHDAY does not go with FREQ=WEEKLY")
    if "BYSETPOS" in given and not any(n[:2] == "BY" and n != "BYSETPOS" for n in given):
        raise ValueError("BYSETPOS needs another BY part to choose from")


def _numbers(name: str, text: str) -> frozenset[int]:
    least, most = _NUMBERS[name]
    found: set[int] = set()
    for part in text.split(",") if text else ():
        if not re.fullmatch(r"[+-]?\d{1,3}", part, re.ASCII):
            raise ValueError(f"{name} must be numbers, such as {name}={least},{least + 1}")
        number = int(part)
        size = abs(number) if name in _ALSO_FROM_THE_END else number
        if not least <= size <= most:
            raise ValueError(f"{name} must be from {least} to {most}")
        found.add(number)
    return frozenset(found)


def _whole(name: str, text: str, most: int) -> int:
    if not re.fullmatch(r"\d{1,7}", text, re.ASCII) or not 1 <= int(text) <= most:
        raise ValueError(f"{name} must be a number from 1 to {most}")
    return int(text)


def _weekdays(text: str, frequency: str) -> tuple[tuple[int, int], ...]:
    found: list[tuple[int, int]] = []
    for part in text.split(",") if text else ():
        match = _WEEKDAY.fullmatch(part)
        if match is None:
            raise ValueError("BYDAY must be weekdays: MO, TU, WE, TH, FR, SA, SU, or 1MO, -1FR")
        which = int(match[1] or 0)
        if match[1] and (which == 0 or frequency not in ("MONTHLY", "YEARLY")):
            raise ValueError("BYDAY with a number goes with FREQ=MONTHLY or YEARLY, from 1 or -1")
        found.append((which, WEEKDAYS.index(match[2])))
    return tuple(found)


def _week_start(text: str) -> int:
    if text not in WEEKDAYS:
        raise ValueError("WKST must be one of MO, TU, WE, TH, FR, SA, SU")
    return WEEKDAYS.index(text)


def _until(text: str) -> datetime | None:
    """Return an UNTIL as it is written; a day alone means all of it."""
    if not text:
        return None
    if not _UNTIL.fullmatch(text):
        raise ValueError("UNTIL must be like 20261231 or 20261231T235959Z")
    try:
        if "T" in text:
            return datetime.strptime(text.rstrip("Z"), "%Y%m%dT%H%M%S")  # noqa: DTZ007 - local
        day = datetime.strptime(text, "%Y%m%d")  # noqa: DTZ007 - local
    except ValueError:
        raise ValueError("UNTIL is no day that there is") from None
    return day + timedelta(days=1) - timedelta(seconds=1)
