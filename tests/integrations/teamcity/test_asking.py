"""An order names the very commit, and is found again by its id, or nothing is said about it."""

from __future__ import annotations

from dataclasses import replace

import httpx
import pytest
import respx

from bot.api import BuildState, ConfigurationError, Credentials, Rejected, Service, Unreachable
from bot.model import CiTarget, Deployment
from integrations.teamcity import connect
from integrations.teamcity.places import configurations_asked
from integrations.teamcity.provider import TeamCity
from tests.integrations.teamcity.vendor import (
    BUILD,
    DEPLOY,
    GIT,
    LIBRARY,
    TOKEN,
    URL,
    PlayedTeamCity,
    Run,
    portal,
)
from tests.serving import NO_TLS

COMMIT = "8161935fd6902c7719364a3ebeb01e1dbdf9e78e"


async def deployed(ci: TeamCity, service: Service, **more: object) -> str:
    """Deploy version 1.4.2 to test as REQ-1-a and return the build's id."""
    sites = ("north", "south") if more.get("sites") else ()
    what = (service, "1.4.2", COMMIT, "test")
    return (await ci.deploy(*what, correlation="REQ-1-a", sites=sites)).id


async def test_a_deploy_names_the_commit_as_the_revision_and_the_rest_as_variables(
    ci: TeamCity, there: PlayedTeamCity, portal: Service
) -> None:
    await deployed(ci, portal, sites=True)
    (order,) = there.asked
    assert order["buildType"] == {"id": DEPLOY}
    assert order["revisions"] == {
        "failOnMissingRevisions": True,
        "revision": [{"version": COMMIT, "vcs-root-instance": {"vcs-root-id": GIT}}],
    }
    assert {one["name"]: one["value"] for one in order["properties"]["property"]} == {
        "env.WARDROOM_VERSION": "1.4.2",
        "env.WARDROOM_COMMIT": COMMIT,
        "env.WARDROOM_ENVIRONMENT": "test",
        "env.WARDROOM_SITES": "north,south",
        "env.WARDROOM_CORRELATION": "REQ-1-a",
    }
    assert there.runs[-1].revisions == {GIT: COMMIT}


async def test_a_build_is_of_the_commit_that_the_tag_is_now(
    ci: TeamCity, there: PlayedTeamCity, portal: Service
) -> None:
    asked = await ci.trigger(portal, "1.4.1", correlation="REQ-1-a")
    assert (asked.ref, asked.commit) == ("1.4.1", there.commits["1.4.1"])
    assert there.runs[-1].revisions == {GIT: there.commits["1.4.1"]}
    assert "branchName" not in there.asked[0]


async def test_where_not_all_roots_can_be_pinned_nothing_is_started(
    ci: TeamCity, there: PlayedTeamCity
) -> None:
    there.roots[DEPLOY] = [LIBRARY, GIT]
    for builder in (DEPLOY, f"{DEPLOY}:{GIT}"):
        with pytest.raises(Rejected, match=f"several VCS roots.*{LIBRARY}, {GIT}"):
            await deployed(ci, portal(deploy_builder=builder))
    there.roots[DEPLOY] = [GIT]
    with pytest.raises(Rejected, match="has no VCS root Clinical_Other"):
        await deployed(ci, portal(deploy_builder=f"{DEPLOY}:Clinical_Other"))
    assert there.asked == []
    there.chains, there.roots[BUILD] = {DEPLOY: [BUILD]}, [LIBRARY]
    with pytest.raises(Rejected, match=f"it says: Missing revisions for VCS roots: {LIBRARY}"):
        await deployed(ci, portal())
    assert [run.id for run in there.runs] == [4700, 4701, 4702]


