"""Measures acknowledgements while fifty commands hang on a CI server that takes and never answers.

python -m benchmarks.bench_hanging
"""

from __future__ import annotations

import json
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread

from benchmarks.bench_teams import cloud
from benchmarks.load import Figures, Target, measure
from benchmarks.wardroom import wardroom

HANGING, MOST_P99 = 50, 1.0  # commands, seconds
HANGS = "ci status portal"


def measure_all() -> dict[str, object]:
    """Return what both platforms' people wait for meanwhile, and whether it is little enough."""
    with silent_server() as ci, cloud() as there, wardroom(teams=there.settings, ci=ci) as running:
        slack = Target("slack", f"{running.url}/slack/events", running.secret)
        teams = there.target("teams", running.url)
        found = {target.name: _meanwhile(target) for target in (slack, teams)}
    p99s = [max(one.values()) for one in found.values()]
    return {**found, "enough": max(p99s) < MOST_P99}


def _meanwhile(target: Target) -> dict[str, float]:
    """Have fifty commands hang, and others come; returns the p99 of each kind in seconds."""
    hanging, others = Figures(), Figures()
    hangs = Target(**{**vars(target), "text": HANGS})
    thread = Thread(target=measure, args=(hangs, hanging), kwargs={"commands": HANGING})
    thread.start()
    measure(target, others, commands=200)
    thread.join()
    assert not hanging.failed + others.failed
    return {
        "p99_of_what_hangs": round(hanging.percentile(99), 3),
        "p99_of_the_others": round(others.percentile(99), 3),
    }


@contextmanager
def silent_server() -> Iterator[str]:
    """Listen, and answer nothing: the machine takes the connections."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen(1024)
        yield f"http://127.0.0.1:{listening.getsockname()[1]}/"


def main() -> int:
    """Measure, print, and say whether it is enough."""
    found = measure_all()
    print(json.dumps(found, indent=2))
    return 0 if found["enough"] else 1


if __name__ == "__main__":
    sys.exit(main())
