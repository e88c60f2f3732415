"""How fast the PHI guard is and how well it finds: `python -m benchmarks.bench_phi [--json]`.

Times are the least CPU time of several rounds, so that a busy machine does not read as a slow
guard; `additions` says how fast the machine is (a million integer additions).
"""

from __future__ import annotations

import json
import sys
import time
from functools import partial
from typing import TYPE_CHECKING

from bot.dispatch.phi import MAX_CHARS, Tier, mask, scan
from tests.dispatch.phi.samples import HINTS, LEAKS, ORDINARY, Sample, slow_texts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

COMMANDS = {
    "deploy": 'deploy lab-results 1.4.2 to production --reason "CHG0031234 approved"',
    "ci status": "ci status lab-results",
    "page": "page interfaces 'ADT feed silent since 03:10'",
    "approve": "approve REQ-12",
}
BENIGN = ("prose", "log", "json-log")


def cpu_seconds(work: Callable[[], object], *, times: int = 1, rounds: int = 5) -> float:
    """Return the least CPU time that one call of `work` took."""
    best = float("inf")
    for _ in range(rounds):
        start = time.process_time()
        for _ in range(times):
            work()
        best = min(best, (time.process_time() - start) / times)
    return best


def measure_found() -> dict[str, float]:
    """Return precision and recall of the block tier on the bundled corpus."""
    leaks = _blocked(LEAKS)
    others = _blocked([*ORDINARY, *HINTS])
    return {
        "leaks": len(LEAKS),
        "hints": len(HINTS),
        "ordinary": len(ORDINARY),
        "recall": leaks / len(LEAKS),
        "precision": leaks / (leaks + others),
        "ordinary warned": sum(scan(sample.text).tier is Tier.WARN for sample in ORDINARY),
    }


def _blocked(samples: Iterable[Sample]) -> int:
    return sum(scan(sample.text).tier is Tier.BLOCK for sample in samples)


def measure_messages() -> dict[str, float]:
    """Return microseconds for one ordinary message, by example and over the corpus."""
    took = {
        name: cpu_seconds(partial(scan, text), times=2_000) * 1e6 for name, text in COMMANDS.items()
    }
    texts = [sample.text for sample in ORDINARY]
    over_all = cpu_seconds(lambda: [scan(text) for text in texts], times=5)
    took["corpus, mean"] = over_all / len(texts) * 1e6
    return took


def measure_long(texts: Mapping[str, str]) -> dict[str, float]:
    """Return milliseconds for each text of the greatest length."""
    return {name: cpu_seconds(partial(scan, text), rounds=3) * 1e3 for name, text in texts.items()}


def measure_growth(texts: Mapping[str, str]) -> dict[str, float]:
    """Return how much longer the full length takes than a quarter of it: 4 is linear."""
    short = {name: text[: MAX_CHARS // 4] for name, text in texts.items()}
    whole, part = measure_long(texts), measure_long(short)
    return {name: whole[name] / max(part[name], 0.05) for name in texts}


def measure() -> dict[str, dict[str, float]]:
    """Return every figure of the guard."""
    slow = dict(slow_texts())
    benign = {name: slow.pop(name) for name in BENIGN}
    took = measure_long(slow)
    worst = dict(sorted(took.items(), key=lambda item: -item[1])[:8])
    growth = measure_growth({name: slow[name] for name in worst})
    return {
        "machine": {"additions, ms": cpu_seconds(_add, rounds=9) * 1e3},
        "found": measure_found(),
        "message, us": measure_messages(),
        "40,000 benign characters, ms": measure_long(benign),
        "40,000 hostile characters, ms": {
            "median": sorted(took.values())[len(took) // 2],
            **{f"worst: {name}": value for name, value in worst.items()},
        },
        "growth from 10,000 to 40,000 (4 is linear)": growth,
        "mask, us": {"HL7 message": cpu_seconds(partial(mask, LEAKS[2].text), times=200) * 1e6},
    }


def _add() -> None:
    total = 0
    for number in range(1_000_000):
        total += number


def main() -> None:
    """Print the figures, as a table or as JSON."""
    figures = measure()
    if "--json" in sys.argv[1:]:
        print(json.dumps(figures, indent=2))
        return
    for title, rows in figures.items():
        print(title)
        for name, value in rows.items():
            print(f"  {name:<32}{value:>12,.3f}")


if __name__ == "__main__":
    main()