async def test_what_deploys_what_its_chain_builds_names_the_root_of_that(
    ci: TeamCity, there: PlayedTeamCity
) -> None:
    there.roots[DEPLOY], there.chains = [], {DEPLOY: [BUILD]}
    with pytest.raises(Rejected, match=f"stands on other configurations.*{DEPLOY}:ROOT"):
        await deployed(ci, portal())
    assert there.asked == []
    found = await deployed(ci, portal(deploy_builder=f"{DEPLOY}:{GIT}"))
    (pinned,) = there.asked[0]["revisions"]["revision"]
    assert (pinned["version"], pinned["vcs-root-instance"]) == (COMMIT, {"vcs-root-id": GIT})
    run = there.runs[-1]
    run.state = "finished"
    assert (await ci.build(found)).state is BuildState.GREEN
    built = there.runs[0].answer()  # of another commit
    run.more = {"snapshot-dependencies": {"build": [built]}}
    assert (await ci.build(found)).state is BuildState.UNKNOWN


async def test_what_builds_needs_a_root_and_what_deploys_does_not(
    ci: TeamCity, there: PlayedTeamCity, portal: Service
) -> None:
    there.roots = {BUILD: [], DEPLOY: []}
    with pytest.raises(Rejected, match="has no VCS root in TeamCity, so it builds no commit"):
        await ci.trigger(portal, "1.4.2", correlation="REQ-1-a")
    await deployed(ci, portal)
    assert "revisions" not in there.asked[0]


@pytest.mark.parametrize("version", [(2023, 1), (2022, 10), (10, 0)])
async def test_a_server_that_builds_what_it_likes_is_asked_for_nothing(
    ci: TeamCity, there: PlayedTeamCity, portal: Service, version: tuple[int, int]
) -> None:
    there.version = version
    with pytest.raises(Rejected, match=r"cannot be told which commit to build: 2023\.05"):
        await deployed(ci, portal)
    assert there.asked == []


async def test_an_order_that_was_taken_for_another_commit_is_never_green(
    ci: TeamCity, there: PlayedTeamCity, portal: Service
) -> None:
    there.pins = False
    with pytest.raises(Unreachable, match="as the build 4703, for another commit"):
        await deployed(ci, portal)
    found = await ci.find(portal, "REQ-1-a")
    assert found is not None
    states = [(await ci.build(found.id)).state for _ in range(3)]
    assert states == [BuildState.QUEUED, BuildState.RUNNING, BuildState.UNKNOWN]


@pytest.mark.parametrize("commit", ["1.4.2", "main", "", COMMIT.upper(), COMMIT[:12]])
async def test_what_is_no_commit_is_not_deployed(
    ci: TeamCity, wire: respx.MockRouter, portal: Service, commit: str
) -> None:
    with pytest.raises(Rejected, match="is no commit, so nothing was started"):
        await ci.deploy(portal, "1.4.2", commit, "test", correlation="REQ-1-a")
    assert wire.calls.call_count == 0


@pytest.mark.parametrize(
    ("status", "says"),
    [
        (403, "the account needs Run build, Customize build parameters and Customize build rev"),
        (404, "does not have to build|or hides it"),
        (400, r"it says: Missing revisions for VCS roots: Clinical_LibraryGit"),
    ],
)
async def test_a_refused_order_says_what_is_missing(
    ci: TeamCity, there: PlayedTeamCity, portal: Service, status: int, says: str
) -> None:
    why = {"errors": [{"message": "Missing revisions for VCS roots: Clinical_LibraryGit"}]}
    there.instead["POST app/rest/buildQueue"] = httpx.Response(status, json=why)
    with pytest.raises(Rejected, match=says):
        await deployed(ci, portal)


async def test_who_may_not_see_the_roots_is_told_the_permission(
    ci: TeamCity, there: PlayedTeamCity, portal: Service
) -> None:
    told = httpx.Response(200, json={"id": DEPLOY})
    there.instead[f"GET app/rest/buildTypes/id:{DEPLOY}"] = told
    with pytest.raises(Rejected, match="needs View build configuration settings"):
        await deployed(ci, portal)
    assert there.asked == []


async def test_an_order_that_was_taken_as_nothing_is_looked_up(
    ci: TeamCity, there: PlayedTeamCity, portal: Service
) -> None:
    there.instead["POST app/rest/buildQueue"] = httpx.Response(200, json={"state": "queued"})
    with pytest.raises(Unreachable, match="does not say as what"):
        await deployed(ci, portal)


