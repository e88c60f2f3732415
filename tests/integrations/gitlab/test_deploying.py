"""What is started in GitLab: once, of the approved commit, found again, green only when done."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import httpx
import pytest

from bot.api import Rejected, Throttled, Unreachable
from bot.model import Build, BuildState, Service
from integrations.gitlab.provider import GitLab
from tests.integrations.gitlab.vendor import (
    COMMITS,
    HOST,
    PROJECT,
    RULES,
    SERVICE,
    TARGET,
    Forge,
)

COMMIT = COMMITS["v1.4.2"]
PROTECTED = (
    "You do not have sufficient permission to run a pipeline on 'v1.4.2'. Please select another "
    "branch. <a href=https://docs.gitlab.com>Learn more</a>"
)
BY_INPUTS = replace(TARGET, builder="inputs:portal", deploy_builder="inputs:deploy-{environment}")


async def deploy(
    ci: GitLab, service: Service = SERVICE, version: str = "1.4.2", commit: str = COMMIT
) -> Build:
    return await ci.deploy(
        service, version, commit, "production", correlation="REQ-7-ab12", sites=("north", "south")
    )


VALUES = {
    "PIPELINE_NAME": "Wardroom deploy REQ-7-ab12",
    "PIPELINE": "deploy-portal",
    "DEPLOY_ENVIRONMENT": "production",
    "VERSION": "1.4.2",
    "COMMIT": COMMIT,
    "SITES": "north,south",
    "CORRELATION": "REQ-7-ab12",
}


async def test_a_deploy_is_one_pipeline_of_the_tag_with_what_it_needs(
    ci: GitLab, forge: Forge
) -> None:
    build = await deploy(ci)
    (sent,) = forge.posted
    assert sent["ref"] == "v1.4.2"
    assert {one["key"]: one["value"] for one in sent["variables"]} == VALUES
    assert (build.state, build.commit) == (BuildState.QUEUED, COMMIT)
    assert build.correlation == "REQ-7-ab12"
    assert build.url.startswith(HOST)


async def test_a_deploy_by_inputs_sends_the_same_in_lower_case(ci: GitLab, forge: Forge) -> None:
    await deploy(ci, replace(SERVICE, ci=BY_INPUTS))
    (sent,) = forge.posted
    assert "variables" not in sent
    assert sent["inputs"] == {
        **{key.lower(): value for key, value in VALUES.items()},
        "pipeline": "deploy-production",
    }


async def test_a_build_is_a_pipeline_of_a_tag_or_branch_and_no_deploy(
    ci: GitLab, forge: Forge
) -> None:
    await ci.trigger(SERVICE, "main", correlation="ci-9")
    (sent,) = forge.posted
    given = {one["key"]: one["value"] for one in sent["variables"]}
    assert sent["ref"] == "main"
    assert given == {
        "PIPELINE_NAME": "Wardroom build ci-9",
        "PIPELINE": "portal",
        "COMMIT": "c" * 40,
        "CORRELATION": "ci-9",
    }
    newest, *_ = await ci.builds(SERVICE, "main")
    assert newest.correlation == "ci-9"


async def test_a_commit_alone_is_not_built(ci: GitLab, forge: Forge) -> None:
    with pytest.raises(Rejected, match="tags and branches, not of a commit"):
        await ci.trigger(SERVICE, COMMIT, correlation="ci-9")
    assert forge.posted == []


@pytest.mark.parametrize("correlation", ["", "a b", "a\nb", "$CI_JOB_TOKEN", "x" * 200])
async def test_a_correlation_that_gitlab_would_read_otherwise_is_never_sent(
    ci: GitLab, forge: Forge, correlation: str
) -> None:
    with pytest.raises(Rejected, match="cannot be a part of a pipeline's name"):
        await ci.deploy(SERVICE, "1.4.2", COMMIT, "production", correlation=correlation)
    assert forge.posted == []


async def test_a_tag_that_was_moved_before_is_refused_and_nothing_is_sent(
    ci: GitLab, forge: Forge
) -> None:
    forge.tags["v1.4.2"] = "d" * 40
    with pytest.raises(Rejected, match=r"is commit dddddddddddd now and not bbbbbbbbbbbb.*moved"):
        await deploy(ci)
    assert forge.posted == []


@pytest.mark.parametrize("version", ["9.9.9", "main", COMMIT])
async def test_only_a_tag_is_deployed(ci: GitLab, forge: Forge, version: str) -> None:
    with pytest.raises(Rejected, match=r"shows no tag .* only what is tagged is deployed"):
        await deploy(ci, version=version)
    assert forge.posted == []


def is_creation(request: httpx.Request) -> bool:
    return request.method == "POST" and request.url.path.endswith("/pipeline")


def moving(forge: Forge) -> Callable[[httpx.Request], None]:
    """Have somebody move the tag right before the pipeline is made."""

    def move(request: httpx.Request) -> None:
        if is_creation(request):
            forge.tags["v1.4.2"] = "d" * 40

    return move


def creating(forge: Forge, answer: httpx.Response) -> None:
    """Have the creation of a pipeline answered so."""
    forge.instead = lambda request: answer if is_creation(request) else None


async def test_a_tag_that_is_moved_meanwhile_stops_at_the_rules_of_the_pipeline(
    ci: GitLab, forge: Forge
) -> None:
    forge.instead = moving(forge)
    with pytest.raises(Rejected, match=r"add no job for what we sent.*the tag was moved"):
        await deploy(ci)
    assert len(forge.pipelines) == 3


async def test_a_pipeline_of_a_moved_tag_is_cancelled_at_once(ci: GitLab, forge: Forge) -> None:
    forge.is_guarded = False
    forge.instead = moving(forge)
    with pytest.raises(Rejected) as told:
        await deploy(ci)
    assert told.value.text == (
        "GitLab: `v1.4.2` is commit dddddddddddd there and not bbbbbbbbbbbb, which was asked for: "
        "somebody moved it. Pipeline clinical/web/portal/4714 was cancelled before a job of it "
        "began."
    )
    assert forge.pipelines[-1]["status"] == "canceled"
    assert len(forge.posted) == 1


@pytest.mark.parametrize("began", [True, False])
async def test_a_wrong_pipeline_that_may_run_on_is_never_called_refused_or_followed(
    ci: GitLab, forge: Forge, *, began: bool
) -> None:
    forge.is_guarded = False
    moved = moving(forge)

    def stubborn(request: httpx.Request) -> httpx.Response | None:
        moved(request)
        if request.url.path.endswith("/cancel"):
            if not began:
                return httpx.Response(403, json={"message": "403 Forbidden"})
            forge.pipelines[-1]["started_at"] = "2026-11-22T18:00:00.000Z"
        return None

    forge.instead = stubborn
    with pytest.raises(Unreachable, match="jobs of it have begun or may still begin"):
        await deploy(ci)
    with pytest.raises(Unreachable, match="look at it, and cancel it by hand"):
        await ci.find(SERVICE, "REQ-7-ab12")
    assert len(forge.posted) == 1


async def test_a_pipeline_that_would_not_be_found_again_is_cancelled(
    ci: GitLab, forge: Forge
) -> None:
    forge.is_named = False
    with pytest.raises(Rejected, match=r"has to set workflow:name .*cancelled before a job of it"):
        await deploy(ci)
    assert forge.pipelines[-1]["status"] == "canceled"


async def test_a_name_that_cannot_be_read_just_now_stops_nothing(ci: GitLab, forge: Forge) -> None:
    def busy(request: httpx.Request) -> httpx.Response | None:
        is_one = request.method == "GET" and "/pipelines/" in request.url.path
        return httpx.Response(502) if is_one else None

    forge.instead = busy
    build = await deploy(ci)
    assert build.id == f"{PROJECT}/4714"
    assert forge.pipelines[-1]["status"] != "canceled"


@pytest.mark.parametrize(
    ("message", "sentence"),
    [
        (
            {"base": ["Insufficient permissions to set pipeline variables"]},
            "minimum role to use pipeline variables to Developer, or have the pipeline take inputs",
        ),
        ({"base": ["Reference not found"]}, "it has no such tag or branch"),
        ({"base": ["Ref is ambiguous"]}, "rename the branch"),
        (
            {"base": [PROTECTED]},
            "needs the Developer role and the scope api, and where the tag .* is protected",
        ),
        ({"base": [RULES]}, "the rules in its .gitlab-ci.yml add no job"),
        ({"base": ["Pipelines are disabled!"]}, "CI/CD is switched off"),
        (
            {
                "base": [
                    "Given inputs not defined in the `spec` section of the included configuration"
                ]
            },
            "of that tag declares no inputs: add spec:inputs",
        ),
        (
            {"base": ["`.gitlab-ci.yml`: unknown input arguments: <b>sites</b>"]},
            r"does not accept what was sent \(it says: `.gitlab-ci.yml`: unknown input arguments",
        ),
        ('400 (Bad request) "x" not given', "it says: 400"),
        ({}, "it does not accept what was sent."),
    ],
)
async def test_each_reason_why_no_pipeline_starts_is_a_sentence_with_its_mend(
    ci: GitLab, forge: Forge, message: object, sentence: str
) -> None:
    creating(forge, httpx.Response(400, json={"message": message}))
    with pytest.raises(Rejected, match=sentence) as told:
        await deploy(ci)
    assert told.value.text.endswith(".")
    assert "<" not in told.value.text


@pytest.mark.parametrize("is_base", [True, False])
async def test_too_many_pipelines_in_a_minute_are_asked_for_again_later(
    ci: GitLab, forge: Forge, *, is_base: bool
) -> None:
    said = "Too many pipelines created in the last minute. Try again later."
    creating(forge, httpx.Response(400, json={"message": {"base": [said]} if is_base else said}))
    with pytest.raises(Throttled, match="nothing was started") as told:
        await deploy(ci)
    assert told.value.seconds == 60


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (httpx.Response(500), Unreachable),
        (httpx.Response(201, text='{"id": 1, "sh'), Unreachable),
        (httpx.Response(201, json={"id": "x"}), Unreachable),
        (httpx.Response(201, html="<!doctype html>"), Unreachable),
        (httpx.Response(429, json={"message": {"error": "requested too many times"}}), Throttled),
        (httpx.Response(403, json={"message": "403 Forbidden"}), Rejected),
    ],
)
async def test_a_pipeline_is_asked_for_once_whatever_comes_back(
    ci: GitLab, forge: Forge, answer: httpx.Response, kind: type[Exception]
) -> None:
    creating(forge, answer)
    with pytest.raises(kind):
        await deploy(ci)
    assert len([one for one in forge.asked if is_creation(one)]) == 1


async def test_a_pipeline_that_says_no_commit_is_taken_back(ci: GitLab, forge: Forge) -> None:
    wrong = forge.pipeline("v1.4.2", COMMIT, "created", "api")
    creating(forge, httpx.Response(201, json={**wrong, "sha": None}))
    with pytest.raises(Rejected, match="says no commit"):
        await deploy(ci)
    assert wrong["status"] == "canceled"


async def test_what_was_asked_for_is_found_by_exactly_its_name(ci: GitLab, forge: Forge) -> None:
    asked = await deploy(ci)
    found = await ci.find(SERVICE, "REQ-7-ab12")
    assert found is not None
    assert (found.id, found.service, found.commit) == (asked.id, "portal", COMMIT)
    assert await ci.find(SERVICE, "REQ-7-ab1") is None
    assert await ci.find(SERVICE, "EQ-7-ab12") is None
    forge.pipelines.clear()
    assert await ci.find(SERVICE, "REQ-7-ab12") is None


async def test_a_gitlab_that_does_not_look_up_by_name_cannot_say_that_there_is_none(
    ci: GitLab, forge: Forge
) -> None:
    old = [{"id": 5, "status": "success", "sha": COMMIT, "ref": "v1.4.2"}]
    forge.instead = lambda _request: httpx.Response(200, json=old)
    with pytest.raises(Unreachable, match=r"it has to be version 16\.9 or later"):
        await ci.find(SERVICE, "REQ-7-ab12")


async def test_a_deploy_goes_on_from_queued_to_green(ci: GitLab) -> None:
    asked = await deploy(ci)
    seen = [(await ci.build(asked.id)).state for _ in range(4)]
    assert seen[-1] is BuildState.GREEN
    assert BuildState.RUNNING in seen
    assert set(seen) <= {BuildState.QUEUED, BuildState.RUNNING, BuildState.GREEN}


async def test_a_deploy_is_no_build_of_its_commit(ci: GitLab, forge: Forge) -> None:
    forge.pipeline("v1.5.0", COMMITS["v1.5.0"], "success", "api", "Wardroom deploy REQ-1")
    newest, *_ = await ci.builds(SERVICE, "1.5.0")
    assert newest.state is BuildState.RED


async def test_a_refusal_that_is_a_page_is_still_a_refusal(ci: GitLab, forge: Forge) -> None:
    creating(forge, httpx.Response(400, html="<title>Blocked by the firewall</title>"))
    with pytest.raises(
        Rejected, match=r"in clinical/web/portal: it does not accept what was sent\."
    ):
        await deploy(ci)


async def test_a_wrong_pipeline_that_cannot_be_looked_at_is_never_called_refused(
    ci: GitLab, forge: Forge
) -> None:
    forge.is_guarded = False
    moved = moving(forge)

    def silent(request: httpx.Request) -> httpx.Response | None:
        moved(request)
        return httpx.Response(502) if "/pipelines/" in request.url.path else None

    forge.instead = silent
    with pytest.raises(Unreachable, match="may still begin"):
        await deploy(ci)
