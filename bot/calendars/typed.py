"""Reads the moments that people type: "now", "18:00", "Fri 18:00", "2026-12-24 12:00", "in 2h".

A time of day is read in the zone it is asked for. One that the clock skips or shows twice that
night is never guessed: the refusal says what the readings are, and how each is typed.
"""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from bot.calendars import clocks
from bot.calendars.clocks import Wall
from bot.errors import BadInput
from bot.moments import written

WEEKDAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
EXAMPLES: Final = "`now`, `18:00`, `Fri 18:00`, `tomorrow 06:00`, `2026-12-24 12:00`, `in 2h`"
LONGEST_AHEAD: Final = timedelta(days=3 * 366)
_NAMES: Final = {
    **{name: number for number, name in enumerate(WEEKDAYS)},
    **{name[:3]: number for number, name in enumerate(WEEKDAYS)},
    "tues": 1,
    "thur": 3,
    "thurs": 3,
}
_WORDS: Final = ("now", "today", "tomorrow", "noon", *WEEKDAYS)
_CLOCK: Final = re.compile(r"(\d{1,2})(?:[:.h](\d{2}))?\s*(am|pm)?", re.ASCII)
_DAY: Final = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_OFFSET: Final = re.compile(r"\s*(z|utc|[+-]\d{2}:?\d{2})$", re.ASCII)
_UNIT: Final = r"(?:d(?:ays?)?|h(?:ours?|rs?)?|m(?:in(?:ute)?s?)?)"
_IN: Final = re.compile(rf"(?:in\s*|\+)((?:\d{{1,4}}\s*{_UNIT}\b\s*)+)", re.ASCII)
_PIECE: Final = re.compile(r"(\d{1,4})\s*(d|h|m)", re.ASCII)
_NOON: Final = 12


@dataclass(frozen=True)
class Reader:
    """Reads moments as somebody means them who types them now, in a place with a time zone."""

    zone: ZoneInfo
    now: datetime

    def __call__(self, text: str) -> datetime:
        """Return the moment in UTC; `BadInput` says how it is typed, and what is unclear."""
        words = " ".join(text.strip().lower().replace(",", " ").split())
        if not words:
            raise BadInput(f"Which moment? Type it like {EXAMPLES}.")
        if words == "now":
            return self.now.astimezone(UTC)
        later = _IN.fullmatch(words)
        moment = self._later(later[1]) if later else self._on_a_day(words, text.strip())
        if abs(moment - self.now) > LONGEST_AHEAD:
            raise BadInput(f"`{text.strip()}` is more than three years away. Is the year right?")
        return moment

    def _later(self, span: str) -> datetime:
        """Return the moment after so much time; a day is the same time on that day."""
        amount = {"d": 0, "h": 0, "m": 0}
        for number, unit in _PIECE.findall(span):
            amount[unit] += int(number)
        local = clocks.moved(clocks.wall(self.now, self.zone), timedelta(days=amount["d"]))
        day = self.now.astimezone(UTC) if not amount["d"] else clocks.first(local, self.zone)
        return day + timedelta(hours=amount["h"], minutes=amount["m"])

    def _on_a_day(self, words: str, text: str) -> datetime:
        offset = _OFFSET.search(words)
        rest = words[: offset.start()] if offset else words
        first, _, clock = rest.replace("t", " ", 1).partition(" ") if _iso(rest) else _parted(rest)
        if not clock:
            return self._without_day(first, offset, text)
        day = self._day(first, text)
        local = datetime.combine(day, _clock(clock, text))
        if offset:
            return _with_offset(local, offset[1])
        moment = self._moment(local)
        if first in _NAMES and moment <= self.now:
            moment = self._moment(local + timedelta(days=7))
        return moment

    def _without_day(self, first: str, offset: re.Match[str] | None, text: str) -> datetime:
        """Return the next time that the clock shows something; refuse a day without a time."""
        if offset and not _DAY.fullmatch(first):
            raise BadInput(f"Which day is `{text}`? Type it like `2026-12-24T12:00+01:00`.")
        if _DAY.fullmatch(first) or first in _NAMES or first in ("today", "tomorrow"):
            raise BadInput(f"At what time? Type it too, like `{text} 18:00`.")
        at = _clock(first, text)
        today = clocks.wall(self.now, self.zone).date()
        moment = self._moment(datetime.combine(today, at))
        if moment <= self.now:
            moment = self._moment(datetime.combine(today + timedelta(days=1), at))
        return moment

    def _day(self, word: str, text: str) -> date:
        today = clocks.wall(self.now, self.zone).date()
        if word in ("today", "tomorrow"):
            return today + timedelta(days=word == "tomorrow")
        if word in _NAMES:
            return today + timedelta(days=(_NAMES[word] - today.weekday()) % 7)
        if _DAY.fullmatch(word):
            try:
                return date.fromisoformat(word)
            except ValueError:
                raise BadInput(f"There is no day `{word}`.") from None
        raise _unknown(word, text)

    def _moment(self, local: datetime) -> datetime:
        """Return the moment of a local time; refuse one that is skipped or comes twice."""
        kind = clocks.kind(local, self.zone)
        if kind is Wall.PLAIN:
            return clocks.first(local, self.zone)
        shown, name = f"{local:%Y-%m-%d %H:%M}", self.zone.key
        if kind is Wall.TWICE:
            both = clocks.first(local, self.zone), clocks.second(local, self.zone)
            one, two = (_typed(moment, self.zone) for moment in both)
            raise BadInput(
                f"{shown} comes twice in {name}, because the clock is put back that night. Type "
                f"`{one}` for the first ({written(both[0])}) or `{two}` for the second "
                f"({written(both[1])})."
            )
        at = clocks.change(local, self.zone)
        before, after = (clocks.wall(at + timedelta(minutes=m), self.zone) for m in (-1, 0))
        leap = before + timedelta(minutes=1)
        raise BadInput(
            f"{shown} does not exist in {name}: the clock goes from {leap:%H:%M} to "
            f"{after:%H:%M} that night ({written(at)}). Type `{before:%Y-%m-%d %H:%M}` or "
            f"`{after:%Y-%m-%d %H:%M}`."
        )


