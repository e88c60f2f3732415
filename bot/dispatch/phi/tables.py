"""Rows of patients: queries on a patient table, and tables whose header names patient columns."""

from __future__ import annotations

import re
from bisect import bisect_left
from typing import TYPE_CHECKING

from bot.dispatch.phi.extents import line_end, line_start
from bot.dispatch.phi.verdict import MAX_CHARS
from bot.dispatch.phi.view import Stems

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bot.dispatch.phi.view import View

_TABLE = (
    r"(?:[\[\"`]?\w{1,40}[\]\"`]?\.){0,3}[\[\"`]?(?:\w{1,30}_)?"
    r"(?:patients?|pat_enc|demographics|hsp_account|identity_id|person_names?)(?:_\w{1,30})?[\]\"`]?"
)
_FROM = re.compile(
    rf"(?:from|join)\s{{1,9}}{_TABLE}(?:\s{{1,9}}(?:as\s{{1,9}})?[a-z]\w{{0,8}})??"
    r"(?=\s{0,9}(?:;|\)|,|\"|'|`|\Z)|\s{1,9}(?:where|join|inner|left|right|order|group|limit|union|on|"
    r"fetch|with|cross|and)\b)"
)
_ANY_FROM = re.compile(r"from\s{1,9}[\w.\"`\[\]]{1,120}")
_IDENTITY_COLUMN = re.compile(
    r"(?<![a-z0-9])(?:mrn|ssn|dob|csn|date_of_birth|birth_?date|patient_?(?:id|name|mrn)"
    r"|nhs_?number|medical_?record_?(?:number|no))(?![a-z0-9])"
)
_WRITE = re.compile(
    rf"(?:insert\s{{1,9}}into\s{{1,9}}{_TABLE}\s{{0,9}}(?:\(|values|select)"
    rf"|update\s{{1,9}}{_TABLE}(?:\s\w{{1,8}})?\s{{1,9}}set\s"
    rf"|delete\s{{1,9}}from\s{{1,9}}{_TABLE}\s{{1,9}}where\s)"
)
_AGGREGATE = re.compile(
    r"select\s{1,9}(?:count|max|min|avg|sum)\s{0,3}\([^()]{0,40}\)\s{1,9}from\b"
)
_LITERAL = re.compile(r"[=<>(,]\s{0,3}['\"\d]|(?:like|between)\s{1,3}['\"\d]")
_SOURCES = Stems("from", "join")
_WRITES = Stems("insert", "update", "delete")
_LOOK_BACK, _CLAUSE, _LONGEST = 400, 200, 1_600

_DELIMITERS = ",\t|;"
_IDENTITY = re.compile(
    r"(?:(?:patient|pat|pt)[\s_-]?(?:id|mrn|name|dob|number|no|identifier)|mrn|ssn|dob|csn|nhs[\s_-]?(?:number|no)?"
    r"|(?:date[\s_-]?of[\s_-]?)birth|birth[\s_-]?date|medical[\s_-]?record[\s_-]?(?:number|no)"
    r"|accession(?:[\s_-]?(?:number|no))?|member[\s_-]?id|mbi)\Z"
)
_IDENTITY_STEMS = Stems(
    *("mrn", "ssn", "dob", "csn", "nhs", "mbi", "birth", "date", "pat", "pt", "medical", "acc"),
    "member",
)
_IDENTITY_HEAD = re.compile(
    r"mrn|ssn|dob|csn|nhs|mbi|birth|date[\s_-]?of|(?:pat|pt)(?:ient)?[\s_-]?(?:id|mrn|name|dob|n)"
    r"|medical|accession|member[\s_-]?id"
)
_COLUMN = re.compile(r"[a-z#][a-z0-9 _#()/-]{0,30}\Z")
_RULER = re.compile(r"[\s|:+=-]+\Z")
_NUMBER = re.compile(r"\d")
_OPENING = re.compile(r"[\"'`:\s>\[({=]+")
_CLOSING = re.compile(r"[\"'`\s\])}]+")
_MIN_SURE = 2
_FIRST_ROWS = 3


