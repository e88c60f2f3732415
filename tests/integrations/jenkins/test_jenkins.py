"""What Jenkins says of jobs, their queue and their builds, as our builds."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs

import httpx
import pytest
import respx

from bot.api import Rejected, Unreachable
from bot.model import BuildState, CiTarget, Service, Stage
from integrations.jenkins import PORT
from integrations.jenkins.places import Place
from integrations.jenkins.provider import Jenkins
from integrations.jenkins.reading import build_of, stage_of
from tests.integrations.jenkins.vendor import URL, PlayedJenkins, Run

COMMIT = "8161935fd6902c7719364a3ebeb01e1dbdf9e78e"
OTHER = "f" * 40
LIBRARY = "https://git.hospital.test/ci/library.git"
DEPLOY = "clinical/deploy-portal"
JOB = "job/clinical/job/deploy-portal"
POST = f"POST {JOB}/buildWithParameters"


def git(commit: str, *remotes: str) -> dict[str, Any]:
    """Return what git's plugin records of one checkout."""
    kind = "hudson.plugins.git.util.BuildData"
    return {"_class": kind, "lastBuiltRevision": {"SHA1": commit}, "remoteUrls": list(remotes)}


def given(**values: object) -> dict[str, Any]:
    """Return the parameters of a run."""
    return {"parameters": [{"name": name, "value": value} for name, value in values.items()]}


def read(*actions: dict[str, Any], repo: str = "", building: bool = False) -> str:
    """Return the commit that a run with these actions is of."""
    row = {"building": building, "result": "SUCCESS", "actions": [{}, *actions]}
    return build_of(Place("portal", 1), row, "portal", URL, repo).commit


def test_it_says_which_port_it_provides() -> None:
    assert PORT.__name__ == "Ci"


@pytest.mark.parametrize(
    ("result", "building", "state"),
    [
        ("SUCCESS", False, BuildState.GREEN),
        ("UNSTABLE", False, BuildState.RED),
        ("FAILURE", False, BuildState.RED),
        ("ABORTED", False, BuildState.CANCELLED),
        ("NOT_BUILT", False, BuildState.UNKNOWN),
        ("SPLENDID", False, BuildState.UNKNOWN),
        (None, False, BuildState.UNKNOWN),
        (None, True, BuildState.RUNNING),
        ("SUCCESS", True, BuildState.RUNNING),
        ("SUCCESS", None, BuildState.UNKNOWN),
        ("SUCCESS", "no", BuildState.UNKNOWN),
    ],
)
def test_jenkins_results_are_our_states(
    result: str | None, building: object, state: BuildState
) -> None:
    row = {"result": result, "building": building, "actions": []}
    assert build_of(Place("portal", 1), row, "portal", URL).state is state


@pytest.mark.parametrize(
    ("status", "state"),
    [
        ("SUCCESS", BuildState.GREEN),
        ("UNSTABLE", BuildState.RED),
        ("FAILED", BuildState.RED),
        ("ABORTED", BuildState.CANCELLED),
        ("IN_PROGRESS", BuildState.RUNNING),
        ("PAUSED_PENDING_INPUT", BuildState.RUNNING),
        ("QUEUED", BuildState.QUEUED),
        ("NOT_EXECUTED", BuildState.UNKNOWN),
        ("SKIPPED", BuildState.UNKNOWN),
        ("BRILLIANT", BuildState.UNKNOWN),
        (None, BuildState.UNKNOWN),
    ],
)
def test_the_statuses_of_stages_are_our_states(status: str | None, state: BuildState) -> None:
    stage = stage_of({"name": "Test", "status": status})
    assert stage.state is state
    assert stage.is_gate is (status == "PAUSED_PENDING_INPUT")
    assert ("waits for somebody's input in Jenkins" in stage.name) is stage.is_gate


def test_the_commit_is_that_of_the_services_own_repository() -> None:
    own = ("https://git.hospital.test/clinical/portal.git", "git@git.hospital.test:clinical/portal")
    library = git(OTHER, LIBRARY)
    for remote in (*own, "ssh://git@GIT.hospital.test:7999/clinical/portal.git/"):
        for repo in own:
            assert read(library, git(COMMIT, remote), repo=repo) == COMMIT
    assert read(library, git(COMMIT, "https://git.hospital.test/clinical/other"), repo=own[0]) == ""
    assert read(git(COMMIT, LIBRARY)) == COMMIT
    assert read(library, git(COMMIT, own[0])) == ""


