"""What Wardroom costs while nothing happens: time to be ready, CPU, memory (Linux)."""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path

from benchmarks.wardroom import Running, wardroom

SETTLE, WATCH = 5.0, 20.0  # seconds
MOST_READY, MOST_CPU, MOST_MIB = 5.0, 0.02, 200


def measure(running: Running) -> dict[str, object]:
    """Return the figures of an idle process, and whether they are enough."""
    time.sleep(SETTLE)
    before, began = cpu_seconds(running.process.pid), time.perf_counter()
    time.sleep(WATCH)
    share = (cpu_seconds(running.process.pid) - before) / (time.perf_counter() - began)
    mebibytes = _resident(running.process.pid)
    ready = running.ready_seconds
    return {
        "ready_seconds": round(ready, 2),
        "idle_share_of_a_core": round(share, 4),
        "resident_mib": round(mebibytes, 1),
        "load_average": os.getloadavg()[0],
        "enough": ready < MOST_READY and share < MOST_CPU and mebibytes < MOST_MIB,
    }


def cpu_seconds(pid: int) -> float:
    """Return what a process has used of a core since it began."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _resident(pid: int) -> float:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    line = next(line for line in lines if line.startswith("VmRSS:"))
    return int(line.split()[1]) / 1024


def main() -> int:
    """Start one, watch it, print the figures."""
    with wardroom() as running:
        found = measure(running)
    print(json.dumps(found, indent=2))
    return 0 if found["enough"] else 1


if __name__ == "__main__":
    sys.exit(main())
