"""How long the auditor's verifier takes, against `sha256sum` of the same file in the same run.

`python -m benchmarks.bench_verify [--size N] [--rounds N]`; the limit is 1.5 times, by
processor time, so that a busy machine does not read as a slow verifier. Peak memory is said too:
it must not grow with the log.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from benchmarks.bench_audit import EVENT
from bot.audit import note, record, verify
from bot.audit.keys import PrivateKey
from bot.audit.onefile import one_file
from bot.audit.tree import TILE, Frontier, leaf_hash, node_hash

LIMIT = 1.5
MOST_TILES = 4_096
ORIGIN = "hospital.example/audit"


PEAK = """
import runpy, sys
sys.argv = sys.argv[1:]
try:
    runpy.run_path(sys.argv[0], run_name="__main__")
finally:
    with open("/proc/self/status") as status:
        print(*(line.split()[1] for line in status if line.startswith("VmHWM")), file=sys.stderr)
"""


@dataclass(frozen=True)
class Took:
    """Seconds on the clock, and seconds of processor time."""

    wall: float
    cpu: float


def bodies(size: int) -> Iterator[bytes]:
    """Yield events like most: half a kilobyte each."""
    stamp = record.Stamp(seq=0, ts=1, id="0190f3a0", software="1.0", replica="one")
    fields = record.compose(replace(EVENT, text="deploy lab-results 1.4.2", policies=()), stamp)
    for seq in range(1, size + 1):
        yield record.encode({**fields, "seq": seq, "ts": 1_763_800_000_000_000 + seq})


def write_bundle(file: Path, size: int) -> str:
    """Write an export of that many events with its manifest and checkpoint; return the key."""
    frontier, tiles, digest = Frontier(), list[bytes](), hashlib.sha256()
    with file.open("wb") as out:
        for body in bodies(size):
            frontier, complete = frontier.extend([leaf_hash(body)])
            tiles += complete
            line = body + b"\n"
            digest.update(line)
            out.write(line)
    span = TILE
    while len(tiles) > MOST_TILES:
        tiles = [node_hash(*pair) for pair in zip(tiles[::2], tiles[1::2], strict=False)]
        span *= 2
    note, key = signed(size, frontier.root())
    verify.checkpoint_of(file).write_bytes(note)
    manifest = {
        "format": verify.MANIFEST_FORMAT,
        "kind": "jsonl",
        "origin": ORIGIN,
        "size": size,
        "root": frontier.root().hex(),
        "first": 1,
        "last": size,
        "events": size,
        "span": span,
        "tiles": [tile.hex() for tile in tiles],
        "sha256": digest.hexdigest(),
    }
    verify.manifest_of(file).write_text(json.dumps(manifest, indent=1))
    return key


def signed(size: int, root: bytes) -> tuple[bytes, str]:
    """Return a signed checkpoint, and the key to verify it with."""
    private = Ed25519PrivateKey.generate()
    signer = PrivateKey.of(ORIGIN, private.private_bytes_raw())
    return note.signed(note.Checkpoint(ORIGIN, size, root), signer).encode(), str(signer.key)


def run(command: Sequence[str | Path]) -> Took:
    """Run a program to its end, which must be a good one."""
    start = time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise RuntimeError(f"{command[0]} ended with {process.returncode}")
    wall = time.perf_counter() - start
    return Took(wall, used.ru_utime + used.ru_stime)


def peak_memory(arguments: Sequence[str | Path]) -> float:
    """Return the most memory, in MiB, that the verifier held."""
    command = [sys.executable, "-I", "-c", PEAK, *arguments]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return int(done.stderr) / 1024


def measure(size: int, rounds: int) -> dict[str, float]:
    """Return the figures for a log of one size."""
    sha256sum = shutil.which("sha256sum")
    if sha256sum is None:
        raise RuntimeError("there is no sha256sum to compare with")
    with tempfile.TemporaryDirectory() as folder:
        file, alone = Path(folder) / "log.jsonl", Path(folder) / "verify_export.py"
        key = write_bundle(file, size)
        alone.write_text(one_file(), "utf-8")
        arguments = [str(alone), str(file), "--key", key]
        command = [sys.executable, "-I", *arguments]
        hashing, verifying = [], []
        for _ in range(rounds):
            hashing.append(run([sha256sum, file]))
            verifying.append(run(command))
        memory = peak_memory(arguments)
        megabytes = file.stat().st_size / 1e6
    floor = statistics.median(took.cpu for took in hashing)
    cpu = statistics.median(took.cpu for took in verifying)
    walls = [statistics.median(took.wall for took in each) for each in (verifying, hashing)]
    return {
        "events": size,
        "megabytes": round(megabytes, 1),
        "sha256sum, s": round(floor, 2),
        "verify, s": round(cpu, 2),
        "ratio": round(cpu / floor, 2),
        "ratio on the clock": round(walls[0] / walls[1], 2),
        "peak memory, MiB": round(memory, 1),
    }


def compare(sizes: Sequence[int] = (100_000,), rounds: int = 5) -> dict[str, object]:
    """Return the figures for logs of some sizes, and whether the limit is kept in each."""
    found = [measure(size, rounds) for size in sizes]
    return {"sizes": found, "enough": all(figures["ratio"] <= LIMIT for figures in found)}


def main() -> int:
    """Print the figures; fail where the limit is not kept."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", type=int, action="append", help="events (repeatable)")
    parser.add_argument("--rounds", type=int, default=5)
    given = parser.parse_args()
    found = compare(given.size or (100_000, 1_000_000), given.rounds)
    print(json.dumps(found, indent=2))
    return 0 if found["enough"] else 1


if __name__ == "__main__":
    sys.exit(main())
