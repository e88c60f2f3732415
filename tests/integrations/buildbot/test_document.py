"""docs/integrations/buildbot.md is a configuration that works."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import httpx
import yaml

from bot import catalogue
from bot.api import Credentials
from bot.settings import load
from integrations.buildbot import connect
from tests.house import write_site
from tests.serving import NO_TLS

TEXT = (Path(__file__).parents[3] / "docs/integrations/buildbot.md").read_text("utf-8")
SETTINGS, SERVICES = re.findall(r"```yaml\n(.*?)```", TEXT, re.DOTALL)


async def test_the_settings_block_is_what_the_provider_takes(tmp_path: Path) -> None:
    file = write_site(tmp_path, f"sqlite:///{tmp_path}/w.db", **yaml.safe_load(SETTINGS))
    secret = tmp_path / "secrets/buildbot-password"
    secret.parent.mkdir()
    secret.write_text("secret\n")
    secret.chmod(0o600)
    given = load(file, {}).integrations["buildbot"].credentials()
    assert given == Credentials("https://ci.hospital.example/", "wardroom", "secret")
    async with httpx.AsyncClient(verify=NO_TLS) as client:
        assert connect(given, client).rest.credentials is given


def test_the_services_block_names_builders(tmp_path: Path) -> None:
    file = tmp_path / "services.yaml"
    file.write_text(SERVICES)
    service = catalogue.load(file, providers=("buildbot",)).service("lab-results")
    assert service is not None
    assert service.ci is not None
    assert service.ci.deploys_by("production") == "deploy-lab-results"


def test_the_masters_snippets_are_python_with_every_field() -> None:
    rules, form = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)
    ast.parse(rules)
    ast.parse(form)
    named = set(re.findall(r'text\("(\w+)"\)', form))
    assert named == {"branch", "revision", "request", "version", "environment", "sites"}
