"""Deploys of a service to an environment."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from datetime import datetime

from bot.model.messages import Place
from bot.model.steps import Step


class DeployState(enum.StrEnum):
    """Where a deploy stands; UNKNOWN waits for a human."""

    STARTED = "started"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    STOPPED = "stopped"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Deploy:
    """One deploy of one service to one environment; `replaced` is what ran before it."""

    id: str
    service: str
    environment: str
    version: str
    commit: str
    requester: str
    reason: str
    state: DeployState
    created: datetime
    request: str = ""
    change: str = ""
    build: str = ""
    replaced: str = ""
    rollback_of: str = ""
    outcome: str = ""
    finished: datetime | None = None
    steps: tuple[Step, ...] = ()
    place: Place | None = None
