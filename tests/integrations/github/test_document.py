"""docs/integrations/github.md is a configuration that works."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from bot import catalogue
from bot.api import BuildState
from bot.ci_servers import CiServers, untold
from integrations.github import connect
from integrations.github.rest import CODE_ALERTS, DEPENDABOT
from integrations.github.signing import STANDING, Installation
from integrations.github.states import CONCLUSIONS, STATUSES
from tests.integrations.github.forge import COMMITS, INPUTS, TITLES, Forge
from tests.integrations.github.test_signing import pem
from tests.integrations.github.vendor import PORTAL, asking
from tests.serving import NO_TLS
from tests.site import Site

DOCUMENT = Path(__file__).parents[3] / "docs/integrations/github.md"
TEXT = DOCUMENT.read_text("utf-8")
BLOCKS = re.findall(r"```yaml\n(.*?)```", TEXT, re.DOTALL)
BY_APP, BY_TOKEN, SERVICES, DEPLOYS, BUILDS, ALERTED = BLOCKS


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path)


async def test_the_settings_with_an_app_make_the_provider(site: Site) -> None:
    site.secret("github-app.pem", pem())
    site.secret("github-hook", "a-long-secret-of-the-webhook")
    site.set("integrations.github", yaml.safe_load(BY_APP)["integrations"]["github"])
    given = site.load().integrations["github"]
    async with httpx.AsyncClient(verify=NO_TLS) as client:
        vendor = connect(given.credentials(), client).rest.vendor
    assert isinstance(vendor.headers, Installation)
    assert (vendor.headers.app_id, vendor.headers.installation_id) == ("1234567", "47110815")
    assert vendor.url == "https://api.github.com"
    assert given.hook_secrets == ("a-long-secret-of-the-webhook",)


async def test_the_settings_with_a_token_make_the_provider(site: Site) -> None:
    site.secret("github-token", "github_pat_made_up")
    site.set("integrations.github", yaml.safe_load(BY_TOKEN)["integrations"]["github"])
    given = site.load().integrations["github"].credentials()
    async with httpx.AsyncClient(verify=NO_TLS) as client:
        vendor = connect(given, client).rest.vendor
    assert await vendor.headers() == STANDING | {"Authorization": "Bearer github_pat_made_up"}
    assert vendor.url == "https://github.hospital.example/api/v3"


@pytest.mark.parametrize("file", ["deploy.yml", "deploy-{environment}.yml"])
def test_the_services_of_the_page_are_read(tmp_path: Path, file: str) -> None:
    assert f"`{file}`" in TEXT or file in SERVICES
    written = tmp_path / "services.yaml"
    written.write_text(SERVICES.replace("deploy.yml", f'"{file}"'))
    service = catalogue.load(written, providers=("github",)).service("lab-results")
    assert service is not None
    assert service.ci is not None
    assert (service.ci.repo, service.ci.tag) == ("hospital/lab-results", "v{version}")
    wanted = file.replace("{environment}", "production")
    assert service.ci.deploys_by("production") == wanted


async def test_the_pre_checks_of_the_page_are_asked(tmp_path: Path) -> None:
    written = tmp_path / "services.yaml"
    written.write_text(ALERTED)
    service = catalogue.load(written, providers=("github",)).service("lab-results")
    assert service is not None
    assert service.ci is not None
    assert service.ci.repo == "hospital/lab-results"
    production = service.environment("production")
    assert production is not None
    kinds = [(one.kind, one.critical, one.high) for one in production.prechecks]
    assert kinds == [("code-scanning", 0, 0), ("dependabot", 0, 3)]
    async with asking(Forge()) as ci:
        assert list(untold([service], CiServers({"github": ci}))) == []
    for needed in (CODE_ALERTS, DEPENDABOT):
        name, access = needed.split(": ")
        assert f"| {name} | {access} |" in TEXT


def inputs_of(text: str) -> set[str]:
    """Return the inputs of a workflow; YAML 1.1 reads its key `on` as true."""
    document: dict[Any, Any] = yaml.safe_load(text)
    return set(document[True]["workflow_dispatch"]["inputs"])


async def test_the_workflows_of_the_page_declare_everything_that_is_sent() -> None:
    forge = Forge()
    async with asking(forge) as ci:
        await ci.trigger(PORTAL, "1.4.1", correlation="CI-1")
        commit = COMMITS["1.4.2"]
        await ci.deploy(PORTAL, "1.4.2", commit, "test", correlation="DEP-1", sites=("north",))
    built, deployed = forge.sent
    assert inputs_of(BUILDS) == set(built["inputs"]) == INPUTS["ci.yml"]
    assert inputs_of(DEPLOYS) == set(deployed["inputs"]) == INPUTS["deploy.yml"]
    assert set(re.findall(r"^\| `([a-z]+)` \| (?:needed|for deploys)", TEXT, re.MULTILINE)) == set(
        deployed["inputs"]
    )


def test_the_played_github_names_its_runs_as_the_page_does() -> None:
    title = yaml.safe_load(DEPLOYS)["run-name"]
    assert re.sub(r"\$\{\{ inputs\.(\w+) \}\}", r"{\1}", title) == TITLES["deploy.yml"]
    built = yaml.safe_load(BUILDS)["run-name"]
    assert built == "${{ inputs.correlation && format('CI [{0}]', inputs.correlation) || '' }}"
    assert TITLES["ci.yml"] == "CI [{correlation}]"


def test_the_deploy_of_the_page_refuses_another_commit_and_keeps_inputs_out_of_commands() -> None:
    job = yaml.safe_load(DEPLOYS)["jobs"]["deploy"]
    first = job["steps"][0]
    assert first["run"] == 'test "$GITHUB_SHA" = "$COMMIT"'
    assert job["env"]["COMMIT"] == "${{ inputs.commit }}"
    commands = [step.get("run", "") for step in job["steps"]]
    assert not any("${{" in command for command in commands)


def test_every_word_that_is_mapped_is_told_in_its_line() -> None:
    table = TEXT.partition("## What counts")[2].partition("\n## ")[0]
    lines = [line for line in table.splitlines() if line.startswith("|")]
    for word, state in {**CONCLUSIONS, **STATUSES}.items():
        (line,) = (line for line in lines if re.search(rf"\b{word}\b", line.split("|")[1]))
        assert line.split("|")[2].strip().startswith(state.value), word
    assert set(STATUSES.values()) == {BuildState.QUEUED, BuildState.RUNNING}
