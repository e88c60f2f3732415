"""An error of ours is remembered with everything that it says."""

from __future__ import annotations

import json
from collections.abc import Mapping

import pytest

from bot import errors
from bot.errors import (
    AuditUnavailable,
    BadInput,
    ConfigurationError,
    Conflict,
    Incomplete,
    IntegrationError,
    NeedsForm,
    NotAuthorised,
    NotIdentified,
    PhiBlocked,
    Refused,
    Rejected,
    StillBuilding,
    StoreFailed,
    Throttled,
    Unreachable,
    WardroomError,
)
from bot.model import Build, BuildState, Form, Json, Reason
from bot.workflow.outcome import outcome_of, value_of

ERRORS = [
    BadInput("no such service", reason=Reason.AMBIGUOUS, hint="lab-results?"),
    NotIdentified("nobody knows you"),
    NotAuthorised("not yours", policies=["a", "b"]),
    PhiBlocked("patient data", kinds=["mrn"]),
    Refused(Reason.FROZEN, "frozen", policies=["freeze"], hint="tomorrow"),
    Incomplete("two things are missing", {"reason": "say why", "change": "which?"}),
    Throttled("later", 30),
    Unreachable("no answer"),
    Rejected("it said no"),
    IntegrationError("odd"),
    AuditUnavailable("no record"),
    StoreFailed("the disk is full"),
    Conflict("taken", reason=Reason.LOCKED),
    ConfigurationError("ci.url: missing"),
    WardroomError("something"),
]


async def remembered(error: Exception) -> WardroomError:
    """Raise an error in a step, and read what is remembered of it."""

    async def step() -> Mapping[str, Json]:
        raise error

    kept = json.loads(json.dumps(await outcome_of(step)))
    with pytest.raises(WardroomError) as again:
        value_of(kept)
    return again.value


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
async def test_it_comes_back_as_what_it_was(error: WardroomError) -> None:
    again = await remembered(error)
    assert type(again) is type(error)
    assert (str(again), vars(again)) == (str(error), vars(error))


async def test_a_form_that_nobody_can_fill_in_is_refused_as_bad_input() -> None:
    again = await remembered(NeedsForm("which?", Form("deploy", "Deploy", ())))
    assert type(again) is Refused
    assert (again.reason, again.text) == (Reason.BAD_INPUT, "which?")


async def test_a_build_that_still_runs_is_remembered_as_a_refusal() -> None:
    build = Build("7", "portal", "1.4.2", "", BuildState.RUNNING)
    again = await remembered(StillBuilding("not yet", build))
    assert type(again) is Refused
    assert (again.reason, again.text) == (Reason.CI_NOT_GREEN, "not yet")


async def test_an_error_of_a_vendor_is_its_nearest_kind() -> None:
    class CrumbMissing(Rejected):
        pass

    again = await remembered(CrumbMissing("no crumb"))
    assert type(again) is Rejected


def test_every_error_of_ours_can_be_remembered() -> None:
    # Raised on the road and before a flow begins; in one, either is its nearest kind.
    known = {type(error).__name__ for error in ERRORS} | {"NeedsForm", "StillBuilding"}
    ours = {
        name
        for name, kind in vars(errors).items()
        if isinstance(kind, type) and issubclass(kind, WardroomError)
    }
    assert ours == known
