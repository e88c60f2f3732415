"""Measures acknowledgements while 200 runs of a runbook go on, and what 1,000 waiting ones cost.

python -m benchmarks.bench_runbooks
"""

from __future__ import annotations

import json
import sqlite3
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from functools import partial
from threading import Thread
from typing import Final

import httpx

from benchmarks.bench_idle import SETTLE, WATCH, cpu_seconds
from benchmarks.load import CONCURRENCY, Figures, Target, measure
from benchmarks.wardroom import Running, wardroom
from bot.model.runs import RunState

RUNS, WAITING = 200, 1000
MOST_P99, MOST_CPU = 1.0, 0.03  # seconds; share of one core
BEGIN = "runbook run measured"
PATIENCE = 600.0  # seconds
INDEXING = 60.0  # seconds in which the log's index, which is in no hurry, takes up what happened
# Three answers are gathered, and then somebody has to decide.
BOOK: Final = """
name: measured
title: What is measured
owner: web
review_by: 2099-12-31
severity: 3
summary: It asks three times, and waits.
rollback: Nothing is changed.
steps:
  - {id: services, run: services}
  - {id: where, run: deploy where is portal}
  - {id: changes, run: change list of portal}
  - id: done
    decision: Is that so?
    within_minutes: 1440
    options:
      - {option: so, consequence: It ends.}
      - {option: otherwise, consequence: It ends as well.}
"""


def measure_all() -> dict[str, object]:
    """Return the acknowledgements meanwhile, what waiting costs, and whether they are enough."""
    found = {**_acknowledged(), **_waited()}
    fast, cheap = found["p99_of_acknowledgements"], found["cost_of_waiting"]
    return {**found, "enough": fast < MOST_P99 and cheap < MOST_CPU}


def _acknowledged() -> dict[str, float]:
    """Begin 200 runs as fast as Slack's sixteen requests at a time let it, others typing as well.

    Each of them has three commands to type as soon as it has begun.
    """
    with wardroom(runbooks={"measured": BOOK}) as running:
        url = f"{running.url}/slack/events"
        begins = Target("begins", url, running.secret, text=BEGIN)
        begun, others = Figures(), Figures()
        thread = Thread(target=measure, args=(begins, begun), kwargs={"commands": RUNS})
        began = time.perf_counter()
        thread.start()
        measure(Target("others", url, running.secret), others, commands=RUNS)
        thread.join()
        _until_waiting(running, RUNS)
        seconds = time.perf_counter() - began
    assert not begun.failed + others.failed
    p99 = max(begun.percentile(99), others.percentile(99))
    return {"p99_of_acknowledgements": round(p99, 3), "seconds_until_all_wait": round(seconds, 1)}


def _waited() -> dict[str, float]:
    """Compare what a process uses of a core with 1,000 waiting runs to what it used before.

    They are begun at the console, where no platform's pace is in the way: a message to chat that is
    still under way would count as a run that waits.
    """
    with wardroom(runbooks={"measured": BOOK}) as running:
        before = _share(running)
        with ThreadPoolExecutor(CONCURRENCY) as people:
            assert all(people.map(partial(_begin, running), range(WAITING)))
        waiting = _until_waiting(running, WAITING)
        time.sleep(INDEXING)
        after = _share(running)
    return {
        "waiting_runs": waiting,
        "share_of_a_core_before": round(before, 4),
        "share_of_a_core_while_they_wait": round(after, 4),
        "cost_of_waiting": round(after - before, 4),
    }


def _begin(running: Running, number: int) -> bool:
    submission = {"text": BEGIN, "as": "engineer", "nonce": f"measured-{number:04}-{id(running):x}"}
    answered = httpx.post(f"{running.url}/api/chat", json=submission, timeout=PATIENCE)
    return bool(answered.json()["reason"] == "ok")


def _share(running: Running) -> float:
    time.sleep(SETTLE)
    before, began = cpu_seconds(running.process.pid), time.perf_counter()
    time.sleep(WATCH)
    return (cpu_seconds(running.process.pid) - before) / (time.perf_counter() - began)


def _until_waiting(running: Running, runs: int) -> int:
    until = time.monotonic() + PATIENCE
    while (found := _states(running))[RunState.WAITING] < runs or found[RunState.RUNNING]:
        assert time.monotonic() < until, f"not {runs} runs wait: {found}"
        time.sleep(0.2)
    return found[RunState.WAITING]


def _states(running: Running) -> Counter[str]:
    with closing(sqlite3.connect(running.folder / "wardroom.db")) as database:
        return Counter(dict(database.execute("SELECT state, count(*) FROM runs GROUP BY state")))


def main() -> int:
    """Measure, print, and say whether it is enough."""
    found = measure_all()
    print(json.dumps(found, indent=2))
    return 0 if found["enough"] else 1


if __name__ == "__main__":
    sys.exit(main())
