"""A whole Wardroom in a test: the real road, store, log and engine, with the CI server a twin."""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from bot.app import House, build, running
from bot.deploys.patience import Patience
from bot.engines import Engines
from bot.ground import Outside
from bot.model import Account, AuditQuery, Event, Invocation, Place, Reply
from bot.settings import Settings, load
from tests.databases import POLL_SECONDS, FixedClock
from tests.twins import TwinCi, TwinProber

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bot.ports import SecurityAlerts

QUICK = Patience(
    poll=0.01, slowest=0.05, job=1.0, lookup=0.05, smoke=0.05, audit=0.05, slowest_gate=0.05
)
PEOPLE = {
    "engineer": ["engineer"],
    "engineer-2": ["engineer"],
    "release-manager": ["release_manager"],
    "release-manager-2": ["release_manager"],
    "safety-officer": ["clinical_safety_officer"],
    "service-desk": ["service_desk"],
    "security-officer": ["security_officer"],
    "commander": ["incident_commander"],
}
CLASSES = {"lab-results": "B", "portal": "A", "pacs": "C"}


@dataclass
class Chat:
    """Somebody who types, and what it came to."""

    house: House
    ci: TwinCi
    clock: FixedClock
    settings: Settings
    prober: TwinProber
    said: list[Reply] = field(default_factory=list)

    async def say(
        self,
        text: str,
        *,
        as_: str = "engineer",
        delivery: str = "",
        account: Account | None = None,
        fields: Mapping[str, str] | None = None,
        place: Place | None = None,
    ) -> Reply:
        """Type a line as a persona, on the terminal unless another account is given."""
        account = account or Account("terminal", as_)
        place = place or Place(account.platform, "room")
        delivery = delivery or f"{account.platform}:{uuid.uuid4().hex}"
        reply = await self.house.road.handle(
            Invocation(text, account, place, delivery, fields=fields)
        )
        self.said.append(reply)
        return reply

    async def approved(self, text: str, *people: str) -> Reply:
        """Ask as the engineer and have the people approve; returns the last answer."""
        reply = await self.say(text)
        assert reply.request, reply.text
        for person in people:
            reply = await self.say(f"approve {reply.request}", as_=person)
        return reply

    async def ended(self, deploy_id: str) -> Reply:
        """Wait until a deploy has ended; returns its message."""
        await self.house.engine.wait("deploy", deploy_id, seconds=20)
        return await self.say(f"deploy status {deploy_id}")

    async def card(self, topic: str) -> Reply:
        """Return the message that a topic shows now."""
        reply = await self.house.notices.current(topic)
        assert reply is not None
        return reply

    async def events(self, **query: str) -> list[Event]:
        """Return matching audit events, oldest first."""
        page = await self.house.trail.audit.search(AuditQuery(limit=500, **query))  # type: ignore[arg-type] # only its string fields are used
        return list(reversed(page.events))

    async def told(self, **query: str) -> list[Event]:
        """Return matching audit events with what people wrote freely, oldest first."""
        found = await self.events(**query)
        return list(await self.house.trail.openings.opened(found, lambda _: True))


def write_site(folder: Path, url: str, **over: object) -> Path:
    """Write a small hospital's settings; returns the settings file."""
    people = [
        {
            "id": name,
            "name": name.title(),
            "email": f"{name}@hospital.example",
            "roles": roles,
            "slack": {"team": "T0001", "user": f"U{number:04}"},
        }
        for number, (name, roles) in enumerate(PEOPLE.items(), 1)
    ]
    services = [
        {
            "id": name,
            "owner": "interfaces",
            "safety_class": safety,
            "ci": {
                "provider": "buildbot",
                "builder": name,
                "deploy_builder": f"deploy-{name}",
                "repo": str(folder / "repo.git"),
                "tag": f"{name}/{{version}}",
            },
            "environments": {
                env: {"probes": [{"kind": "version", "url": f"http://{name}/{env}"}]}
                for env in ("test", "production")
            },
        }
        for name, safety in CLASSES.items()
    ]
    document = {
        "mode": "sandbox",
        "database": url,
        "server": {"port": 0},
        "people": "people.yaml",
        "services": "services.yaml",
        **over,
        "audit": {"ballast": 0, **_block(over.get("audit"))},
    }
    for name, content in (
        ("people.yaml", people),
        ("services.yaml", services),
        ("wardroom.yaml", document),
    ):
        (folder / name).write_text(json.dumps(content))  # JSON is YAML, and quicker to write
    return folder / "wardroom.yaml"


def _block(given: object) -> dict[str, object]:
    return dict(given) if isinstance(given, dict) else {}


@asynccontextmanager
async def opened(
    file: Path,
    ci: TwinCi | None = None,
    clock: FixedClock | None = None,
    alerts: SecurityAlerts | None = None,
    engines: Engines | None = None,
    **patience: float,
) -> AsyncIterator[Chat]:
    """Run a house over a settings file until the block ends."""
    settings = load(file, {})
    ci, clock = ci or TwinCi(), clock or FixedClock()
    how = Patience(**{**QUICK.__dict__, **patience})
    prober = TwinProber(ci)
    there = engines or Engines()
    outside = Outside(ci, prober, clock, how, POLL_SECONDS, alerts=alerts, engines=there)
    house = build(settings, outside)
    async with running(house):
        yield Chat(house, ci, clock, settings, prober)


@pytest.fixture
def site(launched_url: str, tmp_path: Path) -> Path:
    """A small hospital's settings file over a fresh SQLite database."""
    return write_site(tmp_path, launched_url)


@pytest.fixture
async def chat(site: Path) -> AsyncIterator[Chat]:
    """A running house that a test types to."""
    async with opened(site) as open_chat:
        yield open_chat


async def until(true: object, *, seconds: float = 10.0) -> None:
    """Wait until a zero-argument function returns something true; fail after `seconds`."""
    assert callable(true)
    for _ in range(int(seconds / 0.02)):
        if true():
            return
        await asyncio.sleep(0.02)
    raise AssertionError("it never became true")
