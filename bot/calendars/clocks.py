"""Reads the time on a wall clock: which moment it is, in the nights the clock is changed too."""

from __future__ import annotations

import enum
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Final

FIRST: Final = datetime(1, 1, 1)  # noqa: DTZ001 - what clocks show has no zone
LAST: Final = datetime(9999, 12, 31, 23, 59)  # noqa: DTZ001 - what clocks show has no zone
_SEARCH: Final = timedelta(seconds=1)


class Wall(enum.Enum):
    """What a time on the wall clock is on its day."""

    PLAIN = "plain"
    MISSING = "missing"  # the clock is put forward over it
    TWICE = "twice"  # the clock is put back before it


def kind(local: datetime, zone: tzinfo) -> Wall:
    """Return whether a naive local time exists, exists twice, or does not (PEP 495)."""
    first, second = _offset(local, zone, 0), _offset(local, zone, 1)
    if first == second:
        return Wall.PLAIN
    # PEP 495: in a gap, fold=0 has the offset before it, which is the smaller one.
    return Wall.MISSING if first < second else Wall.TWICE


def first(local: datetime, zone: tzinfo) -> datetime:
    """Return the moment of a naive local time as RFC 5545 section 3.3.5 reads it.

    One that does not exist has the offset before the gap; one that occurs twice is the first.
    """
    return local.replace(tzinfo=zone, fold=0).astimezone(UTC)


def second(local: datetime, zone: tzinfo) -> datetime:
    """Return the later moment of a local time that occurs twice; else as `first`."""
    if kind(local, zone) is Wall.TWICE:
        return local.replace(tzinfo=zone, fold=1).astimezone(UTC)
    return first(local, zone)


def change(local: datetime, zone: tzinfo) -> datetime:
    """Return the moment at which the clock is put forward over a local time that is missing."""
    # With the offset after the gap it is before the change, with the one before the gap after it.
    early = local.replace(tzinfo=zone, fold=1).astimezone(UTC)
    late = first(local, zone)
    before = early.astimezone(zone).utcoffset()
    while late - early > _SEARCH:
        middle = early + (late - early) / 2
        if middle.astimezone(zone).utcoffset() == before:
            early = middle
        else:
            late = middle
    return late.replace(microsecond=0)


def earliest(local: datetime, zone: tzinfo) -> datetime:
    """Return the first moment at which the clock on the wall shows a time or more than it."""
    return change(local, zone) if kind(local, zone) is Wall.MISSING else first(local, zone)


def wall(moment: datetime, zone: tzinfo) -> datetime:
    """Return what the clock on the wall shows at a moment, as a naive time."""
    return moment.astimezone(zone).replace(tzinfo=None, fold=0)


def _offset(local: datetime, zone: tzinfo, fold: int) -> timedelta:
    found = local.replace(tzinfo=zone, fold=fold).utcoffset()
    if found is None:  # pragma: no cover - no zone that is used here has no offset
        raise ValueError(f"{zone} says no offset")
    return found


def moved(local: datetime, by: timedelta) -> datetime:
    """Return a naive time moved, kept within what a date can be."""
    try:
        return local + by
    except OverflowError:
        return LAST if by > timedelta() else FIRST
