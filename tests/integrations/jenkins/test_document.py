"""docs/integrations/jenkins.md is a configuration that works."""

from __future__ import annotations

import re
from pathlib import Path

import httpx
import pytest
import yaml

from bot import catalogue
from bot.api import Credentials
from bot.settings import load
from integrations.jenkins import connect, reading
from integrations.jenkins.places import folder_of, job_of, jobs_asked
from tests.house import write_site
from tests.integrations.jenkins.vendor import PARAMETERS
from tests.serving import NO_TLS

DOCUMENT = Path(__file__).parents[3] / "docs/integrations/jenkins.md"
TEXT = DOCUMENT.read_text("utf-8")
SETTINGS, SERVICES = re.findall(r"```yaml\n(.*?)```", TEXT, re.DOTALL)


async def test_the_settings_block_is_what_the_provider_needs(tmp_path: Path) -> None:
    file = write_site(tmp_path, f"sqlite:///{tmp_path}/w.db", **yaml.safe_load(SETTINGS))
    secret = tmp_path / "secrets/jenkins-token"
    secret.parent.mkdir()
    secret.write_text("11aa22bb\n")
    secret.chmod(0o600)
    given = load(file, {}).integrations["jenkins"].credentials()
    url = "https://ci.hospital.example/jenkins/"
    assert given == Credentials(url, "wardroom", token="11aa22bb")
    async with httpx.AsyncClient(verify=NO_TLS) as client:
        assert connect(given, client).rest.credentials is given


def test_the_services_block_names_jobs(tmp_path: Path) -> None:
    file = tmp_path / "services.yaml"
    file.write_text(SERVICES)
    service = catalogue.load(file, providers=("jenkins",)).service("lab-results")
    assert service is not None
    assert service.ci is not None
    assert service.ci.tag == "lab-results/{version}"
    assert list(jobs_asked(service)) == ["clinical/deploy-lab-results", "clinical/lab-results"]


@pytest.mark.parametrize("line", re.findall(r"`builder: (\S+)`", TEXT))
def test_a_multibranch_builder_is_read(tmp_path: Path, line: str) -> None:
    file = tmp_path / "services.yaml"
    file.write_text(SERVICES.replace("builder: clinical/lab-results\n", f"builder: {line}\n"))
    service = catalogue.load(file, providers=("jenkins",)).service("lab-results")
    assert service is not None
    assert service.ci is not None
    assert folder_of(service, service.ci.builder) == ("clinical/lab-results", True)
    job = job_of(service, service.ci.builder, "1.4.2")
    assert job == "clinical/lab-results/lab-results%2F1.4.2"


def test_the_pipeline_declares_every_parameter_and_the_table_names_them() -> None:
    (pipeline,) = re.findall(r"```groovy\n(.*?)```", TEXT, re.DOTALL)
    assert tuple(re.findall(r"string\(name: '(\w+)'", pipeline)) == PARAMETERS
    assert set(re.findall(r"^\| `([A-Z]+)` \|", TEXT, re.MULTILINE)) == set(PARAMETERS)
    assert "${params" not in pipeline


def test_every_result_that_is_mapped_is_told() -> None:
    table = TEXT.partition("## What counts")[2].partition("\n## ")[0]
    assert [name for name in reading.RESULTS if name not in table] == []
