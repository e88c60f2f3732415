"""The doctor reads where services are built, and where they are deployed by another."""

from __future__ import annotations

from typing import TYPE_CHECKING

import yaml
from aiohttp import web

from tests.cli.clinic import Finding, answering, doctor, nowhere
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


REPO = "/repos/acme/lab"
COMMIT = "b2" * 20
RUN = {"id": 7, "run_number": 7, "head_sha": COMMIT, "head_branch": "v1.4.2", "event": "push"}
RUNS = {"total_count": 1, "workflow_runs": [RUN | {"status": "completed", "conclusion": "success"}]}
ALERTS: list[dict[str, object]] = [
    {"kind": kind, "critical": 0, "high": 0} for kind in ("code-scanning", "dependabot")
]


async def asked_github(home: Path, denied: str, *checks: dict[str, object]) -> list[Finding]:
    """Have the doctor look at a GitHub that does not let us read one part of a repository."""
    nowhere(home)
    write(home, provider="github", repo="acme/lab", builder="ci.yml", tag="v{version}")
    services = yaml.safe_load((home / "services.yaml").read_text())
    services[0]["environments"]["test"] = {"prechecks": list(checks)}
    (home / "services.yaml").write_text(yaml.safe_dump(services))
    known: dict[str, object] = {
        f"{REPO}/actions/workflows/ci.yml/runs": RUNS,
        f"{REPO}/git/ref/tags/v1.4.2": {"object": {"type": "commit", "sha": COMMIT}},
        f"{REPO}/code-scanning/analyses": [],
        f"{REPO}/dependabot/alerts": [],
    }

    async def answer(request: web.Request) -> web.Response:
        if denied and request.path.startswith(f"{REPO}/{denied}"):
            told = {"message": "Resource not accessible by personal access token"}
            return web.json_response(told, status=403)
        if request.path not in known:
            return web.json_response({"message": "Not Found"}, status=404)
        return web.json_response(known[request.path])

    async with answering(answer) as url:
        configure(home, integrations={"github": {"url": url, "token": TOKEN}})
        return (await doctor("--only", "ci")).every("ci github")


async def test_the_repository_of_the_newest_build_is_read_as_a_deploy_reads_it(home: Path) -> None:
    (found,) = await asked_github(home, "")
    assert found["state"] == "ok"
    assert found["text"].endswith("its newest build is green, and its repository can be read")


async def test_a_permission_that_a_deploy_needs_is_named_where_it_is_missing(home: Path) -> None:
    (found,) = await asked_github(home, "git")
    assert found["state"] == "fail"
    assert "GitHub does not allow" in found["text"]
    assert "Contents: read" in found["text"]


async def test_the_alerts_that_pre_checks_count_are_read_too(home: Path) -> None:
    built, code, dependencies = await asked_github(home, "", *ALERTS)
    assert [one["state"] for one in (built, code, dependencies)] == ["ok"] * 3
    assert "its code scanning can be read, and that of its newest build is not told" in code["text"]
    assert dependencies["text"].endswith("its alerts about dependencies can be read")
    for part, needs in (("code-scanning", "Code scanning"), ("dependabot", "Dependabot")):
        found = await asked_github(home, part, *ALERTS)
        (bad,) = (one for one in found if one["state"] == "fail")
        assert f"the account needs {needs} alerts: read" in bad["text"]


async def test_alerts_that_the_builder_does_not_tell_are_said_before_the_start(home: Path) -> None:
    nowhere(home)
    write(home, provider="buildbot")
    services = yaml.safe_load((home / "services.yaml").read_text())
    services[0]["environments"]["test"] = {"prechecks": ALERTS[:1]}
    (home / "services.yaml").write_text(yaml.safe_dump(services))

    async def refuse(_: web.Request) -> web.Response:
        return web.json_response({}, status=500)

    async with answering(refuse) as url:
        configure(home, integrations={"buildbot": {"url": url}})
        said = [one["text"] for one in (await doctor("--only", "ci")).every("ci buildbot")]
    assert "lab-results: buildbot tells of no alerts of the kind code-scanning" in said
