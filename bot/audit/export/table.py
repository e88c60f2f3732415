"""CSV for a spreadsheet: columns to read, and the stored bytes in the last one."""

from __future__ import annotations

import csv
import io

from bot.audit import record
from bot.audit.reading import Row
from bot.audit.verify import COLUMNS, GONE, bare_cells, cells, line_of


def heading() -> bytes:
    """Return the line that names the columns."""
    return _line(list(COLUMNS))


def line(row: Row) -> bytes:
    """Return an event's line; of one that is damaged or pruned what there is of it."""
    seq, body, leaf = row
    if body == GONE:
        return _line(bare_cells(seq, leaf, line_of(seq, leaf).decode()))
    try:
        return _line(cells(seq, record.parse(body), leaf, body))
    except (ValueError, KeyError, AttributeError, OverflowError):
        return _line(bare_cells(seq, leaf, body.decode("utf-8", "replace")))


def _line(row: list[str]) -> bytes:
    buffer = io.StringIO(newline="")
    csv.writer(buffer).writerow(row)
    return buffer.getvalue().encode()
