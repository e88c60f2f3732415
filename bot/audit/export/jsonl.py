"""JSON lines: the stored bytes of an event on each."""

from __future__ import annotations

from bot.audit.reading import Row


def line(row: Row) -> bytes:
    """Return an event's bytes as stored, damaged ones too."""
    return row[1] + b"\n"
