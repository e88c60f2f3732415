"""Walks the shards from the newest event back: candidates from the index, the rest from the log."""

from __future__ import annotations

import contextlib
import itertools
import sqlite3
from collections.abc import Callable, Generator, Iterator, Sequence
from pathlib import Path
from typing import Final

from sqlalchemy import Connection

from bot.audit.index.fit import has_last
from bot.audit.index.folder import Index, Reading
from bot.audit.index.plan import Wanted, expression, wanted
from bot.audit.index.shard import Unusable, candidates, is_corrupt
from bot.audit.matching import may_match, plain_runs
from bot.audit.probe import rows_of
from bot.audit.reading import Row
from bot.audit.scan import Part, scan
from bot.model import AuditQuery

_MOST: Final = 512  # candidates that are read at once


class Walk:
    """One search on one snapshot of the log; what the index says is only where to look."""

    def __init__(
        self, log: Connection, query: AuditQuery, index: Index, is_late: Callable[[], bool]
    ) -> None:
        self._log = log
        self._query = query
        self._index = index
        self._is_late = is_late
        self._wanted: Wanted = wanted(query)
        self._runs = [run.lower().encode() for run in plain_runs(query)]

    def parts(self, lowest: int, highest: int) -> Iterator[Part]:
        """Return candidates from `highest` (left out) down to `lowest`, part by part."""
        paths, upper = self._index.paths(), highest
        while upper > lowest:
            number = self._index.number_of(upper - 1)
            lower = max(lowest, self._index.range_of(number)[0])
            for rows, reached in self._shard(paths.get(number), lower, upper):
                upper = reached
                yield rows, upper

    def _shard(self, path: Path | None, lower: int, upper: int) -> Iterator[Part]:
        """Return the candidates of one shard's range; without the index where it fails."""
        if path is not None:
            with contextlib.closing(self._asked(path, lower, upper)) as found:
                try:
                    for rows, reached in found:
                        upper = reached
                        yield rows, upper
                except (sqlite3.Error, Unusable) as error:
                    if is_corrupt(error):
                        self._index.drop(path)
                # Where time is up before anything was found, this makes sure of some progress.
        yield from scan(self._log, self._query, lower, upper)

    def _asked(self, path: Path, lower: int, upper: int) -> Generator[Part, None, None]:
        with self._index.reading(path) as reading:
            text = expression(self._wanted, reading.words, reading.odd)
            if not text or not has_last(self._log, reading.claim):
                return
            known = min(upper, reading.claim.high + 1)
            if known < upper:
                yield from scan(self._log, self._query, max(known, lower), upper)
            if known > lower:
                yield from self._candidates(reading, text, lower, known)

    def _candidates(self, reading: Reading, text: str, lower: int, upper: int) -> Iterator[Part]:
        first = self._query.limit + 1
        sizes = itertools.chain(
            (min(first * 2**power, _MOST) for power in range(10)), itertools.repeat(_MOST)
        )
        found = candidates(
            reading.connection, text, lower, upper, sizes=sizes, is_late=self._is_late
        )
        with contextlib.closing(found):
            for seqs in found:
                yield self._rows(seqs, has_damaged=reading.odd.has_damaged), seqs[-1]
        yield [], lower

    def _rows(self, seqs: Sequence[int], *, has_damaged: bool) -> list[Row]:
        rows = rows_of(self._log, seqs)
        if has_damaged:
            return rows
        # Most of what is no match can be told by its bytes, in a twentieth of the time.
        return [row for row in rows if may_match(row[1], self._runs)]
