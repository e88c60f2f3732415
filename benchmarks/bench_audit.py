"""How fast the audit log is, as ratios to what this machine's disk and hash can do in the same run.

`python benchmarks/bench_audit.py [--rounds N] [--events N]`
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

from sqlalchemy import Connection, text

from bot.audit import record, verify
from bot.audit.batch import SQLITE, Head, add_nodes, read_head
from bot.audit.log import AuditLog
from bot.audit.query import parse_query
from bot.audit.reading import stored_rows
from bot.audit.seal import Seal
from bot.audit.search import AuditSearch
from bot.audit.tree import leaf_hash
from bot.audit.whole import verify_log
from bot.ids import uuid7
from bot.model import Account, Draft, Kind, Place, Reason
from bot.ports import Transaction
from bot.storage.database import Database, driver, sql
from tests.signing import KnownKeys

EVENT = Draft(
    kind=Kind.INTENT,
    verb="deploy",
    correlation="0190f3a0-1111-7000-8000-000000000000",
    person="engineer",
    roles=("engineer",),
    account=Account("slack", "U012AB3CD", "T012AB3CD"),
    place=Place("slack", "C012AB3CD", "1700000000.000100"),
    service="lab-results",
    environment="production",
    request="REQ-12",
    params={"service": "lab-results", "version": "1.4.2", "environment": "production"},
    policies=("production-needs-approval", "production-needs-change"),
    policy_version="5f2c9a01",
    text="deploy lab-results 1.4.2 to production --reason 'fixes the duplicate results'",
)
QUERIES = (
    "person:engineer-77",
    "service:service-123 environment:production",
    "reason:phi_blocked",
    "timeout",
    "quarantined",
    "there is no such word",
    "environment:nowhere",
    "since:1h",
)


KEYS = KnownKeys()


class SystemClock:
    """The time of this machine."""

    def now(self) -> datetime:
        """Return it, in UTC."""
        return datetime.now(UTC)


def raw_rate(folder: Path, count: int) -> float:
    """Return how many events a second this disk takes one by one: write, fdatasync, no more."""
    body = bytes(600)
    file = os.open(folder / "raw", os.O_CREAT | os.O_WRONLY | os.O_APPEND)
    start = time.perf_counter()
    for _ in range(count):
        os.write(file, body)
        os.fdatasync(file)
    rate = count / (time.perf_counter() - start)
    os.close(file)
    return rate


def claim(tx: Transaction) -> None:
    """Keep a row beside the event, as the road does for each delivery."""
    sql(tx).execute(_CLAIM, {"key": os.urandom(16).hex()})


_CLAIM = text("INSERT INTO claim VALUES (:key)")


async def append_rate(
    database: Database, count: int, appenders: int, *, with_effect: bool = False
) -> float:
    """Return how many appends a second `appenders` callers get, each waiting for its own."""
    effects = (claim,) if with_effect else ()

    async def appender(log: AuditLog) -> None:
        for _ in range(count // appenders):
            await log.append(EVENT, *effects)

    async with AuditLog(
        database, clock=SystemClock(), software="bench", replica="bench", keys=KEYS, deadline=60
    ) as log:
        start = time.perf_counter()
        await asyncio.gather(*(appender(log) for _ in range(appenders)))
        return count / (time.perf_counter() - start)


def bench_append(rounds: int) -> None:
    """Print append rates, interleaved with the raw rate of the same moment."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        database = Database.open(f"sqlite:///{folder}/audit.db")
        database.upgrade()
        database.write_now(lambda c: c.execute(text("CREATE TABLE claim (key TEXT PRIMARY KEY)")))
        variants: dict[str, Callable[[], float]] = {
            "raw write + fdatasync": lambda: raw_rate(folder, 500),
            "append, 1 caller": lambda: asyncio.run(append_rate(database, 300, 1)),
            "append, 16 callers": lambda: asyncio.run(append_rate(database, 1600, 16)),
            "append, 64 callers": lambda: asyncio.run(append_rate(database, 3200, 64)),
            "append + claim, 64 callers": lambda: asyncio.run(
                append_rate(database, 3200, 64, with_effect=True)
            ),
        }
        rates: dict[str, list[float]] = {variant: [] for variant in variants}
        for _ in range(rounds):
            for variant, measure in variants.items():
                rates[variant].append(measure())
        raw = statistics.median(rates["raw write + fdatasync"])
        for variant, found in rates.items():
            rate = statistics.median(found)
            row(variant, f"{rate:,.0f}/s", f"{rate / raw:.2f} of raw")
        database.close()