def test_what_was_built_counts_and_not_what_was_asked_for() -> None:
    own = "https://git.hospital.test/clinical/portal"
    assert read(given(COMMIT=COMMIT), git(OTHER, own), repo=own) == OTHER
    assert read(given(COMMIT=COMMIT), git(OTHER, own), git(COMMIT, own), repo=own) == COMMIT
    assert read(given(COMMIT=COMMIT), git(OTHER, own), repo=own, building=True) == COMMIT
    assert read(given(COMMIT=COMMIT)) == COMMIT
    assert read(given(COMMIT="main")) == ""
    assert read(git("8161935", own), repo=own) == ""


async def test_a_build_is_whole_with_its_stages_and_failing_tests(ci: Jenkins) -> None:
    red = await ci.build("clinical/portal/3")
    assert (red.state, red.failing_tests) == (BuildState.RED, ("portal.BannerTest.hides",))
    assert red.stages == (
        Stage("Build", BuildState.GREEN, 2),
        Stage("Test", BuildState.RED, 2),
    )
    assert red.url == f"{URL}/job/clinical/job/portal/3/"
    assert red.started is not None
    assert red.finished is not None
    assert (red.finished - red.started).total_seconds() == 4.2


async def test_without_the_plugin_for_stages_and_without_a_report_a_build_is_still_told(
    ci: Jenkins, there: PlayedJenkins
) -> None:
    missing = httpx.Response(404, html="<title>Error 404 Not Found</title>")
    build = "GET job/clinical/job/portal/3"
    there.instead[f"{build}/wfapi/describe"] = missing
    for report in (missing, httpx.Response(500)):
        there.instead[f"{build}/testReport/api/json"] = report
        red = await ci.build("clinical/portal/3")
        assert (red.state, red.stages, red.failing_tests) == (BuildState.RED, (), ())


async def test_what_waits_says_why_and_becomes_the_build(ci: Jenkins, portal: Service) -> None:
    asked = await ci.deploy(portal, "1.4.2", COMMIT, "test", correlation="DEP-1-x")
    assert (asked.id, asked.state) == (f"{DEPLOY}/q39", BuildState.QUEUED)
    waits = await ci.build(asked.id)
    assert waits.stages == (Stage("In the quiet period. Expires in 4.9 sec", BuildState.QUEUED),)
    states = [await ci.build(asked.id) for _ in range(2)]
    assert [(one.id, one.state) for one in states] == [
        (f"{DEPLOY}/1", BuildState.RUNNING),
        (f"{DEPLOY}/1", BuildState.GREEN),
    ]
    assert (states[1].ref, states[1].commit, states[1].correlation) == ("1.4.2", COMMIT, "DEP-1-x")


async def test_what_was_cancelled_in_the_queue_is_cancelled(
    ci: Jenkins, portal: Service, there: PlayedJenkins
) -> None:
    asked = await ci.deploy(portal, "1.4.2", COMMIT, "test", correlation="DEP-1-x")
    left = {**there.queue[39].answer(), "_class": "hudson.model.Queue$LeftItem", "why": None}
    answer = httpx.Response(200, json={**left, "cancelled": True})
    there.instead["GET queue/item/39/api/json"] = answer
    assert (await ci.build(asked.id)).state is BuildState.CANCELLED
    assert await ci.log_tail(asked.id) == ""


async def test_a_build_remembers_its_number_in_the_queue_when_the_queue_does_not(
    ci: Jenkins, portal: Service, there: PlayedJenkins
) -> None:
    asked = await ci.deploy(portal, "1.4.2", COMMIT, "test", correlation="DEP-1-x")
    for _ in range(2):
        await ci.build(asked.id)
    there.queue.clear()
    assert (await ci.build(asked.id)).id == f"{DEPLOY}/1"
    with pytest.raises(Rejected, match="no build of clinical/deploy-portal came of it"):
        await ci.build(f"{DEPLOY}/q99")


async def test_a_number_of_the_queue_is_of_one_job_alone(ci: Jenkins, portal: Service) -> None:
    await ci.deploy(portal, "1.4.2", COMMIT, "test", correlation="DEP-1-x")
    with pytest.raises(Rejected, match="waits for another job"):
        await ci.build("clinical/portal/q39")


