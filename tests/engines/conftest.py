"""A running house whose services have channels on an engine."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from bot.app import build, running
from bot.deploys.patience import Patience
from bot.engines import EngineProber, Engines
from bot.ground import Outside
from bot.settings import load
from tests.databases import POLL_SECONDS, FixedClock
from tests.engines.twin import LAB, PACS, TwinEngine
from tests.house import QUICK, Chat, site
from tests.twins import TwinCi, TwinProber

__all__ = ["chat", "engine", "site", "with_channels"]
ENDPOINTS: dict[tuple[str, str], dict[str, Any]] = {
    ("lab-results", "production"): {
        "name": "lab-in-channel",
        "channel": LAB.name,
        "queue_limit": 50,
        "idle_minutes": 15,
    },
    ("lab-results", "test"): {"name": "lab-in-test", "channel": LAB.name},
    ("pacs", "production"): {"name": "pacs-orders", "channel": PACS.id},
}


@pytest.fixture
def engine() -> TwinEngine:
    """The engine of the house."""
    return TwinEngine()


@pytest.fixture
def with_channels(site: Path) -> Path:
    """The settings of a site whose services have channels."""
    file = site.parent / "services.yaml"
    services = json.loads(file.read_text())
    for service in services:
        for name, environment in service["environments"].items():
            found = ENDPOINTS.get((service["id"], name))
            if found:
                one = {"kind": "engine", "engine": "main", **found}
                environment["endpoints"] = [one]
    file.write_text(json.dumps(services))
    return site


@pytest.fixture
async def chat(with_channels: Path, engine: TwinEngine) -> AsyncIterator[Chat]:
    """A house that a test types to, with that engine."""
    ci, clock = TwinCi(), FixedClock()
    settings, engines = load(with_channels, {}), Engines({"main": engine}, settles=0.02, poll=0.01)
    twin = TwinProber(ci)
    prober = EngineProber(twin, engines, clock)
    outside = Outside(ci, prober, clock, Patience(**QUICK.__dict__), POLL_SECONDS, engines=engines)
    async with running(build(settings, outside)) as house:
        yield Chat(house, ci, clock, settings, twin)
