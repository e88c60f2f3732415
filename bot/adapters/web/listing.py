"""A table of audit events as a page lists them: narrow, so that it fits beside its text."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from bot.model import Table
from bot.moments import ZONE, Moment, split

SEQUENCE = re.compile(r"#?(\d{1,15})")


@dataclass(frozen=True)
class Cell:
    """What one cell says; `at` where it is one moment, `event` where it numbers an event."""

    text: str
    at: str = ""
    event: str = ""


@dataclass(frozen=True)
class Listing:
    """The heads of the columns, and the rows."""

    heads: tuple[str, ...] = ()
    rows: tuple[tuple[Cell, ...], ...] = ()


def listing(table: Table | None) -> Listing:
    """Return the table with each column of moments naming their zone once, in its head."""
    if table is None:
        return Listing()
    timed = {
        place
        for place in range(len(table.columns))
        if table.rows and all(_moment(row[place : place + 1]) for row in table.rows)
    }
    return Listing(
        tuple(
            f"{name} ({ZONE.strip()})" if place in timed else name
            for place, name in enumerate(table.columns)
        ),
        tuple(
            tuple(_cell(place, text, is_timed=place in timed) for place, text in enumerate(row))
            for row in table.rows
        ),
    )


def sequence(text: str) -> str:
    """Return the number of an event as it is in an address, or ""."""
    found = SEQUENCE.fullmatch(text.strip())
    return str(int(found.group(1))) if found else ""


def _cell(place: int, text: str, *, is_timed: bool) -> Cell:
    moment = _moment((text,)) if is_timed else None
    if moment is not None:
        return Cell(moment.text.removesuffix(ZONE), at=f"{moment.at:%Y-%m-%dT%H:%M:%SZ}")
    return Cell(text, event="" if place else sequence(text))


def _moment(cells: Sequence[str]) -> Moment | None:
    """Return the moment that a cell says where it says nothing else."""
    parts = [part for text in cells for part in split(text)]
    return parts[0] if len(parts) == 1 and isinstance(parts[0], Moment) else None
