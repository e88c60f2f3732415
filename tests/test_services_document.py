"""docs/services.md says what the estate file may hold, and its example is one."""

from __future__ import annotations

import re
from pathlib import Path

from bot import catalogue
from bot.catalogue import CiEntry, EnvironmentEntry, ProbeEntry, ServiceEntry
from bot.estate_checks import MAY, NEEDS, CheckEntry, ValidatorEntry

DOCUMENT = Path(__file__).parent.parent / "docs/services.md"


def _keys(heading: str) -> set[str]:
    """Return the names in the first column of the table below a heading."""
    section = DOCUMENT.read_text("utf-8").partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    return set(re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE))


def test_every_key_of_a_service_and_of_an_environment_is_there_and_no_other() -> None:
    assert _keys("A service") == set(ServiceEntry.model_fields)
    assert _keys("An environment") == set(EnvironmentEntry.model_fields)


def test_every_kind_of_check_is_there_with_its_keys() -> None:
    text = DOCUMENT.read_text("utf-8").partition("\n## Checks\n")[2]
    rows = dict(re.findall(r"^\| `([\w-]+)` \|.*\| ([^|]*)\|$", text, re.MULTILINE))
    said = {kind: set(re.findall(r"`(\w+)`", keys)) for kind, keys in rows.items()}
    assert said == {kind: {*needs, *MAY.get(kind, ())} for kind, needs in NEEDS.items()}


def test_every_smaller_key_is_named() -> None:
    text = DOCUMENT.read_text("utf-8")
    blocks = (CiEntry, ProbeEntry, CheckEntry, ValidatorEntry)
    missing = [key for block in blocks for key in block.model_fields if f"`{key}`" not in text]
    assert [key for key in missing if f"`{key}:" not in text] == []


def test_the_example_is_read(tmp_path: Path) -> None:
    (example,) = re.findall(r"```yaml\n(.*?)```", DOCUMENT.read_text("utf-8"), re.DOTALL)
    file = tmp_path / "services.yaml"
    file.write_text(example)
    service = catalogue.load(file, providers=("buildbot",)).service("adt-feed")
    assert service is not None
    production = service.environment("production")
    assert production is not None
    assert (production.after, production.soak.total_seconds()) == ("test", 7200)
    assert [check.kind for check in production.prechecks] == [
        "queue",
        "backup",
        "scan",
        "sarif",
        "interface",
    ]
    assert str(production.validator) == "whoever is on call for interfaces"
