"""What vendors tell us: only a genuine word is taken, and it is only a reason to look."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
from typing import TYPE_CHECKING

import httpx
import pytest
from fastapi import FastAPI

from bot.adapters import web
from bot.news import BuildNews
from integrations.azure import hook as azure
from integrations.buildbot import hook as buildbot
from integrations.github import hook as github
from integrations.gitlab import hook as gitlab
from integrations.jenkins import hook as jenkins
from tests.house_rules.tree import ROOT

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bot.ports import Hook

OLD, NEW = "the secret before", "a new secret"
EXAMPLES = ROOT.parent / "shared" / "reference" / "data" / "ci" / "github" / "webhooks"
RUN = {"action": "completed", "workflow_run": {"id": 30433642, "status": "completed"}}
ALL: Mapping[str, Hook] = {
    "github": github,
    "gitlab": gitlab,
    "jenkins": jenkins,
    "azure": azure,
    "buildbot": buildbot,
}


def sign(secret: str, body: bytes) -> str:
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def basic(password: str) -> dict[str, str]:
    pair = base64.b64encode(f"wardroom:{password}".encode()).decode()
    return {"authorization": f"Basic {pair}"}


class Wire:
    """The route, and what it told."""

    def __init__(self) -> None:
        self.told: list[tuple[str, list[str]]] = []
        api = FastAPI()
        sources = {name: web.Source(hook, (NEW, OLD)) for name, hook in ALL.items()}
        api.include_router(web.hooks(sources, self.tell))
        self.client = httpx.AsyncClient(
            transport=httpx.ASGITransport(api), base_url="http://wardroom.test"
        )

    def tell(self, source: str, builds: object) -> int:
        assert isinstance(builds, list | tuple)
        self.told.append((source, list(builds)))
        return 0

    async def post(self, source: str, body: bytes, headers: Mapping[str, str]) -> httpx.Response:
        return await self.client.post(f"/hooks/{source}", content=body, headers=dict(headers))


@pytest.fixture
def wire() -> Wire:
    return Wire()


@pytest.mark.parametrize("secret", [NEW, OLD])
async def test_a_signed_word_is_taken_while_a_secret_is_changed_under_both(
    wire: Wire, secret: str
) -> None:
    body = json.dumps(RUN).encode()
    answer = await wire.post("github", body, {"X-Hub-Signature-256": sign(secret, body)})
    assert answer.status_code == 202
    assert wire.told == [("github", ["30433642"])]


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"x-hub-signature-256": ""},
        {"x-hub-signature-256": "sha256="},
        {"x-hub-signature-256": sign("a secret that is none", json.dumps(RUN).encode())},
        {"x-hub-signature-256": sign(NEW, b"another body")},
        {"x-hub-signature-256": sign(NEW, json.dumps(RUN).encode()).replace("sha256", "sha1")},
        {"x-gitlab-token": NEW},
    ],
)
async def test_what_is_not_signed_by_us_is_refused(wire: Wire, headers: dict[str, str]) -> None:
    answer = await wire.post("github", json.dumps(RUN).encode(), headers)
    assert answer.status_code == 401
    assert wire.told == []


@pytest.mark.parametrize(
    ("source", "told", "builds"),
    [
        (
            "gitlab",
            {"object_kind": "pipeline", "object_attributes": {"id": 31, "status": "success"}},
            ["31"],
        ),
        ("gitlab", {"object_kind": "build", "build_id": 1977, "pipeline_id": 2366}, ["2366"]),
        ("gitlab", {"object_kind": "push", "ref": "refs/heads/main"}, []),
        (
            "jenkins",
            {
                "name": "lab",
                "build": {"number": 18, "queue_id": 22, "url": "job/clinical/job/lab/18/"},
            },
            ["clinical/lab/18", "q22"],
        ),
        ("jenkins", {"build": {"number": 18, "url": "job/job/18/"}}, ["job/18"]),
        ("azure", {"eventType": "build.complete", "resource": {"id": 24}}, ["24"]),
        ("azure", {"eventType": "git.push", "resource": {"id": 24}}, []),
        (
            "azure",
            {
                "eventType": "ms.vss-pipelines.run-state-changed-event",
                "resource": {"run": {"id": 25, "state": "completed"}},
            },
            ["25"],
        ),
        ("buildbot", {"buildid": 7, "buildrequestid": 5, "complete": True}, ["7", "q5"]),
        ("buildbot", {"buildid": "7"}, []),
    ],
)
async def test_each_vendor_names_its_builds(
    wire: Wire, source: str, told: dict[str, object], builds: list[str]
) -> None:
    headers = {"x-gitlab-token": NEW, **basic(NEW)}
    answer = await wire.post(source, json.dumps(told).encode(), headers)
    assert (answer.status_code, wire.told) == (202, [(source, builds)])


@pytest.mark.parametrize("source", ["azure", "gitlab", "jenkins", "buildbot"])
@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"x-gitlab-token": "", "authorization": ""},
        {"x-gitlab-token": "guess", **basic("guess")},
        {"authorization": "Basic !!!"},
        {"authorization": "Bearer "},
        basic(""),
    ],
)
async def test_a_wrong_secret_is_refused(wire: Wire, source: str, headers: dict[str, str]) -> None:
    answer = await wire.post(source, b"{}", headers)
    assert (answer.status_code, wire.told) == (401, [])


@pytest.mark.parametrize("name", ["workflow_run", "workflow_job", "ping", "status", "check_run"])
async def test_githubs_own_examples_are_read(wire: Wire, name: str) -> None:
    file = EXAMPLES / f"{name}.json"
    if not file.is_file():
        pytest.skip(f"there is no {file.name} of the vendor's examples here")
    examples = json.loads(file.read_text("utf-8"))
    for example in examples if isinstance(examples, list) else [examples]:
        body = json.dumps(example).encode()
        answer = await wire.post("github", body, {"x-hub-signature-256": sign(NEW, body)})
        assert answer.status_code == 202
        assert bool(wire.told[-1][1]) is name.startswith("workflow_")


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"not json", 400),
        (b"[]", 400),
        (b'{"a":' * 20_000, 400),
        (b"\xff\xfe", 400),
        (b" " * 1_000_001, 413),
        (b'{"object_kind": "pipeline", "object_attributes": {"id": "31"}}', 202),
        (b'{"object_kind": ["pipeline"], "object_attributes": null}', 202),
    ],
)
async def test_a_malformed_word_is_said_and_wakes_nobody(
    wire: Wire, body: bytes, status: int
) -> None:
    answer = await wire.post("gitlab", body, {"x-gitlab-token": NEW})
    assert answer.status_code == status
    assert [builds for _, builds in wire.told if builds] == []


async def test_a_source_without_a_secret_is_not_there(wire: Wire) -> None:
    for source in ("argocd", "..%2fgithub", "GITHUB"):
        assert (await wire.post(source, b"{}", basic(NEW))).status_code == 404


async def test_who_waits_for_a_build_is_woken_and_nobody_else() -> None:
    news = BuildNews()
    names = (
        "github:acme/lab/30433642",
        "30433642",
        "acme/lab/130433642",
        "gitlab:acme/lab/30433642",
    )
    waiters = [asyncio.create_task(news.wait(name, 5)) for name in names]
    await asyncio.sleep(0)
    assert news.tell("github", ["30433642"]) == 2
    done, pending = await asyncio.wait(waiters, timeout=0.05)
    assert {task.result() for task in done} == {True}
    assert [names[waiters.index(task)] for task in waiters if task in pending] == [*names[2:]]
    for task in pending:
        task.cancel()
    await asyncio.gather(*pending, return_exceptions=True)
    assert news.tell("github", ["130433642"]) == 0


async def test_without_word_the_wait_ends_by_itself() -> None:
    assert await BuildNews().wait("1", 0.01) is False
