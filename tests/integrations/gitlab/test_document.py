"""docs/integrations/gitlab.md: its settings and services load, its pipeline takes what we send."""

from __future__ import annotations

import re
from pathlib import Path

import httpx
import pytest
import yaml

from bot import catalogue
from bot.api import ConfigurationError, Credentials
from integrations.gitlab import UNUSED, connect
from integrations.gitlab.starting import MENDS
from tests.integrations.gitlab.vendor import SERVICE, URL, Forge, forged
from tests.serving import NO_TLS
from tests.site import Site

DOCUMENT = Path(__file__).parents[3] / "docs/integrations/gitlab.md"
SETTINGS, SERVICES, PIPELINE, INPUTS = re.findall(
    r"```yaml\n(.*?)```", DOCUMENT.read_text("utf-8"), re.DOTALL
)


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path)


async def test_the_settings_of_the_page_make_the_provider(site: Site) -> None:
    site.secret("gitlab-token", "glpat-0123456789abcdefghij")
    site.secret("gitlab-hook", "a-long-secret-of-the-webhook")
    site.set("integrations.gitlab", yaml.safe_load(SETTINGS)["integrations"]["gitlab"])
    given = site.load().integrations["gitlab"]
    async with httpx.AsyncClient(verify=NO_TLS) as client:
        vendor = connect(given.credentials(), client).rest.vendor
        assert await vendor.headers() == {"PRIVATE-TOKEN": "glpat-0123456789abcdefghij"}
    assert vendor.url == "https://gitlab.hospital.example/api/v4"
    assert given.hook_secrets == ("a-long-secret-of-the-webhook",)


def test_the_services_of_the_page_are_read(tmp_path: Path) -> None:
    file = tmp_path / "services.yaml"
    file.write_text(SERVICES)
    service = catalogue.load(file, providers=("gitlab",)).service("lab-results")
    assert service is not None
    assert service.ci is not None
    assert service.ci.repo == "clinical/lab/lab-results"
    assert service.ci.deploys_by("production") == "deploy-lab-results"


async def test_the_pipeline_of_the_page_takes_everything_that_is_sent() -> None:
    forge = Forge()
    async with forged(forge) as ci:
        await ci.trigger(SERVICE, "1.4.2", correlation="ci-1")
        commit = forge.tags["v1.4.2"]
        await ci.deploy(SERVICE, "1.4.2", commit, "test", correlation="D-1")
    sent = {one["key"] for body in forge.posted for one in body["variables"]}
    spec, body = yaml.safe_load_all(INPUTS)
    assert set(spec["spec"]["inputs"]) == {key.lower() for key in sent}
    assert body["variables"] == {key: f"$[[ inputs.{key.lower()} ]]" for key in sent}
    told = set(re.findall(r"^\| `([A-Z_]+)` \| `[a-z_]+` \|", DOCUMENT.read_text(), re.MULTILINE))
    assert told == sent


def test_the_pipeline_of_the_page_bears_our_name_and_refuses_a_moved_tag() -> None:
    pipeline = yaml.safe_load(PIPELINE)
    assert pipeline["workflow"]["name"] == "$PIPELINE_NAME"
    first = pipeline["workflow"]["rules"][0]
    assert first == {"if": "$COMMIT && $CI_COMMIT_SHA != $COMMIT", "when": "never"}
    (rule,) = pipeline["deploy-lab-results"]["rules"]
    (services,) = yaml.safe_load(SERVICES)
    assert rule["if"] == f'$PIPELINE == "{services["ci"]["deploy_builder"]}"'


def test_the_page_has_a_line_for_what_is_said_of_pipelines_that_do_not_start() -> None:
    text = " ".join(DOCUMENT.read_text("utf-8").split())
    for said in ("does not let our account set pipeline variables", "add no job"):
        assert any(said in mend for mend in MENDS.values())
        assert said in text


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        (Credentials(URL), "integrations.gitlab.token_file: is missing"),
        (
            Credentials("https://gitlab.com", token="t"),
            "integrations.gitlab.url: is not the address of its API; set https://gitlab.com/api/v4",
        ),
        *(
            (
                Credentials(**{"url": URL, "token": "t", name: "x"}),
                f"integrations.gitlab.{name}: GitLab has no use for it",
            )
            for name in UNUSED
        ),
    ],
)
async def test_credentials_that_gitlab_cannot_use_refuse_to_start(
    given: Credentials, sentence: str
) -> None:
    async with httpx.AsyncClient(verify=NO_TLS) as client:
        with pytest.raises(ConfigurationError, match=re.escape(sentence)):
            connect(given, client)
