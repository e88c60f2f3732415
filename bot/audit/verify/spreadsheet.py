"""A CSV export: columns to read, drawn from the bytes in the last one."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from typing import Any, Final

from bot.audit.verify.findings import Findings
from bot.audit.verify.hashing import leaf_of
from bot.audit.verify.pruned import GONE, row_of
from bot.audit.verify.walk import named_event, seq_of

COLUMNS: Final = (
    *("seq", "time", "kind", "person", "roles", "platform", "account", "channel", "verb"),
    *("service", "environment", "reason", "request", "deploy", "change", "incident", "params"),
    *("text", "error", "policies", "correlation", "software", "replica", "leaf", "body"),
)
"""The columns; `body` holds the event's bytes, all others are drawn from it."""

_LONGEST_CELL: Final = 1 << 24
_DANGEROUS: Final = ("=", "+", "-", "@", "\t", "\r")
_PATHS: Final = {
    "person": ("actor", "person"),
    "platform": ("actor", "platform"),
    "account": ("actor", "account"),
    "channel": ("place", "channel"),
    "service": ("target", "service"),
    "environment": ("target", "environment"),
}
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=timezone.utc)  # noqa: UP017 - an auditor may have 3.9


def cells(seq: int, event: dict[str, Any], leaf: bytes, body: bytes) -> list[str]:
    """Return an event's row, safe to open in a spreadsheet."""
    drawn: dict[str, Any] = {
        **event,
        **{name: event.get(group, {}).get(key, "") for name, (group, key) in _PATHS.items()},
        "seq": seq,
        "time": (_EPOCH + timedelta(microseconds=event["ts"])).isoformat(timespec="microseconds"),
        "roles": " ".join(event.get("actor", {}).get("roles", ())),
        "policies": " ".join(event.get("decision", {}).get("policies", ())),
        "params": json.dumps(event["params"], sort_keys=True) if "params" in event else "",
        "leaf": leaf.hex(),
        "body": body.decode("ascii"),
    }
    return [_guarded(str(drawn.get(column, ""))) for column in COLUMNS]


def bare_cells(seq: int, leaf: bytes, body: str) -> list[str]:
    """Return the row of an event that cannot be drawn: its number, its hash, what is stored."""
    return [str(seq), *[""] * (len(COLUMNS) - 3), leaf.hex(), body]


def _guarded(cell: str) -> str:
    """A spreadsheet takes a cell that begins so for a formula; an apostrophe makes it text."""
    return f"'{cell}" if cell.startswith(_DANGEROUS) else cell


def bodies_of_csv(lines: Iterator[bytes], findings: Findings) -> Iterator[bytes]:
    """Return the events' bytes, noting each row that shows something else."""
    csv.field_size_limit(_LONGEST_CELL)
    reader = csv.reader(line.decode("utf-8", "replace") for line in lines)
    try:
        if next(reader, None) != list(COLUMNS):
            findings.add("FILE", "the first line does not name the columns of an export")
        for row in reader:
            body = row[-1].encode("utf-8") if row else b""
            if row != _drawn(body):
                said = f"the row of {named_event(seq_of(body))} does not show what its body says"
                findings.add("FILE", said, seq_of(body))
            yield body
    except csv.Error as error:
        findings.add("FILE", f"line {reader.line_num} cannot be read as CSV: {error}")


def _drawn(body: bytes) -> list[str]:
    seq, rest, leaf = row_of(body)
    if rest == GONE and seq is not None and leaf is not None:
        return bare_cells(seq, leaf, body.decode("ascii"))
    try:
        return cells(seq_of(body) or 0, json.loads(body), leaf_of(body), body)
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError):
        return []
