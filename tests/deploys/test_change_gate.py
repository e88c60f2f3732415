"""CHG-01 as a table: state, window and type of a change, when asked for and at the trigger."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, replace
from datetime import timedelta

import pytest

from bot.api import Wanted
from bot.deploys.gates import Asked, Moment
from bot.deploys.gates.change import OpenChange
from bot.errors import Refused
from bot.model import (
    Change,
    ChangeState,
    ChangeType,
    Deploy,
    Deployment,
    DeployState,
    Reason,
    Service,
)
from tests.databases import NOON, FixedClock

HOUR = timedelta(hours=1)
WINDOWS = {"before": (-3 * HOUR, -HOUR), "now": (-HOUR, HOUR), "after": (HOUR, 3 * HOUR)}
PORTAL = Service("portal", "web", "A", None, (Deployment("test"), Deployment("production")))
CHANGE = Change(
    number="CHG-1",
    service="portal",
    environment="production",
    summary="banner",
    requester="engineer",
    type=ChangeType.NORMAL,
    state=ChangeState.NEW,
    risk="low",
    clinical_impact="none",
    backout="rollback",
    window_start=NOON - HOUR,
    window_end=NOON + HOUR,
    opened=NOON - HOUR,
)
S = ChangeState
ON_ITS_WAY = {S.NEW, S.AWAITING_APPROVAL, S.SCHEDULED, S.IMPLEMENT}
APPROVED = {S.SCHEDULED, S.IMPLEMENT}
# The rule in one place: the states that pass, and whether the window counts.
ALLOWED = {
    (ChangeType.NORMAL, Moment.REQUEST): (ON_ITS_WAY, True),
    (ChangeType.NORMAL, Moment.TRIGGER): (APPROVED, True),
    (ChangeType.STANDARD, Moment.REQUEST): (ON_ITS_WAY, True),
    (ChangeType.STANDARD, Moment.TRIGGER): (APPROVED, True),
    (ChangeType.EMERGENCY, Moment.REQUEST): (ON_ITS_WAY, False),
    (ChangeType.EMERGENCY, Moment.TRIGGER): (ON_ITS_WAY, False),
}
TABLE = list(itertools.product(ALLOWED, ChangeState, WINDOWS))


@dataclass
class OneChange:
    """A register that holds one change."""

    change: Change | None

    async def show(self, number: str) -> Change | None:
        return self.change if self.change and self.change.number == number else None


def asked(moment: Moment, change: str = "CHG-1", environment: str = "production") -> Asked:
    wanted = Wanted(PORTAL, environment, "1.4.2", "now", change=change)
    if moment is Moment.REQUEST:
        return Asked(wanted, "c" * 40, moment)
    deploy = Deploy(
        id="DEP-1",
        service="portal",
        environment=environment,
        version="1.4.2",
        commit="c" * 40,
        requester="engineer",
        reason="now",
        state=DeployState.STARTED,
        created=NOON,
        change=change,
    )
    return Asked(wanted, "c" * 40, moment, deploy)


async def refusal(change: Change | None, wanted: Asked) -> str:
    gate = OpenChange(OneChange(change), FixedClock())  # type: ignore[arg-type] # only `show` is asked
    try:
        await gate(wanted)
    except Refused as refused:
        return f"{refused.reason.value}: {refused.text}"
    return ""


@pytest.mark.parametrize(
    ("rule", "state", "window"), TABLE, ids=["-".join([*map(str, r), s, w]) for r, s, w in TABLE]
)
async def test_a_deploy_passes_under_a_change_that_is_open_and_whose_window_is_now(
    rule: tuple[ChangeType, Moment], state: ChangeState, window: str
) -> None:
    kind, moment = rule
    start, end = WINDOWS[window]
    times = {"window_start": NOON + start, "window_end": NOON + end}
    change = replace(CHANGE, type=kind, state=state, **times)  # type: ignore[arg-type] # mixed
    states, in_window = ALLOWED[rule]
    passes = state in states and (window == "now" or not in_window)
    said = await refusal(change, asked(moment))
    assert (said == "") == passes, said
    if not passes:
        assert said.startswith(Reason.CHANGE_REQUIRED.value)
        assert ("which is not now" in said) == (state in states)


@pytest.mark.parametrize("moment", Moment)
async def test_a_change_for_something_else_covers_nothing(moment: Moment) -> None:
    state = {"state": S.SCHEDULED}
    for other in ({"service": "pacs"}, {"environment": "test"}, {"version": "1.4.1"}):
        change = replace(CHANGE, **state, **other)  # type: ignore[arg-type] # mixed
        assert await refusal(change, asked(moment)) != ""
    assert "does not exist" in await refusal(None, asked(moment))


async def test_production_has_no_trigger_without_a_change() -> None:
    assert "there is none" in await refusal(None, asked(Moment.TRIGGER, change=""))
    # One is opened together with the request.
    assert await refusal(None, asked(Moment.REQUEST, change="")) == ""
    assert await refusal(None, asked(Moment.TRIGGER, change="", environment="test")) == ""
