"""The spool's form: a header and one line for each record, each naming the line before by hash.

A line is canonical JSON, a space, and its SHA-256. What hangs together line by line is believed; of
what stands behind a break nothing is. The last line may be torn: nobody was told that it is kept.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from pydantic import TypeAdapter, ValidationError

from bot.audit.record import moment
from bot.model import Draft

FORMAT: Final = 1

_HASH: Final = 64  # hexadecimal digits

_DRAFT: Final = TypeAdapter(Draft)
_encode = json.JSONEncoder(ensure_ascii=True, sort_keys=True, separators=(",", ":")).encode


@dataclass(frozen=True)
class Header:
    """Which spool this is, and who wrote it."""

    spool: str
    replica: str
    software: str


@dataclass(frozen=True)
class Kept:
    """One record of a spool: its number and time there, and the hash of its line."""

    n: int
    ts: int
    draft: Draft
    head: str


@dataclass(frozen=True)
class Content:
    """What a spool's file holds.

    `damage` says where the lines stop hanging together, "" where they do not; `torn` counts the
    bytes of a last line that was never finished.
    """

    header: Header | None
    records: tuple[Kept, ...] = ()
    damage: str = ""
    torn: int = 0


def head_of(line: bytes) -> str:
    """Return the hash at a line's end, by which the next line names this one."""
    return line[-_HASH:].decode("ascii", "replace")


def header_line(header: Header) -> bytes:
    """Return a spool's first line."""
    return _line({"v": FORMAT, **vars(header)})


def record_line(draft: Draft, *, n: int, ts: int, before: str) -> bytes:
    """Return the line of a record; ValueError for one that could not be read again."""
    fields = _DRAFT.dump_python(draft, mode="json", exclude_defaults=True)
    line = _line({"n": n, "ts": ts, "before": before, "draft": fields})
    kept = _kept(line, n, before)
    if kept is None or kept.draft != draft:
        raise ValueError("a record that the spool cannot hold")
    return line


def read(stored: bytes) -> Content:
    """Read a spool's file; it never raises for what stands in it."""
    *lines, torn = stored.split(b"\n")
    if not lines:
        return Content(None, torn=len(torn))
    try:
        first = _read_line(lines[0])
        if first.pop("v") != FORMAT:
            return Content(None, damage="it is of another version")
        header = Header(**first)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return Content(None, damage="its first line is no header")
    head = head_of(lines[0])
    records: list[Kept] = []
    for n, line in enumerate(lines[1:], 1):
        kept = _kept(line, n, head)
        if kept is None:
            return Content(header, tuple(records), f"record {n} does not follow the one before")
        records.append(kept)
        head = kept.head
    return Content(header, tuple(records), torn=len(torn))


def _line(fields: Mapping[str, Any]) -> bytes:
    body = _encode(fields).encode("ascii")
    return body + b" " + hashlib.sha256(body).hexdigest().encode("ascii")


def _read_line(line: bytes) -> dict[str, Any]:
    """Return what a line says; ValueError where that is not what was written."""
    body, _, said = line.rpartition(b" ")
    fields = json.loads(body)
    if hashlib.sha256(body).hexdigest().encode("ascii") != said or not isinstance(fields, dict):
        raise ValueError("the line does not match its hash")
    return fields


def _kept(line: bytes, n: int, before: str) -> Kept | None:
    try:
        fields = _read_line(line)
        if fields["n"] != n or fields["before"] != before:
            return None
        draft = _DRAFT.validate_python(fields["draft"])
        moment(fields["ts"])
        return Kept(n, fields["ts"], draft, head_of(line))
    except (ValueError, TypeError, KeyError, OverflowError, RecursionError, ValidationError):
        return None


def written_at(kept: Kept) -> str:
    """Return when a record was spooled, to the microsecond."""
    return moment(kept.ts).isoformat(timespec="microseconds").replace("+00:00", "Z")
