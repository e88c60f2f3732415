"""GitHub's runs as our builds: every documented word, what is waited for, what failed, the log."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from bot.api import Build, BuildState, Rejected, Unreachable
from integrations.github.provider import GitHub
from integrations.github.states import build_of
from tests.integrations.github import shapes
from tests.integrations.github.forge import CLOUD, COMMITS, LOG, REPO, Forge
from tests.integrations.github.vendor import PORTAL, asking

COMMIT = COMMITS["1.4.2"]


@pytest.fixture
def forge() -> Forge:
    return Forge()


@pytest.fixture
async def ci(forge: Forge) -> AsyncIterator[GitHub]:
    async with asking(forge) as provider:
        yield provider


def made(**more: Any) -> Build:
    return build_of(shapes.run(CLOUD, REPO, 30, COMMIT, **more), REPO, "portal")


@pytest.mark.parametrize(
    ("conclusion", "state"),
    [
        ("success", BuildState.GREEN),
        ("failure", BuildState.RED),
        ("timed_out", BuildState.RED),
        ("startup_failure", BuildState.RED),
        ("cancelled", BuildState.CANCELLED),
        ("neutral", BuildState.UNKNOWN),
        ("skipped", BuildState.UNKNOWN),
        ("stale", BuildState.UNKNOWN),
        ("action_required", BuildState.UNKNOWN),
        ("SUCCESS", BuildState.UNKNOWN),
        ("something new", BuildState.UNKNOWN),
        (None, BuildState.UNKNOWN),
        (True, BuildState.UNKNOWN),
    ],
)
def test_every_conclusion_has_a_state_and_an_unknown_one_is_not_green(
    conclusion: object, state: BuildState
) -> None:
    assert made(conclusion=conclusion).state is state


@pytest.mark.parametrize(
    ("status", "state"),
    [
        ("queued", BuildState.QUEUED),
        ("requested", BuildState.QUEUED),
        ("pending", BuildState.QUEUED),
        ("waiting", BuildState.QUEUED),
        ("in_progress", BuildState.RUNNING),
        ("success", BuildState.UNKNOWN),
        ("something new", BuildState.UNKNOWN),
        (None, BuildState.UNKNOWN),
    ],
)
def test_every_status_has_a_state_whatever_an_earlier_attempt_concluded(
    status: object, state: BuildState
) -> None:
    assert made(status=status, conclusion="success").state is state


def test_a_run_keeps_its_commit_its_page_its_times_and_its_id() -> None:
    build = made(head_branch="v1.4.2")
    assert (build.id, build.ref, build.commit) == ("acme/portal/30", "v1.4.2", COMMIT)
    assert build.url == "https://github.com/acme/portal/actions/runs/30"
    assert build.started is not None
    assert build.finished is not None
    assert (build.finished - build.started).total_seconds() == 240
    assert made(head_sha="main", updated_at="soon").commit == ""
    assert made(updated_at="soon").finished is None
    with pytest.raises(Unreachable, match="nothing is known"):
        made(id=None)


def test_a_run_of_another_commit_than_was_asked_for_is_never_green() -> None:
    asked = {"event": "workflow_dispatch", "display_title": f"deploy 1.4.2 ({'f' * 40}) [DEP-1-x]"}
    build = made(**asked)
    assert build.state is BuildState.RED
    assert build.correlation == "DEP-1-x"
    assert "was asked for ffffffffffff: somebody moved the tag" in build.stages[0].name
    assert made(**asked, conclusion="cancelled").state is BuildState.CANCELLED
    same = asked | {"display_title": f"deploy 1.4.2 ({COMMIT}) [DEP-1-x]"}
    assert made(**same).state is BuildState.GREEN
    # What somebody writes in a commit's message is the title of a run that a push began.
    assert made(display_title=f"Revert {'f' * 40} [DEP-1-x]").state is BuildState.GREEN
    assert made(display_title="Revert [DEP-1-x]").correlation == ""


async def test_a_red_build_names_its_tests_and_its_step(ci: GitHub) -> None:
    build = await ci.build("acme/portal/13")
    assert build.state is BuildState.RED
    assert build.failing_tests == ("test_the_banner",)
    names = [(stage.name, stage.state, stage.seconds) for stage in build.stages]
    assert names == [
        ("style", BuildState.GREEN, 90),
        ("test", BuildState.RED, 70),
        ("test: Run tests", BuildState.RED, 70),
    ]
    (listed,) = await ci.builds(PORTAL, "1.5.0")
    assert listed.failing_tests == ("test_the_banner",)


async def test_a_token_that_may_not_read_checks_still_sees_that_a_build_is_red(
    forge: Forge, ci: GitHub
) -> None:
    forge.forbidden = {"check-runs"}
    (listed,) = await ci.builds(PORTAL, "1.5.0")
    assert (listed.state, listed.failing_tests) == (BuildState.RED, ())


async def test_builds_are_of_the_commit_that_the_tag_is_now_newest_first(
    forge: Forge, ci: GitHub
) -> None:
    forge.runs.append(shapes.run(CLOUD, REPO, 40, COMMIT, conclusion="cancelled"))
    found = await ci.builds(PORTAL, "1.4.2")
    assert [one.id for one in found] == ["acme/portal/40", "acme/portal/12"]
    assert [one.id for one in await ci.builds(PORTAL, "1.4.2", limit=1)] == ["acme/portal/40"]
    forge.tags["tags/v1.4.2"] = ("commit", COMMITS["1.4.1"])
    assert [one.id for one in await ci.builds(PORTAL, "1.4.2")] == ["acme/portal/11"]


@pytest.mark.parametrize("event", ["pull_request", "pull_request_target", "workflow_run", None])
async def test_what_did_not_test_the_very_commit_is_no_build_of_it(
    forge: Forge, ci: GitHub, event: object
) -> None:
    forge.is_checked = False  # GitHub always names the event
    forge.runs[1]["conclusion"] = "failure"
    forge.runs += [shapes.run(CLOUD, REPO, 40 + n, COMMIT, event=event) for n in range(12)]
    (only,) = await ci.builds(PORTAL, "1.4.2", limit=3)
    assert (only.id, only.state) == ("acme/portal/12", BuildState.RED)


async def test_a_run_that_waits_for_a_reviewer_is_queued_and_says_for_whom(
    forge: Forge, ci: GitHub
) -> None:
    forge.runs.append(
        shapes.run(
            *(CLOUD, REPO, 40, COMMIT),
            status="waiting",
            conclusion=None,
            event="workflow_dispatch",
            display_title="deploy [DEP-1-x]",
        )
    )
    forge.gates[40] = [shapes.gate("production", ("noor", "ada"), url=CLOUD)]
    build = await ci.build("acme/portal/40")
    assert build.state is BuildState.QUEUED
    said = "waits on GitHub for a reviewer of production (noor, ada)"
    assert (build.stages[0].name, build.stages[0].state) == (said, BuildState.RUNNING)
    assert build.gate == said
    assert [request.method for request in forge.asked] == ["GET"] * len(forge.asked)


@pytest.mark.parametrize(
    ("gate", "said"),
    [
        (
            shapes.gate("production", timer=30),
            "waits on GitHub for the timer of production (30 min)",
        ),
        (shapes.gate("production"), "waits on GitHub for a protection rule of production"),
        ({}, "waits on GitHub for a protection rule of an environment"),
        (
            {
                **shapes.gate("production"),
                "reviewers": [{"type": "Team", "reviewer": {"slug": "pharmacy"}}],
            },
            "waits on GitHub for a reviewer of production (team pharmacy)",
        ),
    ],
)
async def test_every_kind_of_gate_is_said(
    forge: Forge, ci: GitHub, gate: dict[str, Any], said: str
) -> None:
    forge.runs[1] |= {"status": "waiting", "conclusion": None}
    forge.gates[12] = [gate]
    forge.is_checked = False  # some of these are not what GitHub documents
    build = await ci.build("acme/portal/12")
    assert (build.state, build.stages[0].name) == (BuildState.QUEUED, said)


async def test_a_run_whose_own_deployment_failed_is_no_green_deploy(
    forge: Forge, ci: GitHub
) -> None:
    forge.runs[1]["event"] = "workflow_dispatch"
    mine = shapes.deployment(CLOUD, REPO, 5, COMMIT, "production")
    other = shapes.deployment(CLOUD, REPO, 6, COMMIT, "test")
    page = forge.runs[1]["html_url"]
    status = shapes.deployment_status
    forge.deployments = [
        (mine, [status(CLOUD, mine, 2, "success", f"{page}/job/120")]),
        (other, [status(CLOUD, other, 3, "failure", f"{page}3/job/120")]),
    ]
    build = await ci.build("acme/portal/12")
    assert build.state is BuildState.GREEN
    assert [stage.name for stage in build.stages] == ["style", "test", "deployment to production"]
    forge.deployments[0][1].insert(0, status(CLOUD, mine, 4, "failure", f"{page}/job/120"))
    assert (await ci.build("acme/portal/12")).state is BuildState.RED
    forge.forbidden = {"deployments"}
    assert (await ci.build("acme/portal/12")).state is BuildState.GREEN


async def test_the_log_is_that_of_the_failed_job_to_its_error(forge: Forge, ci: GitHub) -> None:
    assert await ci.log_tail("acme/portal/13", lines=2) == (
        "FAILED tests/test_portal.py::test_the_banner\n##[error]Process completed with exit code 1."
    )
    assert "Post job cleanup." in LOG
    whole = await ci.log_tail("acme/portal/13")
    assert whole.splitlines()[:2] == ["##[group]Run make test", "make test"]
    asked = [str(request.url) for request in forge.asked if "logs" in str(request.url)]
    assert asked[0].endswith("/actions/jobs/131/logs")
    assert len(asked) == 4


async def test_a_job_that_still_runs_has_no_log_yet(forge: Forge, ci: GitHub) -> None:
    forge.runs[1] |= {"status": "in_progress", "conclusion": None}
    assert await ci.log_tail("acme/portal/12") == ""
    assert await ci.log_tail("acme/portal/deploy.yml/DEP-1-x") == ""


@pytest.mark.parametrize(
    "build",
    [
        "999999",
        "",
        "acme/portal",
        "acme/../12",
        "acme/portal/12/",
        "acme/portal/12/jobs",
        "acme/portal/../../user",
        "acme/portal/%2e%2e/user",
        "acme/portal/0",
        "acme/portal/-1",
        "acme/portal/12?x=1",
        "acme/portal/12\n",
        "acme/portal/deploy.sh/DEP-1-x",
        "acme/portal/deploy.yml/../x",
        "https://elsewhere.example/acme/portal/12",
    ],
)
async def test_an_id_that_is_none_of_ours_is_never_sent_on(
    forge: Forge, ci: GitHub, build: str
) -> None:
    with pytest.raises(Rejected, match="is no build of GitHub's"):
        await ci.build(build)
    with pytest.raises(Rejected, match="is no build of GitHub's"):
        await ci.log_tail(build)
    assert forge.asked == []


async def test_a_run_that_is_gone_is_said(ci: GitHub) -> None:
    with pytest.raises(Rejected, match="GitHub does not have run 77 of acme/portal"):
        await ci.build("acme/portal/77")


async def test_a_log_that_is_longer_than_what_is_read_says_so(forge: Forge, ci: GitHub) -> None:
    forge.text = LOG * 200
    short = replace(ci, rest=replace(ci.rest, vendor=replace(ci.rest.vendor, largest=40_000)))
    said = await short.log_tail("acme/portal/13", lines=3)
    assert said.endswith("(the log is longer than what was read of it: see its page)")
    assert "longer" not in await ci.log_tail("acme/portal/13", lines=3)
