"""`make bench`: every measurement in one run, as ratios where there is something to compare."""

from __future__ import annotations

import json
import sys

from benchmarks import (
    bench_audit,
    bench_hanging,
    bench_idle,
    bench_phi,
    bench_slack,
    bench_teams,
    bench_verify,
)
from benchmarks.wardroom import as_target, wardroom


def main() -> int:
    """Measure idle first, while nothing else runs, then the commands from both chats."""
    with wardroom() as running:
        found: dict[str, dict[str, object]] = {"idle": bench_idle.measure(running)}
    found["slack"] = bench_slack.compare(as_target)
    found["teams"] = bench_teams.compare()
    found["hanging"] = bench_hanging.measure_all()
    found["verify"] = bench_verify.compare()
    print(json.dumps(found, indent=2))
    bench_phi.main()
    bench_audit.main()
    return 0 if all(one["enough"] for one in found.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
