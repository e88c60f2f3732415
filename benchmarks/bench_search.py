"""How long a search takes: with the index, by reading the log, and by ripgrep where there is one.

`python -m benchmarks.bench_search [--size N] [--queries N] [--folder KEPT] [--compare] [--cpu]
[--postgresql]`

The log is made up: words by Zipf's law, a few common and a few very rare ones, ids that count up.
`--compare` builds a log of a tenth of the size first, and prints how much slower the large one is.
A folder that is kept is used again by the next run of the same size.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import shutil
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import accumulate
from pathlib import Path
from typing import Any, TypeAlias

from sqlalchemy import Connection

from benchmarks.bench_replicas import a_server
from bot.audit import record
from bot.audit.index.builder import Builder
from bot.audit.index.folder import Index
from bot.audit.query import parse_query
from bot.audit.reading import stored_rows
from bot.audit.search import AuditSearch
from bot.audit.tree import TILE, Frontier, leaf_hash
from bot.ids import uuid7
from bot.model import Account, AuditQuery, Draft, Kind, Place, Reason
from bot.storage.database import Database, driver

Clock: TypeAlias = Callable[[], float]
VOCABULARY = 30_000
PEOPLE, SERVICES = 2_000, 480
NOW = datetime(2026, 11, 22, tzinfo=UTC)
SYLLABLES = [a + b + c for a in "bdfglmnprstv" for b in "aeiou" for c in ("", "n", "st")]
BATCH = 20_000


def words(choose: random.Random) -> list[str]:
    """Return the vocabulary, the commonest word first."""
    made: dict[str, None] = {"restart": None, "deploy": None, "timeout": None}
    while len(made) < VOCABULARY:
        made["".join(choose.choices(SYLLABLES, k=choose.randint(1, 4)))] = None
    return list(made)


class Events:
    """Made-up events, the same for the same seed."""

    def __init__(self, size: int) -> None:
        self.choose = random.Random(4711)  # noqa: S311 - chooses test data
        self.words = words(self.choose)
        self._weights = list(accumulate(1 / rank for rank in range(2, VOCABULARY + 2)))
        self._people = list(accumulate(1 / rank for rank in range(2, PEOPLE + 2)))
        self._services = list(accumulate(1 / rank for rank in range(2, SERVICES + 2)))
        self._step = timedelta(days=365 * 6) / size
        self._start = NOW - timedelta(days=365 * 6)
        self._forms: dict[tuple[object, ...], str] = {}

    def text(self) -> str:
        """Return a sentence."""
        return " ".join(self.choose.choices(self.words, cum_weights=self._weights, k=9))

    def draft(self, number: int) -> Draft:
        """Return an event."""
        choose = self.choose
        person = choose.choices(range(PEOPLE), cum_weights=self._people)[0]
        service = choose.choices(range(SERVICES), cum_weights=self._services)[0]
        rare = " quarantined" if number % 100_003 == 0 else ""
        return Draft(
            kind=Kind.OUTCOME if number % 2 else Kind.INTENT,
            verb=("deploy", "ci status", "change show", "page", "restart")[number % 5],
            correlation=uuid7(record.microseconds(NOW) - number // 2, os.urandom(10)),
            person=f"engineer-{person}",
            roles=("engineer",),
            account=Account("slack", f"U{person:09}", "T012AB3CD"),
            place=Place("slack", f"C{service % 300:09}"),
            service=f"service-{service}",
            environment="production" if choose.random() < 0.6 else "test",
            request=f"REQ-{number // 7}" if number % 3 == 0 else "",
            params={"ticket": f"INC{10_000_000 + number // 11}"} if number % 4 == 0 else {},
            reason=Reason.NOT_AUTHORISED if number % 503 == 0 else Reason.OK,
            text=self.text() + rare,
        )

    def row(self, number: int) -> tuple[int, str, bytes, int]:
        """Return an event as the log stores it, and its time.

        Composed once for each kind of event; what differs within a kind is filled in.
        """
        draft = self.draft(number)
        ts = record.microseconds(self._start + self._step * number)
        links = (not draft.request, not draft.params)
        kind = (draft.kind, draft.verb, draft.environment, draft.reason, *links)
        form = self._forms.get(kind) or self._forms.setdefault(kind, form_of(draft))
        body = form % {
            "seq": number,
            "ts": ts,
            "id": uuid7(ts, os.urandom(10)),
            "correlation": draft.correlation,
            "person": draft.person,
            "user": draft.account.user if draft.account else "",
            "channel": draft.place.channel if draft.place else "",
            "service": draft.service,
            "request": draft.request,
            "ticket": draft.params.get("ticket", ""),
            "text": draft.text,
        }
        return number, body, leaf_hash(body.encode()), ts


def form_of(draft: Draft) -> str:
    """Return what all events of a kind have in common, with a mark for each field that differs."""
    marked = replace(
        draft,
        correlation="%(correlation)s",
        person="%(person)s",
        account=Account("slack", "%(user)s", "T012AB3CD"),
        place=Place("slack", "%(channel)s"),
        service="%(service)s",
        request=draft.request and "%(request)s",
        params={name: f"%({name})s" for name in draft.params},
        text="%(text)s",
    )
    seq, ts = 4_000_000_000_000_001, 4_000_000_000_000_002  # in no other field
    stamp = record.Stamp(seq, ts, "%(id)s", "bench", "bench:1")
    body = record.encode(record.compose(marked, stamp)).decode()
    return body.replace(str(seq), "%(seq)d").replace(str(ts), "%(ts)d")


def fill(database: Database, size: int) -> None:
    """Fill an empty log, a batch in each transaction."""
    events, frontier = Events(size), Frontier()
    for first in range(1, size + 1, BATCH):
        rows = [events.row(number) for number in range(first, min(first + BATCH, size + 1))]
        a_body = rows[0][1].encode()
        if record.canonical(record.parse(a_body)) != a_body:
            raise ValueError("what is made is not what the log would have stored")
        frontier = database.write_now(partial(_put, rows=rows, frontier=frontier))


def _put(
    connection: Connection, rows: list[tuple[int, str, bytes, int]], frontier: Frontier
) -> Frontier:
    cursor = driver(connection).cursor()
    mark = "?" if connection.dialect.name == "sqlite" else "%s"

    def marked(statement: str) -> str:
        return statement.replace("?", mark)

    stored = [(seq, body, leaf) for seq, body, leaf, _ in rows]
    cursor.executemany(marked("INSERT INTO audit (seq, body, leaf) VALUES (?, ?, ?)"), stored)
    grown, tiles = frontier.extend(leaf for _, _, leaf, _ in rows)
    new = list(enumerate(tiles, frontier.size // TILE))
    cursor.executemany(marked("INSERT INTO audit_tile VALUES (?, ?)"), new)
    cursor.execute(
        marked("UPDATE audit_head SET size = ?, ts = ?, root = ?, frontier = ?"),
        (grown.size, rows[-1][3], grown.root(), grown.packed()),
    )
    return grown


@contextmanager
def a_log(folder: Path, size: int, url: str = "") -> Iterator[tuple[Database, Index]]:
    """Make a log of a size and its index in a folder, or use the one that is there.

    With `url` the log itself is in that database, which is empty.
    """
    folder.mkdir(parents=True, exist_ok=True)
    database = Database.open(url or f"sqlite:///{folder}/audit.db")
    database.upgrade()  # of a kept folder, too
    index = Index(folder / "index")
    if not (folder / "filled").exists():
        started = time.perf_counter()
        fill(database, size)
        row(f"make a log of {size:,}", time.perf_counter() - started, "s")
        (folder / "filled").touch()
    if not (folder / "indexed").exists():
        builder = Builder(database, index, tail=1)
        started = time.perf_counter()
        while builder.step():
            pass
        builder.close()
        taken = time.perf_counter() - started
        row("index it", taken, "s", f"{size / taken:,.0f} events/s")
        used = sum(file.stat().st_size for file in index.folder.iterdir()) / 1e6
        row("size of the index", used, "MB", f"{used / size * 1e6:.0f} MB a million")
        (folder / "indexed").touch()
    try:
        yield database, index
    finally:
        index.close()
        database.close()


def queries(size: int, count: int) -> dict[str, list[str]]:
    """Return queries of each kind, most of which find something."""
    events = Events(size)
    choose = random.Random(17)  # noqa: S311 - chooses test data

    def number() -> int:
        return choose.randint(1, size)

    def said() -> list[str]:
        return events.text().split()

    def inner() -> str:
        word = max(said(), key=len)
        return word[1:8]

    kinds: dict[str, Callable[[], str]] = {
        "one word": lambda: choose.choice(said()),
        "two words": lambda: " ".join(choose.sample(said(), 2)),
        "three words": lambda: " ".join(choose.sample(said(), 3)),
        "common and rare": lambda: "restart quarantined",
        "only rare": lambda: "quarantined",
        "absent": lambda: "nowheretobefound",
        "prefix": lambda: max(said(), key=len)[:5] + "*",
        "phrase of two": lambda: f'"{" ".join(said()[:2])}"',
        "part of a word": inner,
        "facets": lambda: f"service:service-{choose.randint(0, 99)} by:engineer-{number() % 200}",
        "facet and word": lambda: f"by:engineer-{number() % 200} {choose.choice(said())}",
        "rare facets": lambda: f"outcome:denied by:engineer-{number() % PEOPLE} env:test",
        "ticket": lambda: f"INC{10_000_000 + number() // 11}",
        "ticket prefix": lambda: f"INC{str(10_000_000 + number() // 11)[:6]}",
        "request in a text": lambda: f"REQ-{number() // 7}",
        "request": lambda: f"request:REQ-{number() // 7}",
        "month": lambda: f"since:2024-03-01 until:2024-03-31 by:engineer-{number() % 200}",
        "word but not": lambda: f"timeout -{choose.choice(said())}",
    }
    return {kind: [make() for _ in range(count)] for kind, make in kinds.items()}


def times(
    search: AuditSearch, typed: Sequence[str], clock: Clock = time.perf_counter
) -> tuple[list[float], int]:
    """Return the milliseconds that each search takes, and how many ended at their deadline."""
    asked = [replace(parse_query(each, now=NOW), limit=50) for each in typed]

    async def run() -> tuple[list[float], int]:
        taken, late = [], 0
        for query in asked:
            started = clock()
            page = await search.search(query)
            taken.append((clock() - started) * 1000)
            late += page.searched_back_to is not None
        return taken, late

    return asyncio.run(run())


def percentile(values: Sequence[float], part: float) -> float:
    """Return a percentile."""
    return sorted(values)[min(int(len(values) * part), len(values) - 1)]


def measure(
    database: Database, index: Index, size: int, count: int, clock: Clock
) -> dict[str, float]:
    """Print the times of each kind of query; return the 95th percentiles."""
    found = {}
    search = AuditSearch(database, index=index)
    for kind, typed in queries(size, count).items():
        taken, late = times(search, typed, clock)
        found[kind] = percentile(taken, 0.95)
        median = statistics.median(taken)
        more = f"p95 {found[kind]:8.2f}  max {max(taken):8.2f}" + (f"  {late} late" if late else "")
        row(f"  {kind}", median, "ms p50", more)
    started = clock()
    counted = asyncio.run(search.count(AuditQuery(words=("restart",)), most=1_000))
    row("  count up to 1,000", (clock() - started) * 1000, "ms", f"{counted.found}")
    return found


def measure_others(database: Database, folder: Path) -> None:
    """Print the same without an index: reading the log, and ripgrep over an export."""
    reading = AuditSearch(database, deadline=600)
    for typed in ("quarantined", "nowheretobefound", "restart quarantined"):
        taken, _ = times(reading, [typed])
        row(f"  reading the log: {typed}", taken[0], "ms")
    ripgrep = shutil.which("rg")
    if ripgrep is None:
        print("  ripgrep is not here")
        return
    lines = folder / "audit.jsonl"
    if not lines.exists():
        with lines.open("wb") as out:
            database.read_now(
                lambda c: out.writelines(body + b"\n" for _, body, _ in stored_rows(c))
            )
    for typed in ("quarantined", "nowheretobefound"):
        started = time.perf_counter()
        subprocess.run([ripgrep, "-c", typed, str(lines)], check=False, capture_output=True)
        row(f"  ripgrep: {typed}", (time.perf_counter() - started) * 1000, "ms")


def row(name: str, value: float, unit: str, more: str = "") -> None:
    """Print one line of the table."""
    print(f"{name:<44}{value:>12,.2f} {unit:<7} {more}", flush=True)


def main() -> None:
    """Measure one size, or two of them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", type=int, default=100_000, help="events in the log")
    parser.add_argument("--queries", type=int, default=100, help="of each kind")
    parser.add_argument("--folder", type=Path, help="keep the logs here")
    parser.add_argument("--compare", action="store_true", help="with a log of a tenth of the size")
    parser.add_argument("--postgresql", action="store_true", help="the log is in a server of ours")
    parser.add_argument("--cpu", action="store_true", help="processor time: the machine is busy")
    given = parser.parse_args()
    clock = time.process_time if given.cpu else time.perf_counter
    if given.postgresql:
        with (
            a_server() as url,
            tempfile.TemporaryDirectory() as scratch,
            a_log(Path(scratch), given.size, url) as (database, index),
        ):
            print(f"PostgreSQL, {given.size:,} events, {given.queries} queries of each kind")
            measure(database, index, given.size, given.queries, clock)
        return
    with tempfile.TemporaryDirectory() as scratch:
        folder: Path = given.folder or Path(scratch)
        found: dict[int, dict[str, Any]] = {}
        for size in ([given.size // 10] if given.compare else []) + [given.size]:
            with a_log(folder / str(size), size) as (database, index):
                print(f"{size:,} events, {given.queries} queries of each kind, first 50 events")
                found[size] = measure(database, index, size, given.queries, clock)
                measure_others(database, folder / str(size))
    if given.compare:
        small, large = found.values()
        ratios = {kind: round(large[kind] / small[kind], 2) for kind in large}
        print(json.dumps({"p95, large to small": ratios}, indent=2))


if __name__ == "__main__":
    main()
