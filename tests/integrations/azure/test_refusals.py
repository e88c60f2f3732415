"""What Azure DevOps refuses, and when it asks to be left alone, as sentences with their mend."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import httpx
import pytest

from bot.api import Rejected, Throttled, Unreachable
from integrations.azure.rest import Pause, Rest
from tests.integrations.azure.organisation import COMMITS, DEPLOYS, build_row, refused
from tests.integrations.azure.vendor import PORTAL, Server, served

if TYPE_CHECKING:
    from bot.ports import Ci

GREEN = COMMITS["1.4.2"]


async def test_who_may_not_start_a_pipeline_is_told_what_to_ask_for(ci: Ci, server: Server) -> None:
    message = "TF215106: Access denied. Wardroom needs Queue builds permissions for the pipeline."
    body = refused(message, "AccessDeniedException")
    server.instead[f"pipelines/{DEPLOYS}/runs"] = httpx.Response(403, json=body)
    with pytest.raises(Rejected) as told:
        await ci.deploy(PORTAL, "1.4.2", GREEN, "test", correlation="c-1")
    assert told.value.text.startswith("Azure DevOps does not allow pipeline 34 of Clinical IT")
    assert "Build (Read & execute) and the permission Queue builds" in told.value.text
    assert "TF215106" in told.value.text
    assert len(server.bodies()) == 1


@pytest.mark.parametrize(
    ("path", "needs"),
    [
        ("git/repositories/portal/refs", "Code (Read) and the permission Read"),
        ("build/builds", "Build (Read) and the permission View builds"),
    ],
)
async def test_what_may_not_be_read_names_the_permission(
    ci: Ci, server: Server, path: str, needs: str
) -> None:
    message = "TF401019: The Git repository with name or identifier portal does not exist or you"
    for status in (403, 404):
        body = refused(message, "GitRepositoryNotFoundException")
        server.instead[path] = httpx.Response(status, json=body)
        with pytest.raises(Rejected) as told:
            await ci.builds(PORTAL, "1.4.2")
        assert needs in told.value.text


OUT_OF_RANGE = "The requested REST API version of 7.1 is out of range for this server."
PREVIEW = 'The requested version "7.1" of the resource is under preview.'


@dataclass
class Older(Server):
    """A Server that has REST API 7.0, or 7.1 as a preview only."""

    says: str = OUT_OF_RANGE

    def answer(self, request: httpx.Request) -> httpx.Response:
        """Refuse the newer version."""
        if request.url.params["api-version"] == "7.1":
            self.asked.append(request)
            body = refused(self.says, "VssVersionOutOfRangeException")
            return httpx.Response(400, json=body)
        return super().answer(request)


@pytest.mark.parametrize("says", [OUT_OF_RANGE, PREVIEW])
async def test_an_older_server_is_asked_in_the_version_that_it_speaks(says: str) -> None:
    server = Older(says=says)
    async with served(server) as ci:
        await ci.deploy(PORTAL, "1.4.2", GREEN, "test", correlation="c-1")
        assert await ci.find(PORTAL, "c-1") is not None
    versions = [request.url.params["api-version"] for request in server.asked]
    assert versions[:2] == ["7.1", "7.0"]
    assert set(versions[2:]) == {"7.0"}
    assert len(server.bodies()) == 1


async def test_a_deploy_in_a_version_that_is_refused_is_not_sent_again_by_itself() -> None:
    server = Older()
    async with served(server) as ci:
        with pytest.raises(Rejected, match=r"version of 7\.1 is out of range for this server"):
            await ci.deploy(PORTAL, GREEN, GREEN, "test", correlation="c-1")
        assert len(server.bodies()) == 1
        await ci.deploy(PORTAL, GREEN, GREEN, "test", correlation="c-1")
    assert [one.url.params["api-version"] for one in server.asked] == ["7.1", "7.0"]


async def test_a_server_that_speaks_neither_is_not_asked_for_ever(ci: Ci, server: Server) -> None:
    body = refused(OUT_OF_RANGE.replace("7.1", "7.0"), "VssVersionOutOfRangeException")
    server.instead["build/builds"] = httpx.Response(400, json=body)
    with pytest.raises(Rejected, match="is out of range"):
        await ci.recent(PORTAL)
    assert len(server.asked) == 2


async def test_a_run_that_was_answered_with_half_an_answer_is_looked_up(
    ci: Ci, server: Server
) -> None:
    kind = {"content-type": "application/json; charset=utf-8"}
    cut = httpx.Response(200, text='{"id": 107, "na', headers=kind)
    for answer in (cut, httpx.Response(200, json={"id": "107"}), httpx.Response(500)):
        server.instead[f"pipelines/{DEPLOYS}/runs"] = answer
        with pytest.raises(Unreachable):
            await ci.deploy(PORTAL, "1.4.2", GREEN, "test", correlation="c-1")
    assert len(server.bodies()) == 3


async def test_use_beyond_the_limit_says_for_how_long(ci: Ci, server: Server) -> None:
    headers = {
        "x-ratelimit-resource": "Core/TSTUs",
        "x-ratelimit-delay": "",
        "x-ratelimit-limit": "200",
        "x-ratelimit-remaining": "0",
        "x-ratelimit-reset": str(int(time.time()) + 120),
    }
    server.instead["build/builds"] = httpx.Response(429, headers=headers)
    with pytest.raises(Throttled) as told:
        await ci.recent(PORTAL)
    assert 100 <= told.value.seconds <= 121


async def test_a_run_is_not_looked_at_again_before_the_time_that_was_asked_for(
    server: Server,
) -> None:
    row = build_row(server.organisation.runs[0])
    path = "build/builds/101"
    server.instead[path] = httpx.Response(200, json=row, headers={"retry-after": "30"})
    now = 0.0
    async with served(server) as ci:
        rest: Rest = ci.rest  # type: ignore[attr-defined] # the provider's own
        object.__setattr__(rest, "pause", Pause(lambda: now))
        assert (await ci.build("Clinical%20IT/101")).id == "Clinical%20IT/101"
        asked = len(server.asked)
        now += 29.5
        with pytest.raises(Throttled, match="come back in 1 s"):
            await ci.build("Clinical%20IT/101")
        assert len(server.asked) == asked
        # What people ask for is asked all the same, and so is what a deploy needs.
        await ci.recent(PORTAL)
        now += 1
        assert (await ci.build("Clinical%20IT/101")).id == "Clinical%20IT/101"


async def test_a_page_in_place_of_a_log_is_not_shown_as_one(ci: Ci, server: Server) -> None:
    server.instead["build/builds/103/logs/8"] = httpx.Response(200, html="<p>Welcome")
    with pytest.raises(Unreachable, match="web page"):
        await ci.log_tail("Clinical%20IT/103")
