"""What is sent to GitHub, once; how it is found again; what its refusals say."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime

import httpx
import pytest
import respx

from bot.api import BuildState, CiTarget, Rejected, Service, Throttled, Unreachable
from bot.errors import IntegrationError
from integrations.github.provider import GitHub
from integrations.github.states import is_asked_with
from tests.integrations.github import shapes
from tests.integrations.github.forge import CLOUD, COMMITS, INPUTS, REPO, SERVER, Forge
from tests.integrations.github.vendor import PORTAL, TARGET, asking

COMMIT = COMMITS["1.4.2"]
DISPATCHES = f"{CLOUD}/repos/{REPO}/actions/workflows/deploy.yml/dispatches"


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.vendors.vendor.FIRST_WAIT", 0.0)
    monkeypatch.setattr("bot.vendors.vendor.LONGEST_WAIT", 0.0)


@pytest.fixture
def forge() -> Forge:
    return Forge()


@pytest.fixture
async def ci(forge: Forge) -> AsyncIterator[GitHub]:
    async with asking(forge) as provider:
        yield provider


def of(**more: str) -> Service:
    return replace(PORTAL, ci=replace(TARGET, **more))


async def test_a_deploy_carries_what_was_approved_and_runs_at_its_tag(
    forge: Forge, ci: GitHub
) -> None:
    asked = await ci.deploy(
        PORTAL, "1.4.2", COMMIT, "production", correlation="DEP-1-x", sites=("north", "south")
    )
    assert asked.id == "acme/portal/14"
    assert (asked.state, asked.commit, asked.correlation) == (BuildState.QUEUED, COMMIT, "DEP-1-x")
    assert forge.sent == [
        {
            "ref": "refs/tags/v1.4.2",
            "return_run_details": True,
            "inputs": {
                "version": "1.4.2",
                "commit": COMMIT,
                "environment": "production",
                "correlation": "DEP-1-x",
                "sites": "north,south",
            },
        }
    ]
    states = [(await ci.build(asked.id)).state for _ in range(3)]
    assert states == [BuildState.QUEUED, BuildState.RUNNING, BuildState.GREEN]


async def test_a_deploy_to_everywhere_names_no_sites(forge: Forge, ci: GitHub) -> None:
    await ci.deploy(PORTAL, "1.4.2", COMMIT, "test", correlation="DEP-1-x")
    assert "sites" not in forge.sent[0]["inputs"]


async def test_the_environment_may_choose_the_workflow(forge: Forge, ci: GitHub) -> None:
    service = of(deploy_builder="deploy-{environment}.yml")
    with pytest.raises(Rejected, match=r"a run of deploy-test\.yml in acme/portal"):
        await ci.deploy(service, "1.4.2", COMMIT, "test", correlation="DEP-1-x")
    with pytest.raises(Rejected, match="is no workflow file"):
        await ci.deploy(service, "1.4.2", COMMIT, "../../x", correlation="DEP-1-x")


async def test_what_never_arrived_before_a_deploy_has_started_nothing(forge: Forge) -> None:
    with respx.mock(assert_all_called=False) as router:
        router.get(f"{CLOUD}/repos/{REPO}/git/ref/tags/v1.4.2").mock(
            side_effect=httpx.ConnectError("refused")
        )
        async with asking(forge) as ci:
            with pytest.raises(Rejected, match=r"cannot be reached .* Nothing was started\."):
                await ci.deploy(PORTAL, "1.4.2", COMMIT, "test", correlation="DEP-1-x")
    assert forge.sent == []


async def test_a_tag_that_was_moved_since_the_approval_is_refused_before_anything_is_sent(
    forge: Forge, ci: GitHub
) -> None:
    forge.tags["tags/v1.4.2"] = ("commit", COMMITS["1.5.0"])
    with pytest.raises(Rejected, match="somebody moved the tag, so nothing was started"):
        await ci.deploy(PORTAL, "1.4.2", COMMIT, "test", correlation="DEP-1-x")
    assert forge.sent == []


async def test_a_tag_that_is_moved_at_the_very_moment_is_a_deploy_that_is_not_green(
    forge: Forge, ci: GitHub
) -> None:
    asked = await ci.deploy(PORTAL, "1.4.2", COMMIT, "test", correlation="DEP-1-x")
    forge.runs[-1] |= {
        "head_sha": COMMITS["1.5.0"],
        "status": "completed",
        "conclusion": "success",
    }
    assert (await ci.build(asked.id)).state is BuildState.RED
    found = await ci.find(PORTAL, "DEP-1-x")
    assert found is not None
    assert found.state is BuildState.RED


async def test_a_commit_is_built_where_it_is_the_head_of_a_branch(forge: Forge, ci: GitHub) -> None:
    built = await ci.trigger(PORTAL, COMMITS["1.5.0"], correlation="abcd")
    assert built.commit == COMMITS["1.5.0"]
    assert forge.sent[0]["ref"] == "refs/heads/main"
    with pytest.raises(Rejected, match="is the head of no branch: name its tag"):
        await ci.trigger(PORTAL, COMMIT, correlation="abcd")
    assert len(forge.sent) == 1


async def test_a_branch_is_resolved_and_built_under_its_whole_name(
    forge: Forge, ci: GitHub
) -> None:
    assert await ci.resolve(PORTAL, "main") == COMMITS["1.5.0"]
    await ci.trigger(PORTAL, "main", correlation="abcd")
    assert forge.sent[0]["ref"] == "refs/heads/main"
    assert forge.sent[0]["inputs"] == {"correlation": "abcd"}
    # A branch that is called as the tag is: the tag is what a version means.
    forge.tags["heads/v1.4.2"] = ("commit", COMMITS["1.5.0"])
    assert await ci.resolve(PORTAL, "1.4.2") == COMMIT


@pytest.mark.parametrize(
    "ref", ["--x", "../..", "1.4.2;x", "a b", "", "1.4.2?x=1", "a%2fb", "{x}", "a..b"]
)
async def test_what_cannot_be_a_version_is_never_asked_for(
    forge: Forge, ci: GitHub, ref: str
) -> None:
    with pytest.raises(Rejected, match="cannot be a version"):
        await ci.resolve(PORTAL, ref)
    assert forge.asked == []


@pytest.mark.parametrize(
    "repo", ["portal", "acme/portal/x", "acme/..", "https://x/acme/portal", ""]
)
async def test_a_repository_is_an_owner_and_a_name(forge: Forge, ci: GitHub, repo: str) -> None:
    with pytest.raises(Rejected, match="is no repository on GitHub"):
        await ci.recent(of(repo=repo))
    assert forge.asked == []


async def test_a_server_that_does_not_tell_the_run_is_asked_by_the_correlation_id() -> None:
    forge = Forge(SERVER, tells_runs=False)
    async with asking(forge) as ci:
        asked = await ci.deploy(PORTAL, "1.4.2", COMMIT, "test", correlation="DEP-1-x")
        assert asked.id == "acme/portal/deploy.yml/DEP-1-x"
        assert "return_run_details" not in forge.sent[0]
        hidden = forge.runs.pop()
        assert (await ci.build(asked.id)).state is BuildState.QUEUED
        forge.runs.append(hidden)
        seen = await ci.build(asked.id)
        assert (seen.id, seen.correlation) == ("acme/portal/14", "DEP-1-x")
        states = [(await ci.build(asked.id)).state for _ in range(2)]
        assert states == [BuildState.RUNNING, BuildState.GREEN]
        assert {request.url.path.split("/")[1] for request in forge.asked} == {"api"}


async def test_a_deploy_is_found_by_its_whole_correlation_id_among_pages(
    forge: Forge, ci: GitHub
) -> None:
    await ci.deploy(PORTAL, "1.4.2", COMMIT, "test", correlation="DEP-1-x")
    forge.is_checked = False  # that takes a while for so many
    for number in range(250):
        await ci.trigger(PORTAL, "1.4.1", correlation=f"DEP-1-x{number}")
    found = await ci.find(PORTAL, "DEP-1-x")
    assert found is not None
    assert (found.id, found.service, found.correlation) == ("acme/portal/14", "portal", "DEP-1-x")
    assert await ci.find(PORTAL, "DEP-1") is None
    assert await ci.find(PORTAL, "x") is None


async def test_what_lies_behind_too_many_runs_is_not_known(forge: Forge, ci: GitHub) -> None:
    dispatched = shapes.run(
        *(CLOUD, REPO, 1, COMMIT),
        event="workflow_dispatch",
        display_title="CI [other]",
        created_at=datetime.now(UTC).isoformat(),
    )
    forge.runs = [dispatched] * 1001
    forge.is_checked = False  # that takes a while for so many
    with pytest.raises(Unreachable, match="not known whether one of them is ours"):
        await ci.find(PORTAL, "DEP-1-x")
    dispatched["created_at"] = "2026-01-01T00:00:00Z"
    before = len(forge.asked)
    assert await ci.find(PORTAL, "DEP-1-x") is None
    assert len(forge.asked) == before + 2  # twice, and the first page each time


async def test_a_run_that_is_listed_a_moment_late_is_found(
    monkeypatch: pytest.MonkeyPatch, forge: Forge, ci: GitHub
) -> None:
    await ci.deploy(PORTAL, "1.4.2", COMMIT, "test", correlation="DEP-1-x")
    late, waited = forge.runs.pop(), []

    async def sleep(seconds: float) -> None:
        waited.append(seconds)
        forge.runs.append(late)

    monkeypatch.setattr("integrations.github.provider.asyncio.sleep", sleep)
    found = await GitHub(ci.rest).find(PORTAL, "DEP-1-x")
    assert found is not None
    assert found.id == "acme/portal/14"
    assert waited == [5.0]


async def test_a_run_that_nobody_dispatched_is_not_found(forge: Forge, ci: GitHub) -> None:
    pushed = shapes.run(CLOUD, REPO, 40, COMMIT, display_title="Mend [DEP-1-x]")
    forge.runs.append(pushed)
    assert await ci.find(PORTAL, "DEP-1-x") is None
    assert not is_asked_with(pushed, "DEP-1-x")
    assert {request.url.params["event"] for request in forge.asked} == {"workflow_dispatch"}
    assert is_asked_with(pushed | {"event": "workflow_dispatch"}, "DEP-1-x")


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (httpx.ConnectError("refused"), Rejected),
        (httpx.ConnectTimeout("nobody"), Rejected),
        (httpx.ReadTimeout("slow"), Unreachable),
        (httpx.RemoteProtocolError("cut"), Unreachable),
        (httpx.Response(502, text="bad gateway"), Unreachable),
        (httpx.Response(200, text='{"workflow_run'), Unreachable),
        (httpx.Response(200, json=[]), Unreachable),
        (httpx.Response(201, json={}), Unreachable),
        (httpx.Response(404, json={"message": "Not Found"}), Rejected),
        (httpx.Response(422, json={"message": "No ref found for: refs/tags/v1.4.2"}), Rejected),
    ],
)
async def test_a_deploy_is_sent_once_and_only_a_clear_no_is_a_no(
    forge: Forge, answer: httpx.Response | Exception, error: type[IntegrationError]
) -> None:
    with respx.mock(assert_all_called=False) as router:
        route = router.post(DISPATCHES)
        if isinstance(answer, Exception):
            route.mock(side_effect=answer)
        else:
            route.mock(return_value=answer)
        async with asking(forge) as ci:
            with pytest.raises(error) as told:
                await ci.deploy(PORTAL, "1.4.2", COMMIT, "test", correlation="DEP-1-x")
    assert route.call_count == 1
    assert told.value.text.endswith(".")


async def test_a_workflow_without_our_inputs_is_said_by_github_itself(
    monkeypatch: pytest.MonkeyPatch, ci: GitHub
) -> None:
    monkeypatch.setitem(INPUTS, "deploy.yml", {"version"})
    with pytest.raises(Rejected, match="Unexpected inputs provided") as told:
        await ci.deploy(PORTAL, "1.4.2", COMMIT, "test", correlation="DEP-1-x")
    assert "correlation" in told.value.text


@pytest.mark.parametrize(
    ("part", "permission"),
    [
        ("runs", "Actions: read"),
        ("v1.4.2", "Contents: read"),
        ("dispatches", "Actions: write"),
    ],
)
async def test_a_missing_permission_is_named(
    forge: Forge, ci: GitHub, part: str, permission: str
) -> None:
    forge.forbidden = {part}

    async def ask() -> None:
        await ci.recent(PORTAL)
        await ci.deploy(PORTAL, "1.4.2", COMMIT, "test", correlation="DEP-1-x")

    with pytest.raises(Rejected, match=f"the account needs {permission}") as told:
        await ask()
    assert "Resource not accessible by personal access token" in told.value.text


@pytest.mark.parametrize("status", [403, 429])
async def test_a_rate_limit_says_when_to_come_back(forge: Forge, ci: GitHub, status: int) -> None:
    reset = str(int(datetime.now(UTC).timestamp()) + 120)
    forge.instead = httpx.Response(
        status,
        headers={"x-ratelimit-remaining": "0", "x-ratelimit-reset": reset},
        json={"message": "API rate limit exceeded for installation ID 7."},
    )
    with pytest.raises(Throttled) as told:
        await ci.recent(PORTAL)
    assert 60 < told.value.seconds <= 120


async def test_who_wrote_a_commit_is_its_author_and_its_co_authors(ci: GitHub) -> None:
    assert await ci.authors(PORTAL, COMMIT) == ("noor@hospital.example", "ada@hospital.example")
    with pytest.raises(Rejected, match="GitHub does not have commit ffffffffffff of acme/portal"):
        await ci.authors(PORTAL, "f" * 40)
    with pytest.raises(Rejected, match="is no commit"):
        await ci.authors(PORTAL, "main")


async def test_a_commit_without_an_address_is_not_guessed_at(forge: Forge, ci: GitHub) -> None:
    row = shapes.commit(CLOUD, REPO, COMMIT, "", "Mend it")
    row["author"] = None
    forge.instead = httpx.Response(200, json=row)
    with pytest.raises(Rejected, match="does not say who wrote"):
        await ci.authors(PORTAL, COMMIT)
    row["author"] = {"email": "noor@hospital.example"}
    forge.instead = httpx.Response(200, json=row)
    with pytest.raises(Rejected, match="does not say who wrote"):
        await ci.authors(PORTAL, "a" * 40)


@pytest.mark.parametrize(
    "body", [[], {}, {"workflow_runs": None}, {"workflow_runs": [1]}, {"workflow_runs": [{}]}]
)
async def test_a_malformed_list_of_runs_is_unreachable(
    forge: Forge, ci: GitHub, body: object
) -> None:
    forge.instead = httpx.Response(200, json=body)
    with pytest.raises(Unreachable):
        await ci.recent(PORTAL)
    with pytest.raises(Unreachable):
        await ci.find(PORTAL, "DEP-1-x")


async def test_a_service_without_ci_is_said(ci: GitHub) -> None:
    with pytest.raises(Rejected, match="has no CI in the services file"):
        await ci.recent(replace(PORTAL, ci=None))
    with pytest.raises(Rejected, match=r"`ci` is no workflow file: ci\.builder of portal"):
        await ci.recent(replace(PORTAL, ci=CiTarget("github", "ci", "deploy.yml", REPO)))


@pytest.mark.parametrize("kind", ["tree", "blob", "tag"])
async def test_a_tag_that_leads_to_no_commit_is_not_understood(
    forge: Forge, ci: GitHub, kind: str
) -> None:
    forge.instead = httpx.Response(200, json={"object": {"type": kind, "sha": "e5" * 20}})
    with pytest.raises(Unreachable, match="not understood"):
        await ci.resolve(PORTAL, "1.4.2")
    assert len(forge.asked) <= 6 * 3  # a tag of itself is not followed for ever
