"""How long a proof takes, from a log of any size.

`python -m benchmarks.bench_proofs [--size N] [--proofs N]`; a proof of inclusion is to take less
than 10 ms for 95 of 100 events chosen at random, from the number to the text that is handed out.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import sys
import tempfile
import time
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, text

from benchmarks.bench_audit import EVENT, row
from bot.audit import record
from bot.audit.batch import SQLITE, add_nodes
from bot.audit.prover import LogProver
from bot.audit.seal import Seal
from bot.audit.tree import Frontier, leaf_hash
from bot.storage.database import Database, driver
from tests.signing import KnownKeys

MOST_MS: Final = 10.0
_CHUNK: Final = 20_000
_TS: Final = 1_700_000_000_000_000


def bodies(size: int) -> Iterator[bytes]:
    """Yield events that differ in what every event differs in; as long as real ones."""
    stamp = record.Stamp(7, _TS, "0190f3a0-1111-7000-8000-000000000000", "bench", "bench")
    whole = json.dumps(record.compose(EVENT, stamp), sort_keys=True, separators=(",", ":"))
    before, _, after = whole.partition('"seq":7,')
    for seq in range(1, size + 1):
        yield f'{before}"seq":{seq},{after}'.encode()


def fill(database: Database, size: int) -> None:
    """Put a log there, a chunk at a time, as the writer would have left it."""
    seal, frontier = Seal(KnownKeys()), Frontier()
    seal.prepare(frontier, "")
    events = enumerate(bodies(size), 1)

    def put(connection: Connection) -> None:
        nonlocal frontier
        rows = [(n, body.decode(), leaf_hash(body)) for n, body in _some(events)]
        cursor = driver(connection).cursor()
        cursor.executemany(SQLITE.add_events + SQLITE.an_event, rows)
        grown, nodes = frontier.grow(leaf for _, _, leaf in rows)
        add_nodes(cursor, SQLITE, nodes)
        root = grown.root()
        moved = (grown.size, _TS, root, grown.packed(), seal.note(grown, root), frontier.size)
        cursor.execute(SQLITE.move_head, moved)
        frontier = grown

    while frontier.size < size:
        database.write_now(put)


def _some(events: Iterator[tuple[int, bytes]]) -> Iterator[tuple[int, bytes]]:
    for _, event in zip(range(_CHUNK), events, strict=False):
        yield event


def bench(database: Database, size: int, proofs: int) -> bool:
    """Print how long proofs take; say whether they are quick enough."""
    prover, choose = LogProver(database), random.Random(1)  # noqa: S311 - which events to prove
    asks: dict[str, Callable[[], Coroutine[Any, Any, object]]] = {
        "inclusion": lambda: prover.inclusion(choose.randint(1, size)),
        "consistency": lambda: prover.consistency(choose.randint(1, size)),
    }
    worst = {}

    async def ask_all() -> None:
        for name, ask in asks.items():
            took = []
            for _ in range(proofs):
                start = time.perf_counter()
                await ask()
                took.append((time.perf_counter() - start) * 1000)
            took.sort()
            worst[name] = took[proofs * 95 // 100]
            found = f"p50 {took[proofs // 2]:.1f}, p95 {worst[name]:.1f} ms"
            row(f"{name}, {size:,} events", found, "")

    asyncio.run(ask_all())
    return worst["inclusion"] < MOST_MS


def main() -> int:
    """Run everything; the exit code says whether a proof is quick enough."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", type=int, default=200_000)
    parser.add_argument("--proofs", type=int, default=300)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        database = Database.open(f"sqlite:///{Path(folder)}/audit.db")
        database.upgrade()
        # Indexes of filters have no part in a proof, and take most of the time of filling.
        names = "SELECT name FROM sqlite_master WHERE type = 'index' AND name LIKE 'audit_%'"
        for name in database.read_now(lambda c: c.execute(text(names)).scalars().all()):
            database.write_now(lambda c, n=name: c.execute(text(f"DROP INDEX {n}")))  # type: ignore[misc]  # bound now
        fill(database, given.size)
        is_enough = bench(database, given.size, given.proofs)
        database.close()
    return 0 if is_enough else 1


if __name__ == "__main__":
    sys.exit(main())
