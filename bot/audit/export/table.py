"""CSV for a spreadsheet: columns to read, and the stored bytes in the last one."""

from __future__ import annotations

import csv
import io

from bot.audit import record
from bot.audit.reading import Row
from bot.audit.verify import COLUMNS, cells


def heading() -> bytes:
    """Return the line that names the columns."""
    return _line(list(COLUMNS))


def line(row: Row) -> bytes:
    """Return an event's line; of one that is damaged the number, the hash and the bytes."""
    seq, body, leaf = row
    try:
        return _line(cells(seq, record.parse(body), leaf, body))
    except (ValueError, KeyError, AttributeError, OverflowError):
        shown = body.decode("utf-8", "replace")
        return _line([str(seq), *[""] * (len(COLUMNS) - 3), leaf.hex(), shown])


def _line(row: list[str]) -> bytes:
    buffer = io.StringIO(newline="")
    csv.writer(buffer).writerow(row)
    return buffer.getvalue().encode()