def local_text(moment: datetime, zone: ZoneInfo) -> str:
    """Return a moment as the site's clocks show it, and in UTC, for a sentence."""
    local = moment.astimezone(zone)
    if local.utcoffset() == timedelta() and zone.key == "UTC":
        return written(moment)
    return f"{local:%a %Y-%m-%d %H:%M} {zone.key} ({written(moment)})"


def _typed(moment: datetime, zone: ZoneInfo) -> str:
    return moment.astimezone(zone).isoformat(timespec="minutes")


def _iso(words: str) -> bool:
    return re.match(r"\d{4}-\d{2}-\d{2}t", words, re.ASCII) is not None


def _parted(words: str) -> tuple[str, str, str]:
    """Return the day and the clock of what is typed; a clock alone has no day."""
    if _CLOCK.fullmatch(words):
        return words, "", ""
    return words.partition(" ")


def _clock(words: str, text: str) -> time:
    if words == "noon":
        return time(_NOON)
    if words == "midnight":
        raise BadInput(
            "Midnight is the end of one day and the start of the next: type 00:00 with the day "
            "that begins, like `tomorrow 00:00`."
        )
    match = _CLOCK.fullmatch(words)
    if match is None or (match[2] is None and match[3] is None):
        raise _unknown(words, text)
    hour, minute, half = int(match[1]), int(match[2] or 0), match[3]
    if half and not 1 <= hour <= _NOON:
        raise BadInput(f"There is no time `{words}`.")
    if half:
        hour = hour % _NOON + (_NOON if half == "pm" else 0)
    try:
        return time(hour, minute)
    except ValueError:
        more = " Type 00:00 with the next day." if words.startswith("24") else ""
        raise BadInput(f"There is no time `{words}`.{more}") from None


def _with_offset(local: datetime, offset: str) -> datetime:
    name = "+00:00" if offset in ("z", "utc") else offset
    return datetime.fromisoformat(f"{local.isoformat()}{name}").astimezone(UTC)


def _unknown(word: str, text: str) -> BadInput:
    near = difflib.get_close_matches(word, (*_WORDS, *_NAMES), n=1, cutoff=0.7)
    meant = f" Did you mean `{text.lower().replace(word, near[0], 1)}`?" if near else ""
    return BadInput(f"`{text}` is no moment that can be read.{meant} Type it like {EXAMPLES}.")
