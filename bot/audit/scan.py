"""Reads the log itself for candidates, from its end: what no index covers, or could narrow down."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Final, TypeAlias

from sqlalchemy import ColumnElement, Connection
from sqlalchemy.exc import DBAPIError

from bot.audit.matching import PATHS, plain_runs
from bot.audit.reading import AUDIT, INDEXED, Row, fetch, select_rows
from bot.model import AuditQuery

NARROW: Final = 4_096
"""Events that a reading begins with."""

_PATTERN: Final = 1_000  # characters of a word that the database is asked for; SQLite has a limit
_PATTERNS: Final = 8
_WIDE: Final = 65_536
_FETCH: Final = 512
_THINGS: Final = ("request", "deploy", "change", "incident", "correlation")

Part: TypeAlias = tuple[list[Row], int]
"""Candidates, and how far down everything has now been looked at."""


def names_one_thing(query: AuditQuery) -> bool:
    """Say whether a query is for few events, which the log's own indexes find at once."""
    return any(getattr(query, name) for name in _THINGS)


def scan(connection: Connection, query: AuditQuery, lowest: int, highest: int) -> Iterator[Part]:
    """Return candidates from `highest` (left out) down to `lowest`, part by part."""
    if lowest >= highest:
        return  # as after each shard that has everything: the conditions alone take a while
    conditions = _conditions(connection, query)
    upper = highest
    width, widest = NARROW, _WIDE
    if names_one_thing(query):
        width = widest = max(highest - lowest, 1)
    while upper > lowest:
        lower = max(lowest, upper - width)
        rows = _candidates(connection, conditions, lower, upper)
        if len(rows) == _FETCH:
            upper = rows[-1][0]
        else:
            upper, width = lower, min(width * 2, widest)
        yield rows, upper


def _candidates(
    connection: Connection, conditions: list[ColumnElement[bool]], lower: int, upper: int
) -> list[Row]:
    part = (
        select_rows(connection)
        .where(AUDIT.c.seq >= lower, AUDIT.c.seq < upper)
        .order_by(AUDIT.c.seq.desc())
        .limit(_FETCH)
    )
    try:
        return fetch(connection, part.where(*conditions))
    except DBAPIError:
        # A body that is no JSON any more fails every column that is drawn from it. Without the
        # conditions it is read, and named as damaged.
        connection.rollback()
        return fetch(connection, part)


def _conditions(connection: Connection, query: AuditQuery) -> list[ColumnElement[bool]]:
    """Return what every match fulfils; events that fulfil it need not match."""
    # Both match ASCII letters in any case; a body has no others.
    like = AUDIT.c.body.like if connection.dialect.name == "sqlite" else AUDIT.c.body.ilike
    conditions: list[ColumnElement[bool]] = []
    for name, path in PATHS.items():
        wanted = getattr(query, name)
        if wanted and name in INDEXED:
            conditions.append(AUDIT.c[name] == wanted)
        elif wanted:
            # Without the first quotation mark: looking for a rarer character first is faster.
            conditions.append(like(_pattern(f'{path[-1]}":{json.dumps(wanted)}'), escape="\\"))
    runs = plain_runs(query)[:_PATTERNS]
    return conditions + [like(_pattern(run), escape="\\") for run in runs]


def _pattern(part: str) -> str:
    return "%" + re.sub(r"([%_\\])", r"\\\1", part[:_PATTERN]) + "%"
