"""A runbook that begins by the clock: when, with what, as whom, and how it went last."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from bot.model.messages import Place
from bot.model.people import Account


@dataclass(frozen=True, kw_only=True)
class RunbookSchedule:
    """A schedule SCHED-n. It is typed as `account`, in `place`, with the parameters `given`.

    `cron` has five fields on the site's clocks; `next` is None once it was ended. `last` says how
    it went the last time.
    """

    id: str
    runbook: str
    given: str
    cron: str
    person: str
    account: Account
    place: Place
    correlation: str
    made: datetime
    next: datetime | None
    last: str = ""
