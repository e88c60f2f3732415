"""Every integration has its page, and what it says to write into settings and services is taken."""

from __future__ import annotations

import importlib
import re
from pathlib import Path

import httpx
import pytest
import yaml

from bot import catalogue
from bot.api import Ci, TicketSystem
from bot.settings import load
from tests.house import write_site
from tests.integrations.github.test_signing import pem
from tests.serving import NO_TLS

ROOT = Path(__file__).parents[2]
PAGES = ROOT / "docs/integrations"
NAMES = sorted(
    file.stem if file.suffix else file.name
    for file in (ROOT / "integrations").iterdir()
    if file.name[0] not in "_."
)
PORTS = {
    name: port
    for name in NAMES
    if (port := getattr(importlib.import_module(f"integrations.{name}"), "PORT", None))
    in (Ci, TicketSystem)
}
BLOCK = re.compile(r"```yaml\n(.*?)```", re.DOTALL)
FILE = re.compile(r"\w+_file: (\S+)")


def blocks(name: str, beginning: str) -> list[str]:
    """Return the YAML blocks of a page that begin so, whatever comments stand before that."""
    page = PAGES / f"{name}.md"
    found = BLOCK.findall(page.read_text("utf-8")) if page.exists() else []
    return [one for one in found if re.match(rf"(?:#.*\n)*{beginning}", one)]


@pytest.mark.parametrize("name", PORTS)
def test_the_settings_of_its_page_make_the_integration(name: str, tmp_path: Path) -> None:
    written = blocks(name, "integrations:")
    assert written, f"docs/integrations/{name}.md has no settings that begin with `integrations:`"
    for number, block in enumerate(written):
        folder = tmp_path / str(number)
        folder.mkdir()
        for file in FILE.findall(block):
            secret = folder / file
            secret.parent.mkdir(parents=True, exist_ok=True)
            secret.write_text(pem() if file.endswith(".pem") else f"a-long-secret-of-{name}\n")
            secret.chmod(0o600)
        settings = write_site(folder, f"sqlite:///{folder}/w.db", **yaml.safe_load(block))
        given = load(settings, {}).integrations[name].credentials()
        made = importlib.import_module(f"integrations.{name}")
        if PORTS[name] is Ci:
            # Nothing is asked yet: there is no loop to ask in.
            assert made.connect(given, httpx.AsyncClient(verify=NO_TLS))


@pytest.mark.parametrize("name", [name for name, port in PORTS.items() if port is Ci])
def test_the_services_of_its_page_are_built_or_deployed_there(name: str, tmp_path: Path) -> None:
    written = blocks(name, "- id:")
    assert written, f"docs/integrations/{name}.md has no services that begin with `- id:`"
    for block in written:
        file = tmp_path / "services.yaml"
        file.write_text(block)
        targets = [one.ci for one in catalogue.load(file).services() if one.ci]
        assert any(name in (target.provider, target.deploy_provider) for target in targets)


@pytest.mark.parametrize("name", PORTS)
def test_its_page_is_linked_where_the_readme_says_what_it_is_trusted_with(name: str) -> None:
    trust = (ROOT / "README.md").read_text("utf-8").partition("## Whom you trust")[2]
    assert f"](docs/integrations/{name}.md)" in trust.partition("\n## ")[0]
