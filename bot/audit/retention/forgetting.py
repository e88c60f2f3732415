"""Sees that the search index forgets what was pruned: each replica has an index of its own."""

from __future__ import annotations

import contextlib
from typing import Final

from sqlalchemy import Connection

from bot.audit.index.folder import Index
from bot.audit.pruned import Pruned, read_minimum
from bot.storage.database import Database

_MARK: Final = "pruned"
"""The file in the index's folder that has the number of the last pruning it has heeded."""


async def forget_pruned(database: Database, index: Index) -> int:
    """Throw away the shards that have words of pruned events; return how many that were.

    They are made again from the log as it is now. OSError where the folder cannot be written.
    """
    return await database.read(lambda connection: _forget(connection, index))


def _forget(connection: Connection, index: Index) -> int:
    if not index.paths() or not read_minimum(connection):
        return 0
    mark, known = index.folder / _MARK, 0
    with contextlib.suppress(OSError, ValueError):
        known = int(mark.read_text("ascii"))
    new = [each for each in Pruned.read(connection).prunings if each.seq > known]
    shards: set[int] = set()
    for first, last in (run for each in new for run in each.runs):
        shards |= set(range(index.number_of(first), index.number_of(last) + 1))
    for number in shards & set(index.paths()):
        index.forget(index.range_of(number)[0])
    if new:
        mark.write_text(str(new[-1].seq), "ascii")
    return len(shards)
