"""Ids like REQ-12: counted in the transaction that uses them, never given twice."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import update

from bot.storage.tables import COUNTERS

if TYPE_CHECKING:
    from sqlalchemy import Connection


def next_number(connection: Connection, name: str) -> int:
    """Return the next number of `name`; others who want one wait until this transaction ends."""
    counted = (
        update(COUNTERS)
        .where(COUNTERS.c.name == name)
        .values(value=COUNTERS.c.value + 1)
        .returning(COUNTERS.c.value)
    )
    return int(connection.execute(counted).scalar_one())


def format_id(name: str, number: int) -> str:
    """Return the id that people see."""
    return f"{name}-{number}"


def parse_id(name: str, text: str) -> int | None:
    """Return the number of an id of `name`, or None for anything else."""
    prefix, dash, digits = text.partition("-")
    # At most nine digits: the column is a 32-bit integer.
    if prefix != name or not dash or not digits.isascii() or not digits.isdigit():
        return None
    return int(digits) if len(digits) <= 9 and not digits.startswith("0") else None  # noqa: PLR2004 - said above
