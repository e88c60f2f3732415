"""A run of a runbook: where it stands, and what each step came to."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from bot.model.messages import Place
from bot.model.people import Account
from bot.model.steps import StepState


class RunState(enum.StrEnum):
    """Where a run stands; only a running one has a workflow, a waiting one is a row."""

    RUNNING = "running"
    WAITING = "waiting"  # for a human
    PENDING = "pending"  # for the end of what it has begun: a request, a deploy
    STOPPED = "stopped"  # it may be resumed
    ENDED = "ended"
    ABORTED = "aborted"


@dataclass(frozen=True)
class StepResult:
    """What one step came to; `figures` is what later steps may name of it."""

    step: str
    state: StepState
    text: str
    by: str
    at: datetime
    figures: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Act:
    """What somebody had a run do, from their go until it is known what it came to.

    `line` is what is typed, as it was shown; `delivery` makes a second typing of it none. Nobody
    else acts on `target` meanwhile. `awaits` is the request or the deploy that it has begun.
    """

    line: str
    delivery: str
    target: str
    by: str
    since: datetime
    awaits: str = ""


@dataclass(frozen=True, kw_only=True)
class RunbookRun:
    """One run. `text` is the whole file that it began with, `digest` its SHA-256.

    It types as `person`, from `account`. `at` is the place of the step where it stands; `moves`
    counts every change, and `leg` is that number when it last went on by itself. `due` is when a
    decision is too late; `why` says what stopped it. `act` is what is being done, or is not known
    to have been done; `offered` is who was asked to take it over. A `drill` changes nothing.
    """

    id: str
    runbook: str
    digest: str
    text: str
    values: Mapping[str, str]
    person: str
    account: Account
    place: Place
    correlation: str
    begun: datetime
    changed: datetime
    state: RunState = RunState.RUNNING
    at: int = 0
    moves: int = 0
    leg: int = 0
    due: datetime | None = None
    why: str = ""
    results: tuple[StepResult, ...] = ()
    act: Act | None = None
    offered: str = ""
    drill: bool = False

    @property
    def is_over(self) -> bool:
        """Say whether nothing can happen to it any more."""
        return self.state in (RunState.ENDED, RunState.ABORTED)
