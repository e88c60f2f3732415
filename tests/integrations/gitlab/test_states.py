"""Every documented status of GitLab as ours; whatever else there may be is never green."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.model import BuildState
from integrations.gitlab import states
from tests.integrations.gitlab.vendor import PROJECT

Q, R = BuildState.QUEUED, BuildState.RUNNING
DOCUMENTED = {
    "created": Q,
    "waiting_for_resource": Q,
    "waiting_for_callback": Q,
    "preparing": Q,
    "pending": Q,
    "scheduled": Q,
    "manual": Q,
    "running": R,
    "canceling": R,
    "success": BuildState.GREEN,
    "failed": BuildState.RED,
    "canceled": BuildState.CANCELLED,
    "skipped": BuildState.CANCELLED,
}


@pytest.mark.parametrize(("status", "state"), DOCUMENTED.items())
def test_each_documented_status_has_a_state(status: str, state: BuildState) -> None:
    assert states.state({"status": status}) is state


@given(st.one_of(st.none(), st.integers(), st.text(), st.lists(st.text())))
def test_any_other_status_is_unknown(status: object) -> None:
    wanted = BuildState.UNKNOWN
    if isinstance(status, str):
        wanted = DOCUMENTED.get(status, BuildState.UNKNOWN)
    assert states.state({"status": status}) is wanted
    assert states.state({}) is BuildState.UNKNOWN


@pytest.mark.parametrize(
    ("source", "name", "is_one"),
    [
        ("push", None, True),
        ("web", "a name of theirs", False),
        ("merge_request_event", None, True),
        ("external_pull_request_event", None, True),
        ("api", "Wardroom build ci-7", True),
        ("api", None, False),
        ("api", "Wardroom deploy REQ-7", False),
        ("push", "Wardroom deploy REQ-7", False),
        ("trigger", None, False),
        ("schedule", "nightly clean-up", False),
        ("pipeline", None, False),
        (None, None, False),
    ],
)
def test_only_what_tests_its_commit_is_a_build(
    source: str | None, name: str | None, *, is_one: bool
) -> None:
    assert states.is_build({"source": source, "name": name}) is is_one


def test_a_pipeline_without_a_whole_commit_or_a_readable_time_says_so() -> None:
    row = {"id": 7, "status": "success", "sha": "abc", "started_at": "soon", "finished_at": 5}
    build = states.build(row, PROJECT, "portal")
    assert (build.id, build.commit, build.started, build.finished) == (
        f"{PROJECT}/7",
        "",
        None,
        None,
    )


@pytest.mark.parametrize(
    ("job", "name", "state"),
    [
        ({"status": "failed", "allow_failure": True}, "lint (allowed to fail)", BuildState.RED),
        ({"status": "failed", "allow_failure": False}, "lint", BuildState.RED),
        ({"status": "skipped"}, "lint (skipped)", BuildState.CANCELLED),
        ({"status": "manual"}, "lint (manual)", BuildState.QUEUED),
        ({"status": "sleeping"}, "lint", BuildState.UNKNOWN),
    ],
)
def test_a_job_is_a_stage_that_says_what_is_special(
    job: dict[str, object], name: str, state: BuildState
) -> None:
    stage = states.stage({"name": "lint", "duration": 61.7, **job})
    assert (stage.name, stage.state, stage.seconds) == (name, state, 62)
