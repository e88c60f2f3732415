"""Builds of Azure Pipelines as ours: their states, their commits, and how they are asked for."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from bot.api import CiTarget, Rejected, Stage, Unreachable
from bot.model import BuildState
from integrations.azure import PORT
from tests.contracts.faults import Fault
from tests.integrations.azure.organisation import BUILDS, COMMITS, DEPLOYS, Run, build_row
from tests.integrations.azure.timelines import identity, record
from tests.integrations.azure.vendor import PORTAL, TARGET, Server, failing

if TYPE_CHECKING:
    from bot.ports import Ci

GREEN, RED = COMMITS["1.4.2"], COMMITS["1.5.0"]
RED_ID = "Clinical%20IT/103"


def test_it_says_which_port_it_provides() -> None:
    assert PORT.__name__ == "Ci"


async def test_a_version_is_the_commit_that_its_annotated_tag_comes_to(
    ci: Ci, server: Server
) -> None:
    assert await ci.resolve(PORTAL, "1.4.2") == GREEN
    server.organisation.tags["1.4.2-rc"] = RED
    server.organisation.tags.pop("1.4.2")
    with pytest.raises(Rejected, match=r"no tag `1\.4\.2`"):
        await ci.resolve(PORTAL, "1.4.2")


async def test_the_tag_of_a_version_goes_before_a_tag_and_a_branch_of_its_name(
    ci: Ci, server: Server
) -> None:
    service = replace(PORTAL, ci=replace(TARGET, tag="portal/{version}"))
    server.organisation.tags |= {"portal/main": GREEN}
    assert await ci.resolve(service, "main") == GREEN
    assert await ci.resolve(service, "1.5.0") == RED
    del server.organisation.tags["portal/main"]
    assert await ci.resolve(service, "main") == server.organisation.branches["main"]


async def test_a_tag_is_found_among_many_that_begin_like_it(ci: Ci, server: Server) -> None:
    server.organisation.tags |= {f"1.4.2-{number}": RED for number in range(5)}
    assert await ci.resolve(PORTAL, "1.4.2") == GREEN
    assert await ci.resolve(PORTAL, "1.4.2-4") == RED


@pytest.mark.parametrize("ref", ["../../x", "1.4.2/../y", "a b", "", "--all", "1.4.2?x=1"])
async def test_what_is_no_version_is_never_asked_about(ci: Ci, server: Server, ref: str) -> None:
    with pytest.raises(Rejected):
        await ci.resolve(PORTAL, ref)
    assert server.asked == []


@pytest.mark.parametrize("repo", ["portal", "Clinical IT/", "../x/y", "https://git/x", "a/b/c"])
async def test_a_repository_that_cannot_be_one_is_refused_with_the_mend(
    ci: Ci, server: Server, repo: str
) -> None:
    service = replace(PORTAL, ci=replace(TARGET, repo=repo))
    with pytest.raises(Rejected, match="PROJECT/REPOSITORY"):
        await ci.resolve(service, "1.4.2")
    assert server.asked == []


async def test_authors_are_those_of_the_commit_and_its_trailers(ci: Ci) -> None:
    told = await ci.authors(PORTAL, GREEN)
    assert list(told) == ["engineer@hospital.example", "engineer-2@hospital.example"]


async def test_a_message_that_is_cut_off_names_nobody(ci: Ci, server: Server) -> None:
    said = {"commitId": GREEN, "author": {"email": "a@b.example"}, "commentTruncated": True}
    path = f"git/repositories/portal/commits/{GREEN}"
    server.instead[path] = httpx.Response(200, json=said)
    with pytest.raises(Rejected, match="whole message"):
        await ci.authors(PORTAL, GREEN)
    server.instead[path] = httpx.Response(200, json={"commitId": GREEN, "author": {}})
    with pytest.raises(Rejected, match="who wrote"):
        await ci.authors(PORTAL, GREEN)


@pytest.mark.parametrize(
    ("status", "result", "state"),
    [
        ("notStarted", None, BuildState.QUEUED),
        ("postponed", None, BuildState.QUEUED),
        ("inProgress", None, BuildState.RUNNING),
        ("cancelling", None, BuildState.RUNNING),
        ("completed", "succeeded", BuildState.GREEN),
        ("completed", "partiallySucceeded", BuildState.RED),
        ("completed", "failed", BuildState.RED),
        ("completed", "canceled", BuildState.CANCELLED),
        ("completed", "none", BuildState.UNKNOWN),
        ("completed", None, BuildState.UNKNOWN),
        ("completed", "excellent", BuildState.UNKNOWN),
        ("none", "succeeded", BuildState.UNKNOWN),
        ("all", "succeeded", BuildState.UNKNOWN),
        (None, "succeeded", BuildState.UNKNOWN),
        (7, "succeeded", BuildState.UNKNOWN),
    ],
)
async def test_every_status_and_result_is_one_state(
    ci: Ci, server: Server, status: object, result: object, state: BuildState
) -> None:
    row = {**build_row(server.organisation.runs[1]), "status": status, "result": result}
    listed = httpx.Response(200, json={"count": 1, "value": [row]})
    server.instead["build/builds"] = listed
    (found,) = await ci.builds(PORTAL, GREEN)
    assert found.state is state


async def test_the_builds_of_a_commit_are_found_page_after_page(ci: Ci, server: Server) -> None:
    for _ in range(5):
        server.organisation.start(BUILDS, "refs/heads/main", RED, {}).status = "completed"
    found = await ci.builds(PORTAL, "1.4.1", limit=2)
    assert [(one.id, one.state) for one in found] == [("Clinical%20IT/101", BuildState.GREEN)]
    assert found[0].ref == "1.4.1"
    assert found[0].url.endswith("/_build/results?buildId=101")
    assert found[0].finished is not None
    assert len([one for one in server.asked if one.url.path.endswith("build/builds")]) == 4


async def test_a_build_of_another_commit_than_it_was_asked_for_is_never_green(
    ci: Ci, server: Server
) -> None:
    inputs = {"version": "1.4.2", "commit": GREEN, "correlation": "x"}
    run = server.organisation.start(DEPLOYS, "refs/tags/1.4.2", RED, inputs)
    run.status = "completed"
    assert (await ci.build(f"Clinical%20IT/{run.number}")).state is BuildState.UNKNOWN


async def test_a_red_build_has_its_stages_and_failing_tests(ci: Ci) -> None:
    build = await ci.build(RED_ID)
    assert build.state is BuildState.RED
    assert build.service == "portal"
    assert [(one.name, one.state) for one in build.stages] == [
        ("Build", BuildState.GREEN),
        ("Test", BuildState.RED),
    ]
    assert build.failing_tests == ("test_banner_shows", "test_banner_hides")
    (listed,) = await ci.builds(PORTAL, "1.5.0")
    assert listed.failing_tests == build.failing_tests


@pytest.mark.parametrize("status", [401, 403, 404])
async def test_a_red_build_is_red_where_its_tests_may_not_be_read(
    ci: Ci, server: Server, status: int
) -> None:
    server.instead["test/runs"] = httpx.Response(status, json={"message": "no"})
    build = await ci.build(RED_ID)
    assert (build.state, build.failing_tests) == (BuildState.RED, ())


async def test_the_tail_is_of_the_step_that_failed_without_its_clock(
    ci: Ci, server: Server
) -> None:
    assert await ci.log_tail(RED_ID, lines=2) == "2 failed, 1 passed\n##[error]Exit 1"
    asked = server.asked[-1]
    assert asked.url.path.endswith("/build/builds/103/logs/8")
    assert asked.url.params["startLine"] == "1"


def step(name: str, log: int, second: int, result: str | None = "succeeded") -> dict[str, Any]:
    """Return a step with a log."""
    state = "completed" if result else "inProgress"
    began = f"2026-03-02T09:41:{second:02}.1Z"
    kind = {"state": state, "result": result, "startTime": began, "order": 100 - second}
    return record(name, "Task", None, log={"id": log, "type": "Container"}, **kind)


@pytest.mark.parametrize(
    ("steps", "log"),
    [
        (
            [step("clean up", 9, 30), step("test", 5, 20, "failed"), step("lint", 4, 25, "failed")],
            5,
        ),
        ([step("test", 5, 20, None), step("build", 9, 10)], 5),
        ([step("test", 5, 20), step("clean up", 9, 30)], 9),
    ],
)
async def test_the_log_is_of_the_step_that_failed_first_else_of_the_one_that_began_last(
    ci: Ci, server: Server, steps: list[dict[str, Any]], log: int
) -> None:
    server.instead["build/builds/103/timeline"] = httpx.Response(200, json={"records": steps})
    await ci.log_tail(RED_ID)
    assert server.asked[-1].url.path.endswith(f"/logs/{log}")


async def test_a_job_that_has_a_log_and_no_steps_is_read(ci: Ci, server: Server) -> None:
    records = [record("unit", "Job", None, log={"id": 5})]
    server.instead["build/builds/103/timeline"] = httpx.Response(200, json={"records": records})
    assert await ci.log_tail(RED_ID, lines=1) == "##[error]Exit 1"


async def test_nothing_was_asked_for_where_nobody_was_reached_beforehand() -> None:
    async with failing(Fault.DOWN) as (ci, service):
        with pytest.raises(Rejected, match="nothing was done there"):
            await ci.trigger(service, "1.4.2", correlation="c-1")
        with pytest.raises(Unreachable):
            await ci.resolve(service, "1.4.2")


async def test_a_run_that_has_not_begun_has_no_stages_and_no_log(ci: Ci) -> None:
    asked = await ci.trigger(PORTAL, "1.4.2", correlation="c-1")
    assert await ci.log_tail(asked.id) == ""


@pytest.mark.parametrize(
    ("state", "result", "shown"),
    [
        ("pending", None, BuildState.QUEUED),
        ("inProgress", None, BuildState.RUNNING),
        ("completed", "succeeded", BuildState.GREEN),
        ("completed", "succeededWithIssues", BuildState.RED),
        ("completed", "failed", BuildState.RED),
        ("completed", "abandoned", BuildState.RED),
        ("completed", "canceled", BuildState.CANCELLED),
        ("completed", "skipped", BuildState.UNKNOWN),
        ("completed", None, BuildState.UNKNOWN),
        ("elsewhere", "succeeded", BuildState.UNKNOWN),
    ],
)
async def test_every_state_and_result_of_a_stage_is_one_of_ours(
    ci: Ci, server: Server, state: str, result: str | None, shown: BuildState
) -> None:
    stage = record("Test", "Stage", None, state=state, result=result)
    server.instead["build/builds/102/timeline"] = httpx.Response(200, json={"records": [stage]})
    assert (await ci.build("Clinical%20IT/102")).stages == (Stage("Test", shown),)


async def test_a_pipeline_without_stages_shows_its_jobs(ci: Ci, server: Server) -> None:
    times = {"startTime": "2026-03-02T09:41:00.5Z", "finishTime": "2026-03-02T09:41:12.6Z"}
    stage = record("__default", "Stage", None)
    phase = record("Job", "Phase", identity("Stage", "__default"))
    job = record("unit", "Job", phase["id"], **times)
    found = httpx.Response(200, json={"records": [job, phase, stage]})
    server.instead["build/builds/102/timeline"] = found
    assert (await ci.build("Clinical%20IT/102")).stages == (Stage("unit", BuildState.GREEN, 12),)


NEVER_MADE = (
    *("999999", "x", "..%2f..%2fsecrets/12", "Clinical%20IT/0", "Clinical%20IT/12/..", "_x/1"),
    *("Clinical IT/12", "a/b/12", "Clinical%20IT/12?x=1", "%00/12", "Clinical%20IT/12345678901"),
)


@pytest.mark.parametrize("build_id", NEVER_MADE)
async def test_an_id_that_we_never_made_is_never_sent_on(
    ci: Ci, server: Server, build_id: str
) -> None:
    for asking in (ci.build(build_id), ci.log_tail(build_id)):
        with pytest.raises(Rejected, match="is no build"):
            await asking
    assert server.asked == []


async def test_a_build_that_is_not_there_is_rejected(ci: Ci) -> None:
    with pytest.raises(Rejected, match="does not have run 999 of Clinical IT"):
        await ci.build("Clinical%20IT/999")


async def test_a_deploy_carries_the_approved_commit_and_all_it_was_asked_for(
    ci: Ci, server: Server
) -> None:
    asked = await ci.deploy(
        PORTAL, "1.4.2", GREEN, "test", correlation="REQ-1-ab", sites=("north", "south")
    )
    assert server.bodies() == [
        {
            "resources": {
                "repositories": {"self": {"refName": "refs/tags/1.4.2", "version": GREEN}}
            },
            "templateParameters": {
                "version": "1.4.2",
                "commit": GREEN,
                "environment": "test",
                "sites": "north,south",
                "correlation": "REQ-1-ab",
            },
        }
    ]
    assert (asked.state, asked.commit) == (BuildState.QUEUED, GREEN)
    assert asked.url.startswith("https://")
    seen = [(await ci.build(asked.id)).state for _ in range(3)]
    assert seen == [BuildState.RUNNING, BuildState.GREEN, BuildState.GREEN]


async def test_a_commit_by_itself_is_built_without_a_ref(ci: Ci, server: Server) -> None:
    await ci.trigger(PORTAL, GREEN, correlation="c-1")
    (body,) = server.bodies()
    assert body["resources"] == {"repositories": {"self": {"version": GREEN}}}
    assert body["templateParameters"] == {"correlation": "c-1"}


async def test_a_tag_that_moved_since_the_approval_starts_nothing(ci: Ci, server: Server) -> None:
    server.organisation.tags["1.4.2"] = RED
    with pytest.raises(Rejected, match="when it was approved, so nothing was started"):
        await ci.deploy(PORTAL, "1.4.2", GREEN, "test", correlation="c-1")
    assert server.bodies() == []


async def test_a_run_that_begins_with_another_commit_is_not_taken_for_the_asked_one(
    ci: Ci, server: Server
) -> None:
    this = {"refName": "refs/tags/1.4.2", "version": RED}
    run = {"id": 107, "resources": {"repositories": {"self": this}}}
    server.instead[f"pipelines/{DEPLOYS}/runs"] = httpx.Response(200, json=run)
    with pytest.raises(Unreachable, match="Clinical%20IT/107 of d15ea5ed0ff1, and 8161935fd690"):
        await ci.deploy(PORTAL, "1.4.2", GREEN, "test", correlation="c-1")


async def test_a_parameter_that_the_pipeline_does_not_declare_is_named(
    ci: Ci, server: Server
) -> None:
    service = replace(PORTAL, ci=replace(TARGET, deploy_builder=str(BUILDS)))
    with pytest.raises(Rejected, match="Unexpected parameter 'commit'"):
        await ci.deploy(service, "1.4.2", GREEN, "test", correlation="c-1")
    assert len(server.bodies()) == 1


async def test_a_pipeline_may_be_called_by_its_name_and_folder(ci: Ci, server: Server) -> None:
    names = CiTarget("azure", "portal", r"\clinical\deploy-portal", TARGET.repo)
    service = replace(PORTAL, ci=names)
    await ci.deploy(service, "1.4.2", GREEN, "test", correlation="c-1")
    assert server.asked[-1].url.path.endswith(f"/pipelines/{DEPLOYS}/runs")
    assert (await ci.recent(service, limit=1))[0].id == RED_ID
    found = await ci.find(service, "c-1")
    assert found is not None


@pytest.mark.parametrize("called", ["nothing", "elsewhere/portal", "port*", ""])
async def test_a_pipeline_that_there_is_not_is_said(ci: Ci, server: Server, called: str) -> None:
    service = replace(PORTAL, ci=replace(TARGET, deploy_builder=called))
    with pytest.raises(Rejected, match="pipeline"):
        await ci.deploy(service, "1.4.2", GREEN, "test", correlation="c-1")
    assert server.bodies() == []


async def test_two_pipelines_of_one_name_are_not_guessed_between(ci: Ci, server: Server) -> None:
    rows = [{"id": 3, "name": "portal"}, {"id": 4, "name": "Portal"}]
    server.instead["build/definitions"] = httpx.Response(200, json={"count": 2, "value": rows})
    service = replace(PORTAL, ci=replace(TARGET, builder="portal"))
    with pytest.raises(Rejected, match="several pipelines"):
        await ci.recent(service)


@pytest.mark.parametrize("body", ["[]", '{"value": 7}', '{"value": [7]}', '{"value": [{}]}', "{"])
async def test_a_malformed_list_is_never_green(ci: Ci, server: Server, body: str) -> None:
    kind = {"content-type": "application/json"}
    server.instead["build/builds"] = httpx.Response(200, text=body, headers=kind)
    with pytest.raises(Unreachable):
        await ci.builds(PORTAL, GREEN)


async def test_a_service_without_ci_is_said(ci: Ci) -> None:
    with pytest.raises(Rejected, match="has no CI"):
        await ci.recent(replace(PORTAL, ci=None))


async def test_newest_builds_are_first_and_no_more_than_asked_for(ci: Ci, server: Server) -> None:
    server.organisation.runs.append(Run(7, DEPLOYS, "refs/tags/1.4.2", GREEN, _late(server)))
    found = await ci.recent(PORTAL, limit=2)
    assert [one.id for one in found] == [RED_ID, "Clinical%20IT/102"]


def _late(server: Server) -> datetime:
    return max(run.queued for run in server.organisation.runs) + timedelta(days=1)
