"""Deploys of a service to an environment."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from datetime import datetime

from bot.model.messages import Place
from bot.model.reasons import Reason
from bot.model.steps import Step


class DeployState(enum.StrEnum):
    """Where a deploy stands; SCHEDULED waits for its moment, UNKNOWN for a human.

    VALIDATING waits for the clinical validator; NOT_VALIDATED waited in vain, and is no success.
    """

    SCHEDULED = "scheduled"
    STARTED = "started"
    VALIDATING = "validating"
    NOT_VALIDATED = "not_validated"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    STOPPED = "stopped"
    UNKNOWN = "unknown"


class BatchState(enum.StrEnum):
    """Where one batch of a deploy stands; what was started and not seen to its end is unknown."""

    WAITING = "waiting"
    STARTED = "started"
    DONE = "done"
    FAILED = "failed"
    ROLLED_BACK = "rolled_back"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Batch:
    """The sites that are deployed to together; none are a whole environment.

    `before` has what ran at each site, as pairs of site and version; `due` is when its hold ends;
    while its job waits for a decision over there, when that is not waited for any longer.
    """

    sites: tuple[str, ...] = ()
    state: BatchState = BatchState.WAITING
    build: str = ""
    before: tuple[tuple[str, str], ...] = ()
    due: datetime | None = None


class Wish(enum.StrEnum):
    """What somebody asks of a deploy that has begun."""

    NONE = ""
    PAUSE = "pause"
    ABORT = "abort"


@dataclass(frozen=True)
class Running:
    """Which version is where, by what is known here: `site` "" is everywhere else.

    What a deploy left that did not end well is not certain.
    """

    environment: str
    site: str
    version: str
    deploy: str
    since: datetime
    is_certain: bool = True


@dataclass(frozen=True)
class Deploy:
    """One deploy of one service to one environment; `replaced` is what ran before it.

    `planned` is the moment that it was asked for, where that is not at once. Each of `batches` is
    triggered by itself, `hold_seconds` after the one before. `wish` is what was last asked of it
    since, by whom and why; `stop` is why it was stopped, where it was. `validate_until` is when
    the watch of the clinical validator ends; `validated_by` answered, in favour or not, and
    `validation` is what they said. `glass` is the break-glass that it was started under, for
    `incident`.
    """

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
    under_lock: str = ""
    steps: tuple[Step, ...] = ()
    place: Place | None = None
    planned: datetime | None = None
    batches: tuple[Batch, ...] = ()
    hold_seconds: int = 0
    wish: Wish = Wish.NONE
    wish_by: str = ""
    wish_why: str = ""
    stop: Reason | None = None
    validate_until: datetime | None = None
    validated_by: str = ""
    validated: datetime | None = None
    validation: str = ""
    glass: str = ""
    incident: str = ""