async def test_a_green_build_counts_only_for_a_commit_that_git_recorded(
    ci: Jenkins, portal: Service, there: PlayedJenkins
) -> None:
    commit = there.commits["1.4.1"]
    typed = Run(4, {"COMMIT": commit, "VERSION": "1.4.1"}, "", "SUCCESS", queue=4)
    there.jobs["clinical/portal"].runs.append(typed)
    found = await ci.builds(portal, "1.4.1")
    assert [(one.id[-1], one.state) for one in found] == [
        ("4", BuildState.UNKNOWN),
        ("1", BuildState.GREEN),
    ]


async def test_a_build_of_another_commit_than_asked_for_is_not_counted(
    ci: Jenkins, portal: Service, there: PlayedJenkins
) -> None:
    moved = Run(4, {"COMMIT": there.commits["1.4.2"]}, there.commits["1.5.0"], "SUCCESS", queue=4)
    there.jobs["clinical/portal"].runs.append(moved)
    assert [one.id for one in await ci.builds(portal, "1.4.2")] == ["clinical/portal/2"]


async def test_everything_travels_as_parameters(
    ci: Jenkins, portal: Service, wire: respx.MockRouter
) -> None:
    where = {"correlation": "DEP-1-x", "sites": ("north", "south")}
    await ci.deploy(portal, "1.4.2", COMMIT, "test", **where)  # type: ignore[arg-type] # as named
    sent = parse_qs(wire.calls.last.request.content.decode())
    assert sent == {
        "VERSION": ["1.4.2"],
        "COMMIT": [COMMIT],
        "ENVIRONMENT": ["test"],
        "CORRELATION": ["DEP-1-x"],
        "SITES": ["north,south"],
    }
    assert str(wire.calls.last.request.url) == f"{URL}/{JOB}/buildWithParameters"


async def test_a_job_that_would_drop_a_parameter_is_not_started(
    ci: Jenkins, portal: Service, there: PlayedJenkins, wire: respx.MockRouter
) -> None:
    there.jobs[DEPLOY].takes = ("VERSION", "ENVIRONMENT")
    with pytest.raises(Rejected, match=r"does not declare COMMIT, CORRELATION, and Jenkins would"):
        await ci.deploy(portal, "1.4.2", COMMIT, "test", correlation="DEP-1-x")
    there.jobs[DEPLOY].takes = ("VERSION", "ENVIRONMENT", "COMMIT", "CORRELATION")
    with pytest.raises(Rejected, match="does not declare SITES"):
        await ci.deploy(portal, "1.4.2", COMMIT, "test", correlation="x", sites=["north"])
    there.jobs[DEPLOY].is_enabled = False
    with pytest.raises(Rejected, match="disabled in Jenkins"):
        await ci.deploy(portal, "1.4.2", COMMIT, "test", correlation="x")
    assert [call.request.method for call in wire.calls] == ["GET"] * 3


async def test_a_choice_has_to_offer_the_value(
    ci: Jenkins, portal: Service, there: PlayedJenkins
) -> None:
    names = ("VERSION", "COMMIT", "CORRELATION")
    environment = {"name": "ENVIRONMENT", "choices": ["production", "staging"]}
    takes = [{"name": name} for name in names]
    about = {"buildable": True, "property": [{}, {"parameterDefinitions": [*takes, environment]}]}
    there.instead[f"GET {JOB}/api/json"] = httpx.Response(200, json=about)
    with pytest.raises(Rejected, match=r"ENVIRONMENT of the job .* does not offer `test`"):
        await ci.deploy(portal, "1.4.2", COMMIT, "test", correlation="x")


@pytest.mark.parametrize(
    "ended",
    [
        (httpx.ConnectError("refused"), Rejected),
        (httpx.ReadTimeout("slow"), Unreachable),
        (httpx.RemoteProtocolError("cut"), Unreachable),
        (httpx.Response(500), Unreachable),
        (httpx.Response(503), Unreachable),
        (httpx.Response(201), Unreachable),
        (httpx.Response(201, headers={"location": f"{URL}/job/x/"}), Unreachable),
        (httpx.Response(302, headers={"location": "."}), Rejected),
        (httpx.Response(403, html="<p>wardroom is missing the Job/Build permission</p>"), Rejected),
        (httpx.Response(404), Rejected),
        (httpx.Response(409), Rejected),
        (httpx.Response(401), Rejected),
    ],
)
async def test_an_order_is_sent_once_and_only_a_clear_no_is_a_no(
    ci: Jenkins,
    portal: Service,
    there: PlayedJenkins,
    wire: respx.MockRouter,
    ended: tuple[httpx.Response | Exception, type[Exception]],
) -> None:
    there.instead[POST], error = ended
    with pytest.raises(error):
        await ci.deploy(portal, "1.4.2", COMMIT, "test", correlation="DEP-1-x")
    assert [call.request.method for call in wire.calls] == ["GET", "POST"]


