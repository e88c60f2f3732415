"""How fast the log takes events, signed, as ratios to this machine's disk in the same run.

`python -m benchmarks.bench_append [--rounds N] [--fsync-delay MS]`

The delay is added to every fsync and fdatasync by a library that is compiled and preloaded: disks
of a hospital's machines are slower than most of those that benchmarks are run on. Without a C
compiler it is left out, and said to be.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from benchmarks.bench_audit import EVENT, SystemClock, raw_rate, row, timed
from bot.audit.batch import SQLITE, Author, Head, read_head, write
from bot.audit.entry import Entry
from bot.audit.log import AuditLog
from bot.audit.seal import Seal
from bot.audit.tree import Frontier, leaf_hash
from bot.ports import Recorded
from bot.storage.database import Database
from tests.signing import KnownKeys

LEAST_OF_RAW, LEAST_TIMES = 0.75, 10
ONE_BY_ONE, CALLERS, PER_CALLER = 300, 64, 40
BATCHES: Final = {8: (150, 0.20), 64: (40, 0.10)}
"""Of each size of a batch: how many in a round, and how much signing and tree may take."""

SHIM = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <time.h>
static void wait_first(void) {
  long us = atol(getenv("FSYNC_DELAY_US"));
  struct timespec t = {us / 1000000, (us % 1000000) * 1000};
  nanosleep(&t, 0);
}
int fsync(int f) { wait_first(); return ((int (*)(int))dlsym(RTLD_NEXT, "fsync"))(f); }
int fdatasync(int f) { wait_first(); return ((int (*)(int))dlsym(RTLD_NEXT, "fdatasync"))(f); }
"""


@dataclass
class Seen:
    """What the rounds found, each list with one figure a round."""

    raw: list[float] = field(default_factory=list)
    one: list[float] = field(default_factory=list)
    alone: list[float] = field(default_factory=list)
    many: list[float] = field(default_factory=list)
    waits: list[float] = field(default_factory=list)
    shares: dict[int, list[float]] = field(default_factory=lambda: {n: [] for n in BATCHES})


def opened(folder: Path, name: str) -> Database:
    """Return a fresh database."""
    database = Database.open(f"sqlite:///{folder}/{name}.db")
    database.upgrade()
    return database


async def append(database: Database, callers: int, each: int) -> tuple[float, list[float]]:
    """Return events a second, and the seconds that each caller waited for each event."""
    waits: list[float] = []

    async def caller(log: AuditLog) -> None:
        for _ in range(each):
            start = time.perf_counter()
            await log.append(EVENT)
            waits.append(time.perf_counter() - start)

    async with AuditLog(
        database, clock=SystemClock(), software="b", replica="b", keys=KnownKeys(), deadline=60
    ) as log:
        start = time.perf_counter()
        await asyncio.gather(*(caller(log) for _ in range(callers)))
        return callers * each / (time.perf_counter() - start), waits


def transactions(database: Database, callers: int, each: int) -> float:
    """Return events a second where every append is a session of its own: begin, write, commit."""
    author = Author(SystemClock(), "b", "b")
    loop = asyncio.new_event_loop()

    def caller() -> None:
        seal = Seal(KnownKeys())
        for _ in range(each):
            entry = Entry(EVENT, (), loop, loop.create_future(), 0)
            with database.engine.begin() as connection:
                head = read_head(connection)
                seal.prepare(head.frontier, head.note)
                write(connection, SQLITE, head, [entry], author, sign=seal.note)

    threads = [threading.Thread(target=caller) for _ in range(callers)]
    start = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    rate = callers * each / (time.perf_counter() - start)
    loop.close()
    return rate