def fill(connection: Connection, count: int) -> None:
    """Add varied events, spread over the last thirty days, without waiting for each."""
    head: Head = read_head(connection)
    start = datetime.now(UTC) - timedelta(days=30)
    rows, leaves = [], []
    for number in range(1, count + 1):
        ts = record.microseconds(start + timedelta(days=30) * (number / count))
        rare = "quarantined" if number % 10_007 == 0 else "timeout" if number % 13 == 0 else "ok"
        draft = Draft(
            kind=Kind.OUTCOME if number % 2 else Kind.INTENT,
            verb=("deploy", "ci status", "change show", "page")[number % 4],
            correlation=f"c-{number // 2}",
            person=f"engineer-{number * 7919 % 400}",
            service=f"service-{number * 104_729 % 480}",
            environment="production" if number % 3 else "test",
            reason=Reason.PHI_BLOCKED if number % 5003 == 0 else Reason.OK,
            text=f"said {rare} about number {number}: {EVENT.text}",
        )
        stamp = record.Stamp(number, ts, uuid7(ts, os.urandom(10)), "bench", "bench")
        body = record.encode(record.compose(draft, stamp))
        leaf = leaf_hash(body)
        rows.append((number, body.decode(), leaf))
        leaves.append(leaf)
    frontier, nodes = head.frontier.grow(leaves)
    cursor = driver(connection).cursor()
    cursor.executemany(SQLITE.add_events + SQLITE.an_event, rows)
    add_nodes(cursor, SQLITE, nodes)
    seal = Seal(KEYS)
    seal.prepare(head.frontier, head.note)
    note = seal.note(frontier, frontier.root())
    moved = (frontier.size, ts, frontier.root(), frontier.packed(), note, head.frontier.size)
    cursor.execute(SQLITE.move_head, moved)


def timed(work: Callable[[], object]) -> float:
    """Return the seconds that something takes."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def bench_verify(database: Database, rounds: int) -> None:
    """Print verification speed against hashing the same bytes in one go."""
    bodies = database.read_now(lambda c: [body for _, body, _ in stored_rows(c)])
    whole = b"\n".join(bodies)
    head = database.read_now(read_head).frontier
    from_memory = [(seq, body, None) for seq, body in enumerate(bodies, start=1)]
    expected = verify.Head(head.size, head.root())
    hashing, checking, reading = [], [], []
    for _ in range(rounds):
        hashing.append(timed(lambda: hashlib.sha256(whole).digest()))
        checking.append(timed(lambda: verify.check(from_memory, expected)))
        reading.append(timed(lambda: database.read_now(verify_log)))
    floor = statistics.median(hashing)
    for name, seconds in (
        ("hashlib over the same bytes", floor),
        ("verify an export's events", statistics.median(checking)),
        ("verify the database", statistics.median(reading)),
    ):
        rate = f"{len(bodies) / seconds:,.0f}/s"
        row(name, rate, f"{seconds / floor:.1f} x hashlib, {len(whole) / seconds / 1e6:.0f} MB/s")


def bench_search(database: Database) -> None:
    """Print how long a first page takes."""
    search = AuditSearch(database, deadline=60)
    for typed in QUERIES:
        look = partial(search.search, parse_query(typed, now=datetime.now(UTC)))
        times = [timed(lambda: asyncio.run(look())) for _ in range(5)]  # noqa: B023 - runs at once
        row(f"search {typed}", f"{statistics.median(times) * 1000:,.1f} ms", "")


def row(name: str, value: str, ratio: str) -> None:
    """Print one line of the table."""
    print(f"{name:<52}{value:>14}   {ratio}")


def main() -> None:
    """Run everything and print one table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--events", type=int, default=50_000, help="in the log that is searched")
    given = parser.parse_args()
    bench_append(given.rounds)
    with tempfile.TemporaryDirectory() as folder:
        database = Database.open(f"sqlite:///{folder}/audit.db")
        database.upgrade()
        database.write_now(lambda c: fill(c, given.events))
        bench_verify(database, given.rounds)
        bench_search(database)
        database.close()


if __name__ == "__main__":
    main()