async def test_a_missing_permission_is_named(
    ci: Jenkins, portal: Service, there: PlayedJenkins
) -> None:
    denied = httpx.Response(403, html="<p>Access Denied</p>")
    there.instead = {POST: denied, "GET queue/api/json": denied}
    with pytest.raises(Rejected, match="the account needs Job/Build"):
        await ci.deploy(portal, "1.4.2", COMMIT, "test", correlation="x")
    with pytest.raises(Rejected, match="the account needs Overall/Read and Job/Read"):
        await ci.recent(portal)


async def test_a_folder_is_no_job(ci: Jenkins, portal: Service) -> None:
    assert portal.ci is not None
    folder = replace(portal, ci=replace(portal.ci, builder="clinical", deploy_builder="clinical"))
    with pytest.raises(Rejected, match=r"clinical is a folder in Jenkins.*clinical/\{tag\}"):
        await ci.recent(folder)
    with pytest.raises(Rejected, match="is a folder in Jenkins, and no job"):
        await ci.deploy(folder, "1.4.2", COMMIT, "test", correlation="x")


def multibranch(portal: Service, deploys: str = DEPLOY) -> Service:
    """Return the service built by a multibranch pipeline, which has a job for each tag."""
    assert portal.ci is not None
    target = CiTarget("jenkins", "web/{tag}", deploys, portal.ci.repo, portal.ci.tag)
    return replace(portal, ci=target)


async def test_a_multibranch_pipeline_has_a_job_for_each_tag(
    ci: Jenkins, portal: Service, there: PlayedJenkins, wire: respx.MockRouter
) -> None:
    for version, result in (("1.4.2", "SUCCESS"), ("1.5.0", "FAILURE")):
        there.ran(there.job(f"web/portal%2F{version}"), version, result)
    service = multibranch(portal)
    (green,) = await ci.builds(service, "1.4.2")
    assert (green.id, green.state) == ("web/portal%2F1.4.2/1", BuildState.GREEN)
    assert (await ci.build(green.id)).state is BuildState.GREEN
    asked = await ci.trigger(service, "1.4.2", correlation="REQ-1-x")
    assert asked.id == "web/portal%2F1.4.2/q39"
    path = wire.calls.last.request.url.raw_path
    assert path == b"/jenkins/job/web/job/portal%252F1.4.2/buildWithParameters"
    newest = await ci.recent(service)
    assert newest[0].id == asked.id
    assert len(newest) == 3
    found = await ci.find(service, "REQ-1-x")
    assert found is not None
    assert found.id == asked.id
    for _ in range(2):
        await ci.build(asked.id)
    found = await ci.find(service, "REQ-1-x")
    assert found is not None
    assert found.id == "web/portal%2F1.4.2/2"
    assert await ci.find(service, "REQ-2-x") is None
    with pytest.raises(Rejected, match="a commit alone names none"):
        await ci.trigger(service, COMMIT, correlation="x")


async def test_a_tag_that_moved_is_not_deployed(
    ci: Jenkins, portal: Service, there: PlayedJenkins, wire: respx.MockRouter
) -> None:
    there.job("web/portal%2F1.4.2")
    service = multibranch(portal, "web/{tag}")
    with pytest.raises(Rejected, match="another commit now than the one that was asked for"):
        await ci.deploy(service, "1.4.2", COMMIT, "test", correlation="x")
    assert wire.calls.call_count == 0
    commit = there.commits["1.4.2"]
    asked = await ci.deploy(service, "1.4.2", commit, "test", correlation="x")
    assert asked.commit == commit


@pytest.mark.parametrize("commit", ["", "main", COMMIT[:12], COMMIT.upper()])
async def test_what_is_no_commit_is_not_deployed(
    ci: Jenkins, portal: Service, wire: respx.MockRouter, commit: str
) -> None:
    with pytest.raises(Rejected, match="is no commit"):
        await ci.deploy(portal, "1.4.2", commit, "test", correlation="x")
    assert wire.calls.call_count == 0
