"""A run is found again by what it was asked for with, or it is said that nobody can tell."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from bot.api import Rejected, Unreachable
from tests.integrations.azure.organisation import BUILDS, COMMITS, DEPLOYS, build_row, run_row
from tests.integrations.azure.vendor import PORTAL, TARGET, Server

if TYPE_CHECKING:
    from bot.ports import Ci

GREEN = COMMITS["1.4.2"]
GIVEN = {"version": "1.4.2", "commit": GREEN, "environment": "test", "correlation": "REQ-1-ab"}


def listed(server: Server, **more: Any) -> None:
    """Answer the list with one deploy only, of which something is otherwise."""
    run = server.organisation.start(DEPLOYS, "refs/tags/1.4.2", GREEN, GIVEN)
    row = {**build_row(run), **more}
    row = {name: value for name, value in row.items() if value is not None}
    server.instead["build/builds"] = httpx.Response(200, json={"count": 1, "value": [row]})


async def test_a_deploy_is_found_by_its_parameter_among_the_runs_of_both_pipelines(
    ci: Ci, server: Server
) -> None:
    asked = await ci.deploy(PORTAL, "1.4.2", GREEN, "test", correlation="REQ-1-ab")
    for _ in range(5):
        await ci.trigger(PORTAL, "1.4.2", correlation="REQ-1-abc")
    found = await ci.find(PORTAL, "REQ-1-ab")
    assert found is not None
    assert (found.id, found.commit, found.correlation) == (asked.id, GREEN, "REQ-1-ab")
    (query,) = {
        one.url.params["definitions"] for one in server.asked if "definitions=" in str(one.url)
    }
    assert query == f"{BUILDS},{DEPLOYS}"
    since = datetime.fromisoformat(server.asked[-1].url.params["minTime"])
    assert datetime.now(UTC) - since > timedelta(days=29)


@pytest.mark.parametrize(
    "more",
    [
        {"templateParameters": {}, "buildNumber": "20260302.7-REQ-1-ab"},
        {"templateParameters": {}, "buildNumber": "REQ-1-ab"},
        {"templateParameters": {}, "buildNumber": "7", "tags": ["REQ-1-ab"]},
    ],
)
async def test_the_name_of_a_run_and_a_tag_are_as_good(
    ci: Ci, server: Server, more: dict[str, object]
) -> None:
    listed(server, **more)
    assert await ci.find(PORTAL, "REQ-1-ab") is not None


@pytest.mark.parametrize("number", ["20260302.7-REQ-1-abc", "20260302.7-XREQ-1-ab", "REQ-1-ab-2"])
async def test_another_runs_name_is_not_taken_for_it(ci: Ci, server: Server, number: str) -> None:
    listed(server, templateParameters={"correlation": "other"}, buildNumber=number)
    assert await ci.find(PORTAL, "REQ-1-ab") is None


async def test_where_the_list_does_not_say_the_parameters_the_run_is_asked(
    ci: Ci, server: Server
) -> None:
    listed(server, templateParameters=None, buildNumber="7")
    assert await ci.find(PORTAL, "REQ-1-ab") is not None
    assert server.asked[-1].url.path.endswith(f"/pipelines/{DEPLOYS}/runs/104")
    assert await ci.find(PORTAL, "REQ-2-cd") is None


async def test_too_many_runs_that_say_nothing_are_not_a_no(
    ci: Ci, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("integrations.azure.provider.FIND_RUNS", 1)
    listed(server, templateParameters=None, buildNumber="7")
    with pytest.raises(Unreachable, match="whether it was started is not known"):
        await ci.find(PORTAL, "REQ-2-cd")


async def test_more_runs_than_are_looked_through_are_not_a_no(
    ci: Ci, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("integrations.azure.provider.FIND_PAGES", 2)
    for number in range(5):
        await ci.trigger(PORTAL, "1.4.2", correlation=f"c-{number}")
    assert await ci.find(PORTAL, "c-4") is not None
    with pytest.raises(Unreachable, match="more runs of these pipelines than we look through"):
        await ci.find(PORTAL, "c-0")


async def test_every_environments_own_pipeline_is_looked_into(ci: Ci, server: Server) -> None:
    rows = {"test": 51, "production": 52}

    def named(name: str) -> httpx.Response:
        return httpx.Response(200, json={"count": 1, "value": [{"id": rows[name], "name": name}]})

    server.instead["build/definitions"] = named("test")
    service = replace(PORTAL, ci=replace(TARGET, deploy_builder="{environment}"))
    with pytest.raises(Rejected, match="no pipeline `production`"):
        await ci.find(service, "c-1")
    service = replace(service, environments=service.environments[:1])
    assert await ci.find(service, "c-1") is None
    assert server.asked[-1].url.params["definitions"] == f"{BUILDS},51"


async def test_only_pipelines_of_ours_are_looked_into(ci: Ci, server: Server) -> None:
    elsewhere = replace(TARGET, deploy_builder="argo-app", deploy_provider="argocd")
    assert await ci.find(replace(PORTAL, ci=elsewhere), "c-1") is None
    assert server.asked[-1].url.params["definitions"] == str(BUILDS)
    with pytest.raises(Rejected, match="neither built nor deployed by azure"):
        await ci.find(replace(PORTAL, ci=replace(elsewhere, provider="github")), "c-1")


async def test_a_malformed_run_is_not_a_no(ci: Ci, server: Server) -> None:
    listed(server, templateParameters=None, buildNumber="7", definition=None)
    with pytest.raises(Unreachable, match="not understood"):
        await ci.find(PORTAL, "REQ-2-cd")


async def test_a_run_in_the_pipelines_interface_has_its_parameters(server: Server) -> None:
    run = server.organisation.start(DEPLOYS, "refs/tags/1.4.2", GREEN, GIVEN)
    assert run_row(run)["templateParameters"] == GIVEN
