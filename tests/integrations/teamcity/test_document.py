"""docs/integrations/teamcity.md says what is so."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from bot import catalogue
from integrations.teamcity import reading, rest
from integrations.teamcity.places import Configuration, configuration_of, configurations_asked

DOCUMENT = Path(__file__).parents[3] / "docs/integrations/teamcity.md"
TEXT = DOCUMENT.read_text("utf-8")
_, SERVICES = re.findall(r"```yaml\n(.*?)```", TEXT, re.DOTALL)
PARAMETERS = (
    reading.VERSION,
    reading.REVISION,
    reading.ENVIRONMENT,
    reading.SITES,
    reading.CORRELATION,
)


def test_the_services_block_names_configurations(tmp_path: Path) -> None:
    file = tmp_path / "services.yaml"
    file.write_text(SERVICES)
    service = catalogue.load(file, providers=("teamcity",)).service("lab-results")
    assert service is not None
    assert [one.id for one in configurations_asked(service)] == [
        "Clinical_LabResults_Deploy",
        "Clinical_LabResults_Build",
    ]
    (line,) = re.findall(r"`builder: (\S+:\S+)`", TEXT)
    assert configuration_of(service, line) == Configuration(
        "Clinical_LabResults_Build", "Clinical_LabResultsGit"
    )
    assert yaml.safe_load(SERVICES)[0]["ci"]["builder"] in line


def test_the_configuration_takes_every_parameter_and_the_table_names_them() -> None:
    (settings,) = re.findall(r"```kotlin\n(.*?)```", TEXT, re.DOTALL)
    assert tuple(re.findall(r'text\("([\w.]+)"', settings)) == PARAMETERS
    assert set(re.findall(r"^\| `(env\.\w+)` \|", TEXT, re.MULTILINE)) == set(PARAMETERS)
    assert "%" not in settings


def test_every_status_that_is_mapped_is_told() -> None:
    table = TEXT.partition("## What counts")[2].partition("\n## ")[0]
    assert [name for name in reading.RESULTS if name not in table] == []


@pytest.mark.parametrize("needs", [rest.VIEW, rest.RUN, rest.SETTINGS, rest.RUNTIME])
def test_every_permission_that_a_sentence_names_is_in_the_table(needs: str) -> None:
    table = TEXT.partition("## The account")[2].partition("\n## ")[0]
    for name in re.split(r", | and (?=[A-Z])", needs):
        assert f"| {name} |" in table
