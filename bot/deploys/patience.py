"""How long each wait of a deploy is."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Patience:
    """How long each wait of the flow is, in seconds; a test turns these.

    `poll` is the first pause between two looks at a job, `slowest` the longest. `gate` is for what
    a job waits for over there, all of it together, which is no part of `job`; `slowest_gate` the
    longest pause meanwhile.
    """

    poll: float = 1.0
    slowest: float = 10.0
    job: float = 1800.0
    gate: float = 28_800.0
    slowest_gate: float = 60.0
    lookup: float = 60.0
    smoke: float = 20.0
    audit: float = 5.0
