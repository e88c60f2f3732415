"""docs/integrations/codepipeline.md: a configuration that works, and permissions that suffice."""

from __future__ import annotations

import json
import re
from pathlib import Path

import httpx
import pytest
import yaml

from bot import catalogue
from bot.settings import load
from integrations.codepipeline import connect
from integrations.codepipeline.places import pipeline_of, pipelines_asked
from tests.house import write_site
from tests.integrations.codepipeline.service import VARIABLES
from tests.integrations.codepipeline.vendor import asking, built
from tests.serving import NO_TLS

TEXT = (Path(__file__).parents[3] / "docs/integrations/codepipeline.md").read_text("utf-8")
BY_ROLE, BY_KEY, SERVICES = re.findall(r"```yaml\n(.*?)```", TEXT, re.DOTALL)
POLICY, PIPELINE = re.findall(r"```json\n(.*?)```", TEXT, re.DOTALL)


@pytest.mark.parametrize("block", [BY_ROLE, BY_KEY])
async def test_the_settings_of_the_page_make_the_provider(block: str, tmp_path: Path) -> None:
    file = write_site(tmp_path, f"sqlite:///{tmp_path}/w.db", **yaml.safe_load(block))
    secret = tmp_path / "secrets/aws-secret-access-key"
    secret.parent.mkdir()
    secret.write_text("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY\n")
    secret.chmod(0o600)
    given = load(file, {}).integrations["codepipeline"].credentials()
    async with httpx.AsyncClient(verify=NO_TLS) as client:
        assert connect(given, client).aws.credentials is given
    assert given.region == "eu-central-1"


def test_the_services_of_the_page_name_pipelines(tmp_path: Path) -> None:
    file = tmp_path / "services.yaml"
    file.write_text(SERVICES)
    service = catalogue.load(file, providers=("codepipeline",)).service("lab-results")
    assert service is not None
    assert service.ci is not None
    assert str(pipeline_of(service, service.ci.builder)) == "111122223333/lab-results"
    assert [each.name for each in pipelines_asked(service)] == [
        "deploy-lab-results-test",
        "deploy-lab-results-production",
        "lab-results",
    ]


async def test_the_policy_of_the_page_holds_what_is_asked_and_no_more() -> None:
    aws = built()
    async with asking(aws) as (ci, service):
        made = await ci.trigger(service, "1.4.2", correlation="REQ-1-aa")
        await ci.builds(service, "1.4.2")
        await ci.find(service, "REQ-1-aa")
        await ci.log_tail(made.id)
    statements = json.loads(POLICY)["Statement"]
    allowed = {*statements[0]["Action"], statements[1]["Action"]}
    assert {f"codepipeline:{operation}" for operation, _ in aws.asked} == allowed
    table = set(re.findall(r"^\| `(codepipeline:\w+)` \|", TEXT, re.MULTILINE))
    assert table == allowed


def test_the_pipeline_of_the_page_takes_every_variable() -> None:
    declared = [each["name"] for each in json.loads(PIPELINE)["variables"]]
    assert declared == list(VARIABLES)
    assert set(re.findall(r"^\| `([A-Z]+)` \|", TEXT, re.MULTILINE)) == set(VARIABLES)
