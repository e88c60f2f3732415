"""What is read of GitLab: pages, logs, reports, people, refs, and what it refuses."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

import httpx
import pytest

from bot.api import Rejected, Throttled, Unreachable
from bot.model import BuildState
from integrations.gitlab.provider import GitLab
from tests.integrations.gitlab.vendor import (
    COMMITS,
    HOST,
    PROJECT,
    SERVICE,
    TARGET,
    Forge,
)

RED = COMMITS["v1.5.0"]


def red(forge: Forge) -> dict[str, Any]:
    return next(row for row in forge.pipelines if row["sha"] == RED)


async def test_a_red_build_names_its_failing_tests_and_its_stages(ci: GitLab, forge: Forge) -> None:
    (newest,) = await ci.builds(SERVICE, "1.5.0")
    assert (newest.state, newest.commit, newest.service) == (BuildState.RED, RED, "portal")
    assert newest.failing_tests == ("test_banner", "test_footer")
    build = await ci.build(newest.id)
    assert [stage.name for stage in build.stages] == ["lint (allowed to fail)", "test"]
    assert build.failing_tests == newest.failing_tests
    assert build.url == red(forge)["web_url"]


async def test_a_report_that_cannot_be_read_makes_no_build_greener(
    ci: GitLab, forge: Forge, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = httpx.Response(500)
    monkeypatch.setattr(forge, "_report", lambda _number: broken)
    (build,) = await ci.builds(SERVICE, RED)
    assert (build.state, build.failing_tests) == (BuildState.RED, ())


async def test_the_end_of_the_log_is_that_of_the_job_that_failed_and_had_to_pass(
    ci: GitLab, forge: Forge
) -> None:
    build = f"{PROJECT}/{red(forge)['id']}"
    forge.traces[forge.job(red(forge), "tidy up", "success")["id"]] = "tidied up"
    assert await ci.log_tail(build, lines=2) == "test_banner FAILED\nERROR: Job failed"


async def test_a_log_is_read_as_a_terminal_shows_it(ci: GitLab, forge: Forge) -> None:
    job = forge.jobs[red(forge)["id"]][-1]
    forge.traces[job["id"]] = (
        "section_start:1560896352:build[collapsed=true]\r\x1b[0K\n"
        "\x1b[32;1m$ make\x1b[0;m\n"
        "10%\r50%\rdone\r\n"
        "2026-11-22T12:43:46.962646Z 00O stamped\n"
        "section_end:1560896353:build\r\x1b[0K\n\n"
    )
    assert await ci.log_tail(f"{PROJECT}/{red(forge)['id']}") == "$ make\ndone\nstamped"


async def test_a_log_that_is_too_long_says_where_its_end_is(ci: GitLab, forge: Forge) -> None:
    job = forge.jobs[red(forge)["id"]][-1]
    forge.traces[job["id"]] = "x" * (ci.rest.vendor.largest + 1)
    tail = await ci.log_tail(f"{PROJECT}/{red(forge)['id']}")
    assert tail == f"The log is longer than is read here; its end is at {job['web_url']}."


async def test_a_build_that_has_not_begun_has_no_log(ci: GitLab, forge: Forge) -> None:
    row = forge.pipeline("main", RED, "pending", "push")
    forge.job(row, "test", "pending")
    assert await ci.log_tail(f"{PROJECT}/{row['id']}") == ""


async def test_builds_are_read_over_several_pages_without_the_deploys(
    ci: GitLab, forge: Forge
) -> None:
    for number in range(130):
        forge.pipeline("v1.4.2", COMMITS["v1.4.2"], "success", "api", f"Wardroom deploy D-{number}")
    found = await ci.builds(SERVICE, "1.4.2", limit=5)
    assert [build.id for build in found] == [f"{PROJECT}/4712"]


async def test_builds_of_another_commit_are_not_those_that_were_asked_for(
    ci: GitLab, forge: Forge
) -> None:
    def careless(request: httpx.Request) -> httpx.Response | None:
        is_list = request.url.path.endswith("/pipelines")
        return httpx.Response(200, json=forge.pipelines) if is_list else None

    forge.instead = careless
    found = await ci.builds(SERVICE, "1.4.1")
    assert [build.commit for build in found] == [COMMITS["v1.4.1"]]


async def test_the_log_of_a_green_build_is_that_of_its_last_job(ci: GitLab, forge: Forge) -> None:
    row = forge.pipeline("main", RED, "success", "push")
    for name in ("first", "last"):
        forge.traces[forge.job(row, name, "success")["id"]] = f"this is {name}"
    assert await ci.log_tail(f"{PROJECT}/{row['id']}") == "this is last"


async def test_pages_are_followed_by_number_where_the_link_names_another_host(
    ci: GitLab, forge: Forge
) -> None:
    for number in range(130):
        forge.pipeline("v1.4.2", COMMITS["v1.4.2"], "success", "api", f"Wardroom deploy D-{number}")

    def proxied(request: httpx.Request) -> httpx.Response:
        answer = forge.usual(request)
        if "link" in answer.headers:
            answer.headers["link"] = answer.headers["link"].replace(HOST, "http://inside.test")
        return answer

    forge.instead = proxied
    found = await ci.builds(SERVICE, "1.4.2")
    assert [build.id for build in found] == [f"{PROJECT}/4712"]


async def test_no_more_pages_are_read_than_agreed(ci: GitLab, forge: Forge) -> None:
    for number in range(330):
        forge.pipeline("main", RED, "success", "api", f"Wardroom deploy D-{number}")
    assert await ci.recent(SERVICE) == []
    assert len(forge.asked) == 3


async def test_the_authors_are_those_of_the_commit_and_its_trailers(ci: GitLab) -> None:
    told = await ci.authors(SERVICE, COMMITS["v1.4.2"])
    assert told == ("ada@hospital.test", "bo@hospital.test")
    with pytest.raises(Rejected, match="does not have commit ffffffffffff"):
        await ci.authors(SERVICE, "f" * 40)
    with pytest.raises(Rejected, match="is no commit"):
        await ci.authors(SERVICE, "../../4")


async def test_a_commit_without_an_address_is_told_by_nobody(
    ci: GitLab, forge: Forge, monkeypatch: pytest.MonkeyPatch
) -> None:
    anonymous = httpx.Response(200, json={"id": RED, "author_email": None, "message": None})
    monkeypatch.setattr(forge, "_commit", lambda _sha: anonymous)
    with pytest.raises(Rejected, match="does not say who wrote commit cccccccccccc"):
        await ci.authors(SERVICE, RED)


@pytest.mark.parametrize(
    ("ref", "commit"), [("1.4.2", "b" * 40), ("v1.4.2", "b" * 40), ("main", "c" * 40)]
)
async def test_a_ref_is_a_version_a_tag_or_a_branch(ci: GitLab, ref: str, commit: str) -> None:
    assert await ci.resolve(SERVICE, ref) == commit


async def test_a_ref_with_a_slash_is_one_part_of_the_address(ci: GitLab, forge: Forge) -> None:
    forge.branches["fix/banner"] = "e" * 40
    assert await ci.resolve(SERVICE, "fix/banner") == "e" * 40


@pytest.mark.parametrize("ref", ["../../1", "a..b", "-x", "a b", "a?b", "a%2Fb", ""])
async def test_what_cannot_be_a_ref_is_never_sent(ci: GitLab, forge: Forge, ref: str) -> None:
    with pytest.raises(Rejected, match="cannot be a version"):
        await ci.resolve(SERVICE, ref)
    assert forge.asked == []


@pytest.mark.parametrize(
    "build",
    [
        "4711",
        "clinical/4711x",
        "../../admin/4711",
        "clinical/../../x/4711",
        "clinical/web/portal/",
        "clinical/web/portal/0",
        "clinical%2Fweb/portal/4711",
        "clinical/web portal/4711",
        "/clinical/web/4711",
        "x" * 300,
    ],
)
async def test_an_id_that_was_not_made_here_is_refused_without_asking(
    ci: GitLab, forge: Forge, build: str
) -> None:
    for ask in (ci.build, ci.log_tail):
        with pytest.raises(Rejected, match="is no build of GitLab"):
            await ask(build)
    assert forge.asked == []


@pytest.mark.parametrize(
    "repo", ["portal", "https://gitlab.test/a/b.git", "a/../b", "a b/c", "/a/b"]
)
async def test_a_repo_that_is_no_project_path_is_refused(ci: GitLab, repo: str) -> None:
    service = replace(SERVICE, ci=replace(TARGET, repo=repo))
    with pytest.raises(Rejected, match=r"`ci\.repo` of portal is no path of a GitLab project"):
        await ci.recent(service)


async def test_a_build_of_a_project_that_is_hidden_names_the_role(ci: GitLab) -> None:
    with pytest.raises(Rejected, match="or hides it: the account needs the Reporter role"):
        await ci.build("other/project/7")


@pytest.mark.parametrize(
    ("answer", "kind", "sentence"),
    [
        (
            httpx.Response(
                403,
                json={
                    "error": "insufficient_scope",
                    "error_description": "The request requires higher privileges than provided.",
                },
            ),
            Rejected,
            "the account needs the Reporter role and the scope read_api .*higher privileges",
        ),
        (
            httpx.Response(401, json={"message": "401 Unauthorized"}),
            Rejected,
            "renew integrations.gitlab.token_file",
        ),
        (
            httpx.Response(429, text="Retry later\n", headers={"retry-after": "42"}),
            Throttled,
            "in 42 s",
        ),
        (httpx.Response(200, json={"message": "odd"}), Unreachable, "not understood"),
        (httpx.Response(200, json=[{"status": "success"}]), Unreachable, "not understood"),
        (httpx.Response(200, json=[5]), Unreachable, "not understood"),
    ],
)
async def test_a_refusal_is_one_sentence_that_names_what_is_missing(
    ci: GitLab, forge: Forge, answer: httpx.Response, kind: type[Exception], sentence: str
) -> None:
    forge.instead = lambda _request: answer
    with pytest.raises(kind, match=sentence):
        await ci.recent(SERVICE)


async def test_the_rate_limit_headers_say_for_how_long(ci: GitLab, forge: Forge) -> None:
    headers = {"ratelimit-remaining": "0", "ratelimit-reset": str(int(time.time()) + 500)}
    forge.instead = lambda _request: httpx.Response(429, headers=headers)
    with pytest.raises(Throttled) as told:
        await ci.recent(SERVICE)
    assert 60 < told.value.seconds <= 501


async def test_a_sign_in_page_instead_of_a_log_is_no_log(ci: GitLab, forge: Forge) -> None:
    def paged(request: httpx.Request) -> httpx.Response | None:
        page = httpx.Response(200, html="<!doctype html><title>Sign in</title>")
        return page if request.url.path.endswith("/trace") else None

    forge.instead = paged
    with pytest.raises(Unreachable, match="web page instead of JSON"):
        await ci.log_tail(f"{PROJECT}/{red(forge)['id']}")


async def test_a_service_without_ci_is_refused(ci: GitLab, forge: Forge) -> None:
    with pytest.raises(Rejected, match="portal has no CI in the estate file"):
        await ci.recent(replace(SERVICE, ci=None))
    assert forge.asked == []


async def test_a_tag_that_says_no_commit_is_not_understood(ci: GitLab, forge: Forge) -> None:
    forge.instead = lambda _request: httpx.Response(200, json={"name": "v1.4.2", "commit": None})
    with pytest.raises(Unreachable, match="not understood"):
        await ci.resolve(SERVICE, "1.4.2")
