"""The doctor reads where services are built, and where they are deployed by another."""

from __future__ import annotations

from typing import TYPE_CHECKING

import yaml
from aiohttp import web

from tests.cli.clinic import answering, doctor, nowhere
from tests.cli.conftest import configure

if TYPE_CHECKING:
    from pathlib import Path

TOKEN = "a token that is long enough"


def write(home: Path, **ci: str) -> None:
    service = {
        "id": "lab-results",
        "owner": "interfaces",
        "safety_class": "B",
        "ci": {"repo": "https://git.hospital.example/lab.git", **ci},
        "environments": {"test": {}},
    }
    (home / "services.yaml").write_text(yaml.safe_dump([service]))


async def test_a_credential_that_is_missing_is_named_with_its_setting(home: Path) -> None:
    nowhere(home)
    write(home, provider="gitlab")
    url = "https://gitlab.hospital.example/api/v4/"
    configure(home, integrations={"gitlab": {"url": url}})
    found = (await doctor("--only", "ci")).of("ci gitlab")
    assert (found["state"], found["text"]) == ("fail", "cannot be used as it is set up")
    assert "integrations.gitlab.token_file: is missing" in found["mend"]


async def test_who_only_deploys_is_asked_with_the_real_credentials(home: Path) -> None:
    nowhere(home)
    write(home, provider="buildbot", deploy_provider="argocd")
    asked: list[str] = []

    async def refuse(request: web.Request) -> web.Response:
        asked.append(request.headers.get("Authorization", ""))
        return web.json_response({"error": "invalid session", "code": 16}, status=401)

    async with answering(refuse) as url:
        blocks = {"buildbot": {"url": url}, "argocd": {"url": url, "token": TOKEN}}
        configure(home, integrations=blocks)
        found = (await doctor("--only", "ci")).of("ci argocd")
    assert found["state"] == "fail"
    assert found["text"].startswith("lab-results: Argo CD does not accept our credentials")
    assert f"Bearer {TOKEN}" in asked
    assert TOKEN not in str(found)
