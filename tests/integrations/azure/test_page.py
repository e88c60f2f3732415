"""docs/integrations/azure.md is a configuration that works."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Final

import httpx
import pytest
import yaml

from bot import catalogue
from bot.api import ConfigurationError
from bot.model import BuildState
from integrations.azure import builds, connect
from integrations.azure.signing_in import Entra, Token
from tests.integrations.azure.organisation import BUILDS, COMMITS, DECLARED, DEPLOYS
from tests.integrations.azure.vendor import PORTAL, Server, served
from tests.serving import NO_TLS
from tests.site import Site

TEXT: Final = (Path(__file__).parents[3] / "docs/integrations/azure.md").read_text("utf-8")
APPLICATION, TOKEN, SERVICES, DEPLOY, BUILD = re.findall(r"```yaml\n(.*?)```", TEXT, re.DOTALL)


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path)


def settings(site: Site, block: str) -> Any:
    """Return the settings of a block of the page, read as the product reads them."""
    site.set("integrations.azure", yaml.safe_load(block)["integrations"]["azure"])
    return site.load().integrations["azure"]


async def test_the_settings_with_an_application_make_the_provider(site: Site) -> None:
    site.secret("azure-client", "a-client-secret-of-entra")
    site.secret("azure-hook", "a-long-secret-of-the-hook")
    given = settings(site, APPLICATION)
    async with httpx.AsyncClient(verify=NO_TLS) as client:
        vendor = connect(given.credentials(), client).rest.vendor
    assert (vendor.url, vendor.secret) == ("https://dev.azure.com/hospital/", "client_secret_file")
    entra = vendor.headers.__self__  # type: ignore[attr-defined] # of a bound method
    assert isinstance(entra, Entra)
    tenant = given.tenant_id
    assert entra.vendor.url == f"https://login.microsoftonline.com/{tenant}"
    assert given.hook_secrets == ("a-long-secret-of-the-hook",)


async def test_another_address_of_entra_is_a_setting_and_needs_a_tenant(site: Site) -> None:
    site.secret("azure-client", "a-client-secret-of-entra")
    site.secret("azure-hook", "a-long-secret-of-the-hook")
    elsewhere = "https://login.microsoftonline.us/"
    assert f"`{elsewhere}`" in TEXT
    block = yaml.safe_load(APPLICATION)["integrations"]["azure"] | {"login_url": elsewhere}
    site.set("integrations.azure", block)
    given = site.load().integrations["azure"]
    async with httpx.AsyncClient(verify=NO_TLS) as client:
        entra = connect(given.credentials(), client).rest.vendor.headers.__self__  # type: ignore[attr-defined] # of a bound method
    assert entra.vendor.url == f"{elsewhere}{given.tenant_id}"
    site.set("integrations.azure", {"url": given.url, "login_url": elsewhere})
    with pytest.raises(ConfigurationError, match="login_url is where a tenant signs in"):
        site.load()


async def test_the_settings_with_a_token_make_the_provider(site: Site) -> None:
    site.secret("azure-token", "a-personal-access-token")
    given = settings(site, TOKEN)
    async with httpx.AsyncClient(verify=NO_TLS) as client:
        vendor = connect(given.credentials(), client).rest.vendor
    assert vendor.url == "https://tfs.hospital.example/tfs/Clinical/"
    assert await vendor.headers() == await Token("a-personal-access-token").headers()


@pytest.mark.parametrize("called", ['"34"', r"clinical\deploy-{environment}"])
def test_the_services_of_the_page_are_read(tmp_path: Path, called: str) -> None:
    assert called.strip('"') in TEXT
    written = tmp_path / "services.yaml"
    written.write_text(SERVICES.replace('"34"', called))
    service = catalogue.load(written, providers=("azure",)).service("lab-results")
    assert service is not None
    assert service.ci is not None
    assert (service.ci.repo, service.ci.builder) == ("Clinical IT/lab-results", "12")
    wanted = called.strip('"').replace("{environment}", "production")
    assert service.ci.deploys_by("production") == wanted


def declared(text: str) -> set[str]:
    """Return the parameters that a pipeline of the page takes."""
    return {one["name"] for one in yaml.safe_load(text)["parameters"]}


async def test_the_pipelines_of_the_page_declare_everything_that_is_sent(server: Server) -> None:
    async with served(server) as ci:
        await ci.trigger(PORTAL, "1.4.1", correlation="CI-1")
        commit = COMMITS["1.4.2"]
        await ci.deploy(PORTAL, "1.4.2", commit, "test", correlation="DEP-1", sites=("north",))
    built, deployed = (body["templateParameters"].keys() for body in server.bodies())
    assert declared(BUILD) == set(built) == DECLARED[BUILDS]
    assert declared(DEPLOY) == set(deployed) == DECLARED[DEPLOYS]
    told = re.findall(r"^\| `([a-z]+)` \| (?:needed|for deploys)", TEXT, re.MULTILINE)
    assert set(told) == set(deployed)


@pytest.mark.parametrize("text", [DEPLOY, BUILD])
def test_a_run_is_found_by_the_name_that_the_page_gives_it(text: str) -> None:
    name = yaml.safe_load(text)["name"]
    assert name == "$(BuildID)-${{ parameters.correlation }}"
    made = name.replace("$(BuildID)", "4711").replace("${{ parameters.correlation }}", "REQ-1-ab")
    assert builds.is_asked_with({"buildNumber": made}, "REQ-1-ab")
    assert not builds.is_asked_with({"buildNumber": made}, "REQ-1-a")


def test_the_deploy_of_the_page_refuses_another_commit_and_keeps_parameters_out_of_scripts() -> (
    None
):
    (stage,) = yaml.safe_load(DEPLOY)["stages"]
    first, *others = stage["jobs"][0]["strategy"]["runOnce"]["deploy"]["steps"]
    assert first["bash"] == 'test "$BUILD_SOURCEVERSION" = "$COMMIT"'
    assert first["env"] == {"COMMIT": "${{ parameters.commit }}"}
    assert not any("${{" in step.get("bash", "") for step in (first, *others))


def test_every_word_that_is_mapped_is_told_in_its_line() -> None:
    table = TEXT.partition("## What counts")[2].partition("\n## ")[0]
    lines = [line for line in table.splitlines() if line.startswith("|")]
    for word, state in {**builds.RESULT, **builds.STATUS}.items():
        (line,) = (line for line in lines if re.search(rf"\b{word}\b", line.split("|")[1]))
        assert line.split("|")[2].strip().startswith(state.value), word
    assert set(builds.STATUS.values()) == {BuildState.QUEUED, BuildState.RUNNING}
