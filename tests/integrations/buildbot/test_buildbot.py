"""Buildbot's answers as its REST API v2 shapes them; each bad one becomes one sentence."""

from __future__ import annotations

import subprocess
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import pytest
import respx

from bot.api import Credentials, Rejected, Unreachable
from bot.model import BuildState, CiTarget, Service
from integrations.buildbot import PORT, connect
from integrations.buildbot.provider import Buildbot
from tests.serving import NO_TLS

URL = "http://ci.hospital.test:8010/"
API = URL + "api/v2/"
COMMIT = "8161935fd6902c7719364a3ebeb01e1dbdf9e78e"
BUILDER = {"builders": [{"builderid": 3, "name": "portal"}], "meta": {"total": 1}}
REFUSED = {
    "jsonrpc": "2.0",
    "id": 1,
    "error": {"code": -32600, "message": "you need to have role 'operators'"},
}


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait for nothing between two tries to read."""
    for name in ("bot.vendors.vendor.FIRST_WAIT", "bot.vendors.vendor.LONGEST_WAIT"):
        monkeypatch.setattr(name, 0.0)
    monkeypatch.setattr("integrations.buildbot.rest.TORN", 0.0)


@pytest.fixture
def repo(tmp_path: Path) -> str:
    """A git repository with one tagged commit."""
    work = tmp_path / "work"
    for words in (
        ["init", "-q", str(work)],
        ["-C", str(work), "commit", "-q", "--allow-empty", "-m", "one"],
        ["-C", str(work), "tag", "-a", "portal/1.4.2", "-m", "annotated"],
    ):
        who = ["-c", "user.name=t", "-c", "user.email=t@hospital.test"]
        subprocess.run(["git", *who, *words], check=True)
    return str(work)


@pytest.fixture
def portal(repo: str) -> Service:
    target = CiTarget("buildbot", "portal", "deploy-portal", repo, "portal/{version}")
    return Service("portal", "web", "A", target, ())


@pytest.fixture
async def ci() -> AsyncIterator[Buildbot]:
    async with httpx.AsyncClient(verify=NO_TLS) as client:
        yield connect(Credentials(URL, "wardroom", "secret"), client)


@pytest.fixture(autouse=True)
def wire() -> Iterator[respx.MockRouter]:
    with respx.mock(assert_all_called=False) as router:
        router.get(API + "builders/portal").respond(json=BUILDER)
        router.get(API + "builders/deploy-portal").respond(
            json={"builders": [{"builderid": 1, "name": "deploy-portal"}], "meta": {"total": 1}}
        )
        yield router


def build(number: int, results: int | None, commit: str = COMMIT) -> dict[str, object]:
    """Return a row of `builds` as Buildbot 4.3 answers it with `property=*`."""
    return {
        "buildid": number,
        "builderid": 3,
        "buildrequestid": number,
        "complete": results is not None,
        "complete_at": 1795313499 if results is not None else None,
        "started_at": 1795313490,
        "number": number,
        "results": results,
        "state_string": "build successful",
        "properties": {
            "got_revision": [commit, "Git"],
            "branch": ["portal/1.4.2", "Build"],
            "request": ["abc", "Force Build Form"],
        },
    }


def builds(wire: respx.MockRouter, *rows: dict[str, object]) -> None:
    wire.get(API + "builders/3/builds").respond(
        json={"builds": list(rows), "meta": {"total": len(rows)}}
    )
    wire.get(API + "builders/3/buildrequests").respond(
        json={"buildrequests": [], "meta": {"total": 0}}
    )
    wire.get(url__regex=r".*/steps.*").respond(json={"steps": [], "meta": {"total": 0}})


def test_it_says_which_port_it_provides(ci: Buildbot) -> None:
    assert PORT.__name__ == "Ci"


async def test_a_version_is_the_commit_its_annotated_tag_points_to(
    ci: Buildbot, portal: Service, repo: str
) -> None:
    head = (Path(repo) / ".git/refs/heads").glob("*")
    assert await ci.resolve(portal, "1.4.2") == next(head).read_text().strip()
    assert await ci.resolve(portal, COMMIT) == COMMIT


@pytest.mark.parametrize("ref", ["9.9.9", "--upload-pack=touch x", "../..", "1.4.2;x", "a b", ""])
async def test_what_is_no_version_is_refused(ci: Buildbot, portal: Service, ref: str) -> None:
    with pytest.raises(Rejected):
        await ci.resolve(portal, ref)


@pytest.mark.parametrize(
    ("results", "state"),
    [
        (0, BuildState.GREEN),
        (1, BuildState.GREEN),
        (2, BuildState.RED),
        (3, BuildState.UNKNOWN),
        (4, BuildState.RED),
        (5, BuildState.UNKNOWN),
        (6, BuildState.CANCELLED),
        (99, BuildState.UNKNOWN),
    ],
)
async def test_buildbots_result_codes_are_our_states(
    ci: Buildbot, portal: Service, wire: respx.MockRouter, results: int, state: BuildState
) -> None:
    builds(wire, build(1, results))
    (found,) = await ci.builds(portal, COMMIT)
    assert found.state is state


async def test_a_build_of_another_commit_is_not_counted(
    ci: Buildbot, portal: Service, wire: respx.MockRouter
) -> None:
    builds(wire, build(2, 0, "f" * 40))
    assert await ci.builds(portal, COMMIT) == []


async def test_a_build_that_waits_or_runs_is_newer_than_the_green_one(
    ci: Buildbot, portal: Service, wire: respx.MockRouter
) -> None:
    builds(wire, build(1, 0))
    wire.get(API + "builders/3/buildrequests").respond(
        json={
            "buildrequests": [
                {
                    "buildrequestid": 7,
                    "buildsetid": 9,
                    "claimed": True,
                    "complete": False,
                    "properties": {"request": ["x", "Force Build Form"]},
                }
            ]
        }
    )
    stamp = {"branch": "portal/1.4.2", "revision": COMMIT, "codebase": ""}
    wire.get(API + "buildsets").respond(
        json={"buildsets": [{"bsid": 9, "sourcestamps": [stamp]}], "meta": {"total": 1}}
    )
    found = await ci.builds(portal, COMMIT)
    assert [(b.id, b.state) for b in found] == [("q7", BuildState.RUNNING), ("1", BuildState.GREEN)]


@pytest.mark.parametrize(
    "answer",
    [
        httpx.ConnectError("refused"),
        httpx.ReadTimeout("slow"),
        httpx.RemoteProtocolError("cut"),
        httpx.Response(500, text="oops"),
        httpx.Response(502, text="<html>"),
        httpx.Response(200, text="<html>not JSON"),
        httpx.Response(200, text="[]"),
        httpx.Response(200, json={"builds": "none"}),
    ],
)
async def test_what_cannot_be_read_is_never_green(
    ci: Buildbot, portal: Service, wire: respx.MockRouter, answer: httpx.Response | Exception
) -> None:
    builds(wire, build(1, 0))
    route = wire.get(API + "builders/3/builds")
    if isinstance(answer, Exception):
        route.mock(side_effect=answer)
    else:
        route.mock(return_value=answer)
    with pytest.raises(Unreachable) as told:
        await ci.builds(portal, COMMIT)
    assert told.value.text.startswith("Buildbot ")
    assert "\n" not in told.value.text


async def test_an_answer_that_was_not_whole_is_asked_for_again(
    ci: Buildbot, portal: Service, wire: respx.MockRouter
) -> None:
    builds(wire)
    whole = httpx.Response(200, json={"builds": [build(1, 0)]})
    wire.get(API + "builders/3/builds").mock(
        side_effect=[httpx.Response(200, text='{"builds": [{'), whole]
    )
    (found,) = await ci.builds(portal, COMMIT)
    assert found.state is BuildState.GREEN


async def test_it_logs_in_when_it_is_refused_and_asks_once_more(
    ci: Buildbot, portal: Service, wire: respx.MockRouter
) -> None:
    forced = wire.post(API + "forceschedulers/deploy-portal").mock(
        side_effect=[
            httpx.Response(403, json=REFUSED),
            httpx.Response(200, json={"jsonrpc": "2.0", "id": 1, "result": [9, {"3": 12}]}),
        ]
    )
    login = wire.get(URL + "auth/login").respond(302, headers={"Location": URL})
    made = await ci.deploy(portal, "1.4.2", COMMIT, "test", correlation="DEP-1-x")
    assert (made.id, made.state) == ("q12", BuildState.QUEUED)
    assert (forced.call_count, login.call_count) == (2, 1)
    assert b'"request":"DEP-1-x"' in forced.calls[1].request.content.replace(b": ", b":")


async def test_a_wrong_password_is_said_with_the_setting_to_mend(
    ci: Buildbot, portal: Service, wire: respx.MockRouter
) -> None:
    wire.post(API + "forceschedulers/deploy-portal").respond(403, json=REFUSED)
    wire.get(URL + "auth/login").respond(401, text="Unauthorized")
    with pytest.raises(Rejected, match=r"integrations\.buildbot\.user and password_file"):
        await ci.deploy(portal, "1.4.2", COMMIT, "test", correlation="DEP-1-x")


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (httpx.ConnectError("refused"), Rejected),
        (httpx.ConnectTimeout("nobody"), Rejected),
        (httpx.ReadTimeout("slow"), Unreachable),
        (httpx.ReadError("cut"), Unreachable),
        (httpx.Response(502, text="bad gateway"), Unreachable),
        (httpx.Response(200, text="not JSON"), Unreachable),
        (httpx.Response(200, json={"id": 1, "result": []}), Unreachable),
        (httpx.Response(404, json={"error": "no"}), Rejected),
        (httpx.Response(400, json={"error": {"code": -32602, "message": {"x": "y"}}}), Rejected),
        (
            httpx.Response(
                500,
                json={
                    "error": {
                        "code": -32603,
                        "message": "AttributeError(\"'NoneType' object has no attribute 'force'\")",
                    }
                },
            ),
            Rejected,
        ),
    ],
)
async def test_an_order_is_sent_once_and_only_a_clear_no_is_a_no(
    ci: Buildbot,
    portal: Service,
    wire: respx.MockRouter,
    answer: httpx.Response | Exception,
    error: type[Exception],
) -> None:
    route = wire.post(API + "forceschedulers/deploy-portal")
    if isinstance(answer, Exception):
        route.mock(side_effect=answer)
    else:
        route.mock(return_value=answer)
    with pytest.raises(error):
        await ci.deploy(portal, "1.4.2", COMMIT, "test", correlation="DEP-1-x")
    assert route.call_count == 1


async def test_a_deploy_is_found_again_by_its_correlation_id(
    ci: Buildbot, portal: Service, wire: respx.MockRouter
) -> None:
    asked = {"buildrequestid": 5, "properties": {"request": ["DEP-1-x", "Force Build Form"]}}
    for number in (1, 3):
        rows = [asked] if number == 1 else []
        wire.get(API + f"builders/{number}/buildrequests").respond(json={"buildrequests": rows})
    wire.get(API + "buildrequests/5").respond(
        json={"buildrequests": [{"buildrequestid": 5, "complete": False}]}
    )
    wire.get(API + "builds").respond(json={"builds": [build(8, None)]})
    wire.get(API + "builds/8/steps").respond(json={"steps": []})
    wire.get(API + "builders/3").respond(json=BUILDER)
    found = await ci.find(portal, "DEP-1-x")
    assert found is not None
    assert (found.id, found.state) == ("8", BuildState.RUNNING)
    assert await ci.find(portal, "DEP-2-y") is None
