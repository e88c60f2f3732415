"""What an access review knows of the log."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class Used:
    """How often somebody did one thing, how often it was denied to them, and when they did last."""

    times: int = 0
    denied: int = 0
    last: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Usage:
    """What happened from event `first` up to the log's `size`.

    `used` is by person and verb. `changes` are the newest of all `changed` changes of who may do
    what: number, time, sentence. `policies` are the versions that decided, and since when.
    `damaged` are events that are missing, or not as they were recorded.
    """

    first: int
    size: int
    since: datetime | None
    used: Mapping[tuple[str, str], Used]
    changes: tuple[tuple[int, datetime, str], ...] = ()
    changed: int = 0
    policies: Mapping[str, datetime]
    damaged: tuple[int, ...] = ()


@dataclass(frozen=True)
class LogState:
    """How many events the log has, and the root of its tree in hex."""

    size: int
    root: str


@dataclass(frozen=True)
class Membership:
    """What the people file gives somebody: roles, and accounts such as `slack:U012AB3CD@T1`."""

    roles: frozenset[str] = frozenset()
    accounts: frozenset[str] = frozenset()
