"""What probes have found before: samples, and how an endpoint stands until it is said otherwise."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from bot.model.findings import Standing


@dataclass(frozen=True)
class Sample:
    """One finding as it is kept: its standing, how long it took, and figures that are numbers.

    `why` is the probe's one word, "" where it passed.
    """

    endpoint: str
    at: datetime
    standing: Standing
    milliseconds: int
    why: str = ""
    figures: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Watched:
    """How the sampler has an endpoint stand; it turns after the same other finding some times.

    `asked` is when it was asked last. `since` is when it came to stand so, `before` when it had
    come to stand as before that. `next` was found `times` in a row, first at `next_at`. `told` is
    what was told last: what stands otherwise is still to be told.
    """

    endpoint: str
    asked: datetime
    standing: Standing
    since: datetime
    before: datetime
    next: Standing
    next_at: datetime
    times: int
    told: Standing
    why: str = ""


@dataclass(frozen=True)
class Turn:
    """An endpoint stands otherwise than was told last; `lasted` seconds it had stood as before."""

    endpoint: str
    kind: str
    service: str
    environment: str
    was: Standing
    standing: Standing
    since: datetime
    lasted: int
    why: str = ""
