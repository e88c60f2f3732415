"""What the page of interface engines says to write is taken as it stands."""

from __future__ import annotations

import re
from contextlib import AsyncExitStack
from pathlib import Path

import httpx
import pytest
import yaml

from bot import catalogue
from bot.engines import connected, undeclared
from bot.errors import ConfigurationError
from bot.settings import Settings, load
from tests.house import write_site
from tests.integrations.authority import Authority
from tests.serving import NO_TLS

PAGE = Path(__file__).parents[2] / "docs/interface-engines.md"
SETTINGS, SERVICES = re.findall(r"```yaml\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A site's folder with what the page's settings name."""
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets/mirth-password").write_text("staple battery correct")
    (tmp_path / "mirth-ca.pem").write_text("no certificate")
    return tmp_path


def _settings(folder: Path) -> Settings:
    return load(write_site(folder, "sqlite:///w.db", **yaml.safe_load(SETTINGS)), {})


async def test_the_settings_make_the_engine_that_the_services_name(folder: Path) -> None:
    Authority.made(folder, "mirth-ca")
    (folder / "services.yaml").write_text(SERVICES)
    services = catalogue.load(folder / "services.yaml").services()
    async with httpx.AsyncClient(verify=NO_TLS) as client, AsyncExitStack() as stack:
        made = await connected(_settings(folder).engines, client, stack)
        assert list(undeclared(services, made)) == []
        none = await connected({}, client, stack)
    (said,) = undeclared(services, none)
    assert "lab-in-channel names the engine main, which has no block" in said


async def test_a_file_of_authorities_that_holds_none_refuses_to_start(folder: Path) -> None:
    async with httpx.AsyncClient(verify=NO_TLS) as client, AsyncExitStack() as stack:
        with pytest.raises(ConfigurationError, match=r"engines\.main\.authorities"):
            await connected(_settings(folder).engines, client, stack)


def test_an_engine_is_no_integration_and_another_no_engine(folder: Path) -> None:
    wrong = {"integrations": {"mirth": {"url": "https://m.hospital.example"}}}
    with pytest.raises(ConfigurationError, match="nothing here talks to mirth"):
        load(write_site(folder, "sqlite:///w.db", **wrong), {})
    other = yaml.safe_load(SETTINGS)
    other["engines"]["main"]["provider"] = "jenkins"
    with pytest.raises(ConfigurationError, match="no engine is a jenkins"):
        load(write_site(folder, "sqlite:///w.db", **other), {})
