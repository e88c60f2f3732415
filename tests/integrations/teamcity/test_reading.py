"""What TeamCity shows as green is not always green here; its stages, tests and logs."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import httpx
import pytest
import respx

from bot.api import BuildState, Rejected, Service, Stage, Unreachable
from integrations.teamcity import reading
from integrations.teamcity.provider import TeamCity
from tests.integrations.teamcity.vendor import BUILD, GIT, LIBRARY, PlayedTeamCity, Run, portal

OTHER = "8161935fd6902c7719364a3ebeb01e1dbdf9e78e"
BY = {"timestamp": "20261122T090000+0100"}


@pytest.mark.parametrize(
    ("told", "state"),
    [
        ({}, BuildState.GREEN),
        ({"status": "FAILURE"}, BuildState.RED),
        ({"status": "ERROR"}, BuildState.RED),
        ({"status": "UNKNOWN"}, BuildState.UNKNOWN),
        ({"status": "UNKNOWN", "canceledInfo": BY}, BuildState.CANCELLED),
        ({"status": "NORMAL"}, BuildState.UNKNOWN),
        ({"status": None}, BuildState.UNKNOWN),
        ({"status": "FAILURE", "failedToStart": True}, BuildState.RED),
        ({"status": "UNKNOWN", "failedToStart": True, "canceledInfo": BY}, BuildState.RED),
        ({"state": "queued", "status": None}, BuildState.QUEUED),
        ({"state": "queued", "canceledInfo": BY}, BuildState.CANCELLED),
        ({"state": "running", "status": "FAILURE"}, BuildState.RUNNING),
        ({"state": "running", "status": "SUCCESS"}, BuildState.RUNNING),
        ({"state": "deleted"}, BuildState.UNKNOWN),
        ({"state": "unknown"}, BuildState.UNKNOWN),
        ({"state": None}, BuildState.UNKNOWN),
        # Somebody marked it as successful, or ran it with a change of their own.
        ({"statusChangeComment": BY}, BuildState.UNKNOWN),
        ({"personal": True}, BuildState.UNKNOWN),
        ({"personal": True, "status": "FAILURE"}, BuildState.RED),
    ],
)
async def test_each_state_and_status_is_read(
    ci: TeamCity, there: PlayedTeamCity, told: dict[str, Any], state: BuildState
) -> None:
    run = there.ran("1.4.2")
    run.more = told
    assert (await ci.build(str(run.id))).state is state


async def test_a_build_says_what_it_is(ci: TeamCity, there: PlayedTeamCity) -> None:
    build = await ci.build("4701")
    assert (build.id, build.service, build.commit) == ("4701", BUILD, there.commits["1.4.2"])
    assert build.url == "https://teamcity.hospital.test/tc/viewLog.html?buildId=4701"
    assert build.started is not None
    assert build.finished is not None
    assert build.started.isoformat() == "2026-11-22T08:00:00+01:00"
    assert (build.finished - build.started).total_seconds() == 42
    assert (build.stages, build.failing_tests, build.correlation) == ((), (), "")


async def test_a_build_of_another_commit_than_it_was_asked_for_is_not_green(
    ci: TeamCity, there: PlayedTeamCity, portal: Service
) -> None:
    run = there.ran("1.4.2")
    run.given = {reading.REVISION: there.commits["1.4.1"], reading.VERSION: "1.4.1"}
    build = await ci.build(str(run.id))
    assert (build.state, build.commit) == (BuildState.UNKNOWN, there.commits["1.4.2"])
    assert str(run.id) not in [one.id for one in await ci.builds(portal, "1.4.1")]


@pytest.mark.parametrize("more", [{"personal": True}, {"personal": True, "history": True}])
async def test_a_personal_build_is_none_of_the_commit(
    ci: TeamCity, there: PlayedTeamCity, portal: Service, more: dict[str, Any]
) -> None:
    there.runs = []
    there.ran("1.4.2").more = more
    assert await ci.builds(portal, "1.4.2") == []
    assert [one.commit for one in await ci.recent(portal)] == [""]


async def test_a_build_of_an_older_commit_counts_for_that_commit(
    ci: TeamCity, there: PlayedTeamCity, portal: Service
) -> None:
    there.ran("1.4.1").more = {"history": True}
    newest, *older = await ci.builds(portal, "1.4.1")
    assert (newest.id, newest.state) == ("4703", BuildState.GREEN)
    assert [one.id for one in older] == ["4700"]


async def test_a_green_build_whose_commit_only_its_parameter_says_is_unknown(
    ci: TeamCity, there: PlayedTeamCity, portal: Service
) -> None:
    there.runs = []
    run = there.ran("1.4.2")
    run.revisions, run.given = {}, {reading.REVISION: there.commits["1.4.2"]}
    (build,) = await ci.builds(portal, "1.4.2")
    assert build.state is BuildState.UNKNOWN


async def test_of_several_vcs_roots_the_own_one_counts(
    ci: TeamCity, there: PlayedTeamCity, portal: Service
) -> None:
    there.runs = []
    there.ran("1.4.2").revisions = {LIBRARY: OTHER, GIT: there.commits["1.4.2"]}
    assert await ci.builds(portal, "1.4.2") == []
    assert portal.ci is not None
    named = replace(portal, ci=replace(portal.ci, builder=f"{BUILD}:{GIT}"))
    (build,) = await ci.builds(named, "1.4.2")
    assert (build.state, build.commit) == (BuildState.GREEN, there.commits["1.4.2"])
    library = replace(portal, ci=replace(portal.ci, builder=f"{BUILD}:{LIBRARY}"))
    assert await ci.builds(library, "1.4.2") == []


async def test_a_red_build_shows_its_problems_and_its_failing_tests(ci: TeamCity) -> None:
    build = await ci.build("4702")
    assert build.stages == (Stage("1 test failed", BuildState.RED),)
    assert build.failing_tests == ("portal.BannerTest.hides",)


async def test_a_red_build_whose_tests_cannot_be_read_stays_red(
    ci: TeamCity, there: PlayedTeamCity
) -> None:
    there.instead["GET app/rest/testOccurrences"] = httpx.Response(403)
    build = await ci.build("4702")
    assert (build.state, build.failing_tests) == (BuildState.RED, ())


def chained(there: PlayedTeamCity) -> tuple[Run, Run]:
    """Have a build that was not started, as what it stands on has failed."""
    tests = there.ran("1.5.0", "FAILURE")
    tests.log = b"one\ntwo FAILED\n"
    told = tests.answer() | {"buildTypeId": "Clinical_Portal_Tests"}
    whole = there.ran("1.5.0", "FAILURE")
    problem = {"type": "SNAPSHOT_DEPENDENCY_ERROR_BUILD_PROCEEDS_TYPE", "muted": False}
    muted = {"type": "TC_EXIT_CODE", "muted": True}
    whole.more = {
        "failedToStart": True,
        "snapshot-dependencies": {"build": [told]},
        "problemOccurrences": {"problemOccurrence": [problem, muted]},
    }
    return tests, whole


async def test_the_builds_of_a_chain_are_its_stages(ci: TeamCity, there: PlayedTeamCity) -> None:
    _, whole = chained(there)
    assert (await ci.build(str(whole.id))).stages == (
        Stage("Clinical_Portal_Tests", BuildState.RED, 42),
        Stage("SNAPSHOT_DEPENDENCY_ERROR_BUILD_PROCEEDS_TYPE", BuildState.RED),
    )


async def test_the_log_is_of_what_failed_in_the_chain(ci: TeamCity, there: PlayedTeamCity) -> None:
    _, whole = chained(there)
    assert await ci.log_tail(str(whole.id), lines=1) == "two FAILED"
    assert await ci.log_tail("4702", lines=1) == "[08:00:09] : hides FAILED"


async def test_a_log_that_is_cut_off_is_not_shown_as_its_end(
    ci: TeamCity, there: PlayedTeamCity, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("integrations.teamcity.rest.LONGEST_LOG", 20)
    assert await ci.log_tail("4702") == (
        "The log is too long to be read to its end: "
        "https://teamcity.hospital.test/tc/viewLog.html?buildId=4702"
    )


async def test_a_page_is_no_log(ci: TeamCity, there: PlayedTeamCity) -> None:
    there.instead["GET downloadBuildLog.html"] = httpx.Response(200, html="<p>Log in</p>")
    with pytest.raises(Unreachable, match="web page"):
        await ci.log_tail("4702")


async def test_what_waits_says_why_and_has_no_log(
    ci: TeamCity, there: PlayedTeamCity, portal: Service
) -> None:
    asked = await ci.trigger(portal, "1.4.2", correlation="REQ-1-a")
    why = "There are no idle compatible agents which can run this build"
    assert asked.stages == (Stage(why, BuildState.QUEUED),)
    there.runs[-1].more = {"approvalInfo": {"status": "waitingForApproval"}}
    assert asked.gate == ""
    assert (await ci.recent(portal))[0].gate == "waits for an approval in TeamCity"
    assert await ci.log_tail(asked.id) == ""


@pytest.mark.parametrize(
    "name", ["0", "q12", "12/..", "-1", "1,status:SUCCESS", "٣", "", "9" * 40, "id:4701"]
)
async def test_what_is_no_number_is_not_asked_for(
    ci: TeamCity, wire: respx.MockRouter, name: str
) -> None:
    for asking in (ci.build(name), ci.log_tail(name)):
        with pytest.raises(Rejected, match="is no build of TeamCity"):
            await asking
    assert wire.calls.call_count == 0


@pytest.mark.parametrize(
    "answer",
    [
        {"count": 1},
        {"build": []},
        {"count": 1, "build": [{"id": "4701"}]},
        {"count": 2, "build": [{"id": 4701}]},
        [],
        {"count": "1", "build": [{"id": 4701}]},
    ],
)
async def test_an_answer_of_another_shape_is_unreachable(
    ci: TeamCity, there: PlayedTeamCity, portal: Service, answer: object
) -> None:
    there.instead["GET app/rest/builds"] = httpx.Response(200, json=answer)
    with pytest.raises(Unreachable, match="not understood"):
        await ci.builds(portal, "1.4.2")


async def test_a_build_is_the_one_that_was_asked_for(ci: TeamCity, there: PlayedTeamCity) -> None:
    there.instead["GET app/rest/builds/id:4701"] = httpx.Response(200, json={"id": 4700})
    with pytest.raises(Unreachable, match="not understood"):
        await ci.build("4701")


@pytest.mark.parametrize("builder", ["", "Clinical Portal", "a/../b", "A),count:9", "A:", "1A"])
async def test_what_cannot_be_a_configuration_is_not_asked_for(
    ci: TeamCity, wire: respx.MockRouter, builder: str
) -> None:
    with pytest.raises(Rejected, match="no build configuration"):
        await ci.recent(portal(builder))
    assert wire.calls.call_count == 0


async def test_no_address_holds_the_token_and_every_branch_is_asked_for(
    ci: TeamCity, wire: respx.MockRouter, portal: Service
) -> None:
    await ci.recent(portal)
    (call,) = wire.calls
    assert "eyJ0" not in str(call.request.url)
    assert "defaultFilter:false,state:any" in call.request.url.params["locator"]