def find(view: View) -> Iterator[tuple[str, int, int]]:
    """Yield queries on patient tables, and tables with patient columns."""
    if view.mentions(("select", "insert", "update", "delete")):
        yield from _queries(view)
        yield from _writes(view)
    if view.mentions(_DELIMITERS):
        yield from _tables(view)


def _queries(view: View) -> Iterator[tuple[str, int, int]]:
    low = view.low
    if "select" not in low:
        return
    columns = [hit.start() for hit in _IDENTITY_COLUMN.finditer(low)]
    covered = 0
    for place in view.word_starts(_SOURCES):
        start = low.rfind("select", max(covered, place - _LOOK_BACK), place)
        if start < 0:
            continue
        if _asks_patients(low, start, place) or _asks_columns(low, start, place, columns):
            covered = _statement_end(low, place)
            yield "patient-sql", start, covered


def _asks_patients(low: str, start: int, source: int) -> bool:
    """Tell a query on a patient table; counting all of its rows is not one."""
    match = _FROM.match(low, source)
    if match is None:
        return False
    after = match.end()
    return not (_AGGREGATE.match(low, start) and not _LITERAL.search(low, after, after + _CLAUSE))


def _asks_columns(low: str, start: int, source: int, columns: Sequence[int]) -> bool:
    """Tell a query on any table that picks or compares a patient column and holds a value."""
    index = bisect_left(columns, start)
    if index == len(columns) or columns[index] > source + _CLAUSE:
        return False
    match = _ANY_FROM.match(low, source)
    return bool(match and _LITERAL.search(low, match.end(), match.end() + _CLAUSE))


def _writes(view: View) -> Iterator[tuple[str, int, int]]:
    low = view.low
    covered = 0
    for place in view.word_starts(_WRITES):
        if place >= covered and (match := _WRITE.match(low, place)):
            covered = _statement_end(low, match.end())
            yield "patient-sql", place, covered


def _statement_end(low: str, place: int) -> int:
    """Return the end of a statement: its semicolon, else the next empty line."""
    limit = min(len(low), place + _LONGEST)
    ends = [low.find(mark, place, limit) for mark in (";", "\n\n", "```")]
    return min((end for end in ends if end >= 0), default=limit)


def _tables(view: View) -> Iterator[tuple[str, int, int]]:
    low = view.low
    covered = 0
    for place in view.word_starts(_IDENTITY_STEMS):
        if place < covered or not _IDENTITY_HEAD.match(low, place):
            continue
        start, covered = line_start(low, place), line_end(low, place)
        header = low[start:covered]
        delimiter = max(_DELIMITERS, key=header.count)
        if delimiter in header and _is_header(header, low, covered, delimiter):
            covered = _table_end(low, covered, delimiter)
            yield "patient-table", start, covered


def _is_header(header: str, low: str, end: int, delimiter: str) -> bool:
    cells = [cell for raw in header.split(delimiter) if (cell := raw.strip(" \"'`*_>\t"))]
    sure = sum(bool(_IDENTITY.match(cell)) for cell in cells)
    if sure >= _MIN_SURE and all(_COLUMN.match(cell) for cell in cells):
        return True
    if len(cells) < _MIN_SURE or not (sure or _is_embedded(cells)):
        return False
    first_rows = low[end : _table_end(low, end, delimiter, most=_FIRST_ROWS)]
    return bool(_NUMBER.search(first_rows))


def _is_embedded(cells: Sequence[str]) -> bool:
    """Tell a header with something before or after it on its line: a quote, a log's prefix."""
    ends = (_OPENING.split(cells[0])[-1], _CLOSING.split(cells[-1])[0])
    return len(cells) > _MIN_SURE and any(_IDENTITY.match(end) for end in ends)


def _table_end(low: str, place: int, delimiter: str, most: int = MAX_CHARS) -> int:
    """Return the end of the rows below a header: lines with the delimiter, and its ruler."""
    end = place
    for _ in range(most):
        following = line_end(low, end + 1)
        line = low[end + 1 : following]
        if delimiter not in line and not _RULER.match(line):
            break
        end = following
    return end