def share(database: Database, size: int, count: int) -> float:
    """Return which part of a batch's time goes to the tree and to signing it.

    Counted is all that a log without them would not do: read and check the frontier, grow it, take
    its root, sign, and pack it. The events' own hashes are counted too.
    """
    loop = asyncio.new_event_loop()
    author, seal = Author(SystemClock(), "b", "b"), Seal(KnownKeys())
    whole, tree = [], []
    for _ in range(count):
        entries = [Entry(EVENT, (), loop, loop.create_future(), 0) for _ in range(size)]
        start = time.perf_counter()
        with database.turn, database.engine.begin() as connection:
            head = read_head(connection)
            seal.prepare(head.frontier, head.note)
            after, answers = write(connection, SQLITE, head, entries, author, sign=seal.note)
        seal.trust(after.note)
        whole.append(time.perf_counter() - start)
        bodies = [each.event.body for _, each in answers if isinstance(each, Recorded)]
        tree.append(timed(lambda: _again(head, bodies, seal)))  # noqa: B023 - runs at once
    loop.close()
    return statistics.median(tree) / statistics.median(whole)


def _again(head: Head, bodies: Sequence[bytes], seal: Seal) -> None:
    frontier = Frontier.unpacked(head.frontier.size, head.frontier.packed())
    frontier.root()
    grown, _ = frontier.grow(map(leaf_hash, bodies))
    seal.note(grown, grown.root())
    grown.packed()


def measure(rounds: int) -> Seen:
    """Run every variant in turn, so that what disturbs one disturbs all."""
    seen = Seen()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        names = ("one", "alone", "many", *map(str, BATCHES))
        logs = {each: opened(folder, each) for each in names}
        for _ in range(rounds):
            seen.raw.append(raw_rate(folder, ONE_BY_ONE))
            seen.one.append(asyncio.run(append(logs["one"], 1, ONE_BY_ONE))[0])
            seen.alone.append(transactions(logs["alone"], CALLERS, 4))
            rate, waits = asyncio.run(append(logs["many"], CALLERS, PER_CALLER))
            seen.many.append(rate)
            seen.waits += waits
            for size, (count, _) in BATCHES.items():
                seen.shares[size].append(share(logs[str(size)], size, count))
        for log in logs.values():
            log.close()
    return seen


def report(seen: Seen) -> bool:
    """Print one table; say whether every bar is reached."""
    raw, one, alone, many = map(statistics.median, (seen.raw, seen.one, seen.alone, seen.many))
    row("raw write + fdatasync", f"{raw:,.0f}/s", "")
    row("append, 1 caller", f"{one:,.0f}/s", f"{one / raw:.2f} of raw (at least 0.75)")
    row("a session for each append, 64 callers", f"{alone:,.0f}/s", "")
    row("append, 64 callers", f"{many:,.0f}/s", f"{many / alone:.1f} x (at least 10)")
    p99 = sorted(seen.waits)[len(seen.waits) * 99 // 100] * 1000
    bar = 3 * 1000 / raw + 10
    row("append, 64 callers, p99", f"{p99:.1f} ms", f"(at most {bar:.1f}: 3 fsyncs + 10 ms)")
    enough = [one / raw >= LEAST_OF_RAW, many / alone >= LEAST_TIMES, p99 <= bar]
    for size, (_, most) in BATCHES.items():
        found = statistics.median(seen.shares[size])
        row(f"tree and signature, batches of {size}", f"{found:.0%}", f"(at most {most:.0%})")
        enough.append(found <= most)
    return all(enough)


def delayed(milliseconds: float, arguments: Sequence[str]) -> int:
    """Run this again with a slower disk; the exit code of that."""
    compiler = shutil.which("cc")
    if compiler is None:
        print("no C compiler here: the slower disk is left out")
        return 0
    with tempfile.TemporaryDirectory() as name:
        source, library = Path(name) / "slow.c", Path(name) / "slow.so"
        source.write_text(SHIM)
        subprocess.run([compiler, "-shared", "-fPIC", "-o", library, source, "-ldl"], check=True)
        slow = {"LD_PRELOAD": str(library), "FSYNC_DELAY_US": str(round(milliseconds * 1000))}
        command = [sys.executable, "-m", "benchmarks.bench_append", *arguments]
        return subprocess.run(command, env=os.environ | slow, check=False).returncode


def main() -> int:
    """Run everything and print one table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--fsync-delay", type=float, default=0, metavar="MS")
    given = parser.parse_args()
    if given.fsync_delay:
        return delayed(given.fsync_delay, ["--rounds", str(given.rounds)])
    return 0 if report(measure(given.rounds)) else 1


if __name__ == "__main__":
    sys.exit(main())
