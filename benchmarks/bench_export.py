"""How fast each format is written, and that the memory it takes does not grow with the log.

`python -m benchmarks.bench_export [--size N]`: ratios are to the stored bytes as they are (JSONL).
Peak memory is that of parts with their proofs, of two chunks and of six; tracing it takes longer
than all else.
"""

from __future__ import annotations

import argparse
import tempfile
import time
import tracemalloc
from pathlib import Path

from benchmarks.bench_search import fill
from bot.audit.export import WHOLE, Exported, Format, Part, export
from bot.audit.export.part import CHUNK
from bot.storage.database import Database

MOST = 1.2  # times the peak memory of the smaller part
LITTLE, MUCH = 2 * CHUNK, 6 * CHUNK
GROUND = 16 * 2**20  # bytes: SQLite's pages and one chunk of rows


def write(database: Database, file: Path, form: Format, part: Part = WHOLE) -> Exported:
    """Export, leaving nothing behind but the figures."""
    made = database.read_now(lambda connection: export(connection, file, form, part))
    for each in made.files:
        each.unlink()
    return made


def rate(database: Database, file: Path, form: Format, size: int) -> float:
    """Return how many events are written in a second."""
    begun = time.perf_counter()
    write(database, file, form)
    return size / (time.perf_counter() - begun)


def peak(database: Database, file: Path, form: Format, part: Part) -> int:
    """Return the most memory that Python held at once, in bytes."""
    tracemalloc.start()
    write(database, file, form, part)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return most


def main() -> int:
    """Measure every format; the exit code says whether memory stayed where it was."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", type=int, default=100_000)
    size = max(parser.parse_args().size, MUCH)
    grew = False
    with tempfile.TemporaryDirectory() as folder:
        database = Database.open(f"sqlite:///{folder}/log.db")
        database.upgrade()
        database.write_now(lambda connection: fill(connection, size))
        file, base = Path(folder) / "export", 0.0
        print(f"{'format':8}{'events/s':>12}{'of jsonl':>10}{'peak of 1/3':>14}{'peak':>12}")
        for form in Format:
            speed = rate(database, file, form, size)
            base = base or speed
            little = peak(database, file, form, Part(1, LITTLE))
            much = peak(database, file, form, Part(1, MUCH))
            grew |= much > max(little * MOST, GROUND)
            shown = f"{little / 2**20:>10.1f} MiB{much / 2**20:>8.1f} MiB"
            print(f"{form.value:8}{speed:>12,.0f}{speed / base:>10.2f}{shown}")
        database.close()
    return int(grew)


if __name__ == "__main__":
    raise SystemExit(main())
