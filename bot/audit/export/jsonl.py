"""JSON lines: the stored bytes of an event on each."""

from __future__ import annotations

from bot.audit.reading import Row
from bot.audit.verify import GONE, line_of


def line(row: Row) -> bytes:
    """Return an event's bytes as stored, damaged ones too; of a pruned one its hash."""
    seq, body, leaf = row
    return (line_of(seq, leaf) if body == GONE else body) + b"\n"