async def test_an_order_whose_answer_was_lost_is_found(
    ci: TeamCity, there: PlayedTeamCity, portal: Service
) -> None:
    there.is_mute = True
    with pytest.raises(Unreachable, match="did not answer within 10 s"):
        await deployed(ci, portal)
    assert len(there.asked) == 1
    found = await ci.find(portal, "REQ-1-a")
    assert found is not None
    assert (found.id, found.state, found.commit) == ("4703", BuildState.QUEUED, COMMIT)
    assert await ci.find(portal, "REQ-1") is None


async def test_a_cancelled_or_failed_order_is_found_too(
    ci: TeamCity, there: PlayedTeamCity, portal: Service
) -> None:
    await deployed(ci, portal)
    run = there.runs[-1]
    run.state, run.status = "finished", "UNKNOWN"
    run.more = {"canceledInfo": {"timestamp": "20261122T090000+0100"}}
    found = await ci.find(portal, "REQ-1-a")
    assert found is not None
    assert found.state is BuildState.CANCELLED


async def test_of_many_builds_those_of_two_weeks_are_enough(
    ci: TeamCity, there: PlayedTeamCity, portal: Service
) -> None:
    there.has_more = True
    there.older = [Run(9, DEPLOY, {}, {}, more={"queuedDate": "20010101T000000+0000"})]
    assert await ci.find(portal, "REQ-1-a") is None


@pytest.mark.parametrize("queued", ["21990101T000000+0000", "", None])
async def test_where_not_all_builds_were_looked_through_nothing_is_said(
    ci: TeamCity, there: PlayedTeamCity, portal: Service, queued: str | None
) -> None:
    there.has_more = True
    there.older = [Run(9, DEPLOY, {}, {}, more={"queuedDate": queued})]
    with pytest.raises(Unreachable, match="did not look through all builds"):
        await ci.find(portal, "REQ-1-a")


async def test_where_parameters_are_hidden_nothing_is_said(
    ci: TeamCity, there: PlayedTeamCity, portal: Service
) -> None:
    there.ran("1.4.2", configuration=DEPLOY).more = {"properties": None}
    with pytest.raises(Unreachable, match="needs View build runtime parameters and data"):
        await ci.find(portal, "REQ-1-a")


async def test_an_id_that_means_something_in_a_locator_is_not_sent(
    ci: TeamCity, wire: respx.MockRouter, portal: Service
) -> None:
    for odd in ("a),count:1", "a b", "", "$any", "(a)"):
        with pytest.raises(Rejected, match="cannot be an order's id"):
            await ci.find(portal, odd)
    assert wire.calls.call_count == 0


@pytest.mark.parametrize(
    ("builds", "deploys", "asked"),
    [
        ("teamcity", "", ["Deploy_test", "Deploy_production", BUILD]),
        ("teamcity", "argocd", [BUILD]),
        ("github", "teamcity", ["Deploy_test", "Deploy_production"]),
    ],
)
def test_only_configurations_that_are_here_are_looked_through(
    builds: str, deploys: str, asked: list[str]
) -> None:
    target = CiTarget(builds, BUILD, "Deploy_{environment}", "", deploy_provider=deploys)
    there = (Deployment("test"), Deployment("production"))
    service = replace(portal(), ci=target, environments=there)
    assert [one.id for one in configurations_asked(service)] == asked


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (Credentials(URL), "needs token_file"),
        (Credentials(URL, "wardroom", "secret"), "has no use for user"),
        (Credentials(URL, token=TOKEN, app_id="1"), "has no use for app_id"),
        (Credentials(URL, token=TOKEN, region="x"), "has no use for region"),
    ],
)
async def test_credentials_that_do_not_fit_are_named(given: Credentials, says: str) -> None:
    async with httpx.AsyncClient(verify=NO_TLS) as client:
        with pytest.raises(ConfigurationError, match=says) as told:
            connect(given, client)
    assert "secret" not in str(told.value)
