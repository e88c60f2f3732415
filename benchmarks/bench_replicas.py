"""How fast several replicas write one log on PostgreSQL, against a lock for each record.

`python -m benchmarks.bench_replicas [--rounds N] [--replicas N] [--callers N] [--seconds S]`

Each replica is a process with callers that wait for their event to be durable. A replica of ours
locks the head row once for all that wait; the other way is a session for each event: lock, write,
commit, as many at once as there are callers. The server is this machine's own, with fsync on.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import psycopg
import sqlalchemy

from benchmarks.bench_audit import EVENT, SystemClock, row
from bot.audit.batch import POSTGRESQL, Author, read_head, write
from bot.audit.entry import Entry
from bot.audit.log import AuditLog
from bot.audit.reading import read_size
from bot.audit.seal import Seal
from bot.storage.database import Database
from tests.signing import KnownKeys

LEAST_TIMES: Final = 5.0
WARM_UP: Final = 1.0
GROUPED, RECORD = "grouped", "record"


async def grouped(url: str, callers: int, since: float, until: float) -> int:
    """Append as the product does; return how many became durable between two moments."""
    database, done = Database.open(url), 0

    async def caller(log: AuditLog) -> None:
        nonlocal done
        while time.time() < until:
            await log.append(EVENT)
            done += since < time.time() < until

    log = AuditLog(
        database, clock=SystemClock(), software="b", replica="b", keys=KnownKeys(), deadline=60
    )
    async with log:
        await asyncio.gather(*(caller(log) for _ in range(callers)))
    database.close()
    return done


def recorded(url: str, callers: int, since: float, until: float) -> int:
    """Append each in a session of its own; return how many became durable in between."""
    address = sqlalchemy.make_url(url).set(drivername="postgresql+psycopg")
    engine = sqlalchemy.create_engine(address, pool_size=callers)
    loop, author = asyncio.new_event_loop(), Author(SystemClock(), "b", "b")
    counts: list[int] = []

    def caller() -> None:
        seal, done = Seal(KnownKeys()), 0
        while time.time() < until:
            entry = Entry(EVENT, (), loop, loop.create_future(), 0)
            with engine.begin() as connection:
                head = read_head(connection, POSTGRESQL.read_head)
                seal.prepare(head.frontier, head.note)
                write(connection, POSTGRESQL, head, [entry], author, sign=seal.note)
            done += since < time.time() < until
        counts.append(done)

    threads = [threading.Thread(target=caller) for _ in range(callers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    engine.dispose()
    return sum(counts)


@contextlib.contextmanager
def a_server() -> Iterator[str]:
    """Start a durable PostgreSQL of this machine's own; return the URL of an upgraded database."""
    initdb = next(iter(sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))), None)
    if initdb is None:
        raise SystemExit("no PostgreSQL binaries (initdb, postgres) on this machine")
    folder = Path(tempfile.mkdtemp(prefix="wardroom-replicas-"))
    account: dict[str, Any] = {"cwd": folder}
    if os.geteuid() == 0:
        shutil.chown(folder, "postgres", "postgres")
        account |= {"user": "postgres", "group": "postgres", "extra_groups": []}
    data, url = folder / "data", f"postgresql://postgres@/postgres?host={folder}"
    made = [
        str(initdb),
        "-D",
        str(data),
        "-U",
        "postgres",
        "-A",
        "trust",
        "-E",
        "UTF8",
        "--locale=C",
    ]
    subprocess.run(made, check=True, capture_output=True, **account)
    options = ["-k", str(folder), "-c", "listen_addresses=", "-c", "max_connections=200"]
    command = [str(initdb.with_name("postgres")), "-D", str(data), *options]
    server = subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **account
    )
    try:
        wait_for(url)
        database = Database.open(url)
        database.upgrade()
        database.close()
        yield url
    finally:
        server.send_signal(signal.SIGQUIT)
        server.wait(30)
        shutil.rmtree(folder, ignore_errors=True)


def wait_for(url: str) -> None:
    """Wait until a server answers."""
    for _ in range(600):
        try:
            psycopg.connect(url).close()
        except psycopg.OperationalError:
            time.sleep(0.1)
        else:
            return
    raise SystemExit("PostgreSQL did not start")


def rate(url: str, way: str, given: argparse.Namespace) -> float:
    """Return events a second of all replicas together; they begin once all are up."""
    command = [sys.executable, "-m", "benchmarks.bench_replicas", "--replica", url, way]
    pipe = subprocess.PIPE
    replicas = [
        subprocess.Popen([*command, str(given.callers)], stdin=pipe, stdout=pipe, text=True)
        for _ in range(given.replicas)
    ]
    for one in replicas:
        if one.stdout:
            one.stdout.readline()
    until = time.time() + WARM_UP + given.seconds
    done = [int(one.communicate(f"{until - given.seconds} {until}\n")[0]) for one in replicas]
    return sum(done) / float(given.seconds)


def replica(url: str, way: str, callers: str) -> None:
    """Be one replica: say that it is up, and append from one moment to another."""
    print("up", flush=True)
    since, until = map(float, sys.stdin.readline().split())
    if way == GROUPED:
        done = asyncio.run(grouped(url, int(callers), since, until))
    else:
        done = recorded(url, int(callers), since, until)
    print(done)


def main() -> int:
    """Measure both ways in turn, and check that the log has no gap."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--replicas", type=int, default=4)
    parser.add_argument("--callers", type=int, default=16, help="in each replica")
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--replica", nargs=3, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.replica:
        replica(*given.replica)
        return 0
    found: dict[str, list[float]] = {GROUPED: [], RECORD: []}
    with a_server() as url:
        for _ in range(given.rounds):
            for way, rates in found.items():
                rates.append(rate(url, way, given))
        database = Database.open(url)
        size = database.read_now(read_size)
        query = sqlalchemy.text("SELECT count(*), min(seq), max(seq) FROM audit")
        stored = tuple(database.read_now(lambda c: c.execute(query).one()))
        database.close()
    if stored != (size, 1, size):
        raise SystemExit(f"the log has gaps: {stored} of {size}")
    medians = {way: statistics.median(rates) for way, rates in found.items()}
    times = medians[GROUPED] / medians[RECORD]
    for name, value in (("replica's batch", medians[GROUPED]), ("record", medians[RECORD])):
        row(f"a lock for each {name}", f"{value:,.0f} events/s", "")
    row("times as fast", f"{times:.1f}", f"at least {LEAST_TIMES:g} is asked for")
    return 0 if times >= LEAST_TIMES else 1


if __name__ == "__main__":
    sys.exit(main())
