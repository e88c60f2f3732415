"""The story of the README with each provider: refused where CI is red, approved, deployed."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from bot.app import build, running
from bot.ground import Outside
from bot.model import Reason
from bot.settings import load
from tests.contracts.vendors import PLAYED, played
from tests.databases import POLL_SECONDS, FixedClock
from tests.house import QUICK, Chat, write_site
from tests.twins import TwinCi, TwinProber

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from bot.model import Build, Service
    from bot.ports import Ci


@dataclass
class Deploying:
    """A provider, and what it was asked to make run: the probe of a test sees that."""

    ci: Ci
    twin: TwinCi = field(default_factory=TwinCi)

    def __getattr__(self, name: str) -> object:
        return getattr(self.ci, name)

    async def deploy(
        self,
        service: Service,
        version: str,
        commit: str,
        environment: str,
        *,
        correlation: str,
        sites: Sequence[str] = (),
    ) -> Build:
        """Ask the provider; what it takes runs from now on."""
        what = (service, version, commit, environment)
        job = await self.ci.deploy(*what, correlation=correlation, sites=sites)
        self.twin.running[service.id, environment] = version
        self.twin.deploys.append(correlation)
        return job


def write_portal(folder: Path, url: str, service: Service) -> Path:
    """Write a hospital whose portal is built where the played vendor builds it."""
    settings = write_site(folder, url)
    services = json.loads((folder / "services.yaml").read_text())
    assert service.ci is not None
    (portal,) = (one for one in services if one["id"] == "portal")
    portal["ci"] = {name: value for name, value in service.ci.__dict__.items() if value}
    (folder / "services.yaml").write_text(json.dumps([portal]))
    return settings


@pytest.mark.parametrize("name", PLAYED)
async def test_the_story_is_the_same_with_every_provider(
    name: str, launched_url: str, tmp_path: Path
) -> None:
    async with played(name).playing() as (ci, service):
        settings = load(write_portal(tmp_path, launched_url, service), {})
        deploying = Deploying(ci)
        prober, clock = TwinProber(deploying.twin), FixedClock()
        outside = Outside(deploying, prober, clock, QUICK, POLL_SECONDS)  # type: ignore[arg-type] # the other methods are the provider's own
        async with running(build(settings, outside)) as house:
            await tell_the_story(Chat(house, deploying.twin, clock, settings, prober))


async def tell_the_story(chat: Chat) -> None:
    """Type it, from the first question to the closed change."""
    status = await chat.say("ci status portal 1.4.2")
    assert (status.reason, status.refs["state"]) == (Reason.OK, "green"), status.text
    red = await chat.say("deploy portal 1.5.0 to production --reason try")
    assert red.reason is Reason.CI_NOT_GREEN, red.text
    nothing = await chat.say("deploy portal 9.9.9 to production --reason try")
    assert nothing.reason is Reason.BAD_INPUT, nothing.text
    asked = await chat.say("deploy portal 1.4.2 to production --reason fix the banner")
    assert asked.reason is Reason.PENDING_APPROVAL, asked.text
    own = await chat.say(f"approve {asked.request}")
    assert own.reason is Reason.NOT_AUTHORISED
    assert chat.ci.deploys == []
    done = await chat.say(f"approve {asked.request}", as_="release-manager")
    ended = await chat.ended(done.refs["deploy"])
    assert "succeeded" in ended.text, ended.text
    assert len(chat.ci.deploys) == 1
    assert chat.ci.running["portal", "production"] == "1.4.2"
    change = await chat.say(f"change show {ended.refs['change']}")
    assert change.refs["state"] == "closed", change.text
