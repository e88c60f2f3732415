"""A whole house whose tickets are at a played ServiceNow, and are followed when a test says so."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from bot.app import build, running
from bot.ground import Outside
from bot.settings import load
from tests.databases import POLL_SECONDS, FixedClock
from tests.house import QUICK, Chat
from tests.integrations.servicenow.ticket_vendor import Instance, playing
from tests.twins import TwinCi, TwinProber

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from bot.model import TicketMapping

DEPLOY = "deploy portal 1.4.2 to production --reason fix the banner"


@asynccontextmanager
async def housed(
    site: Path, mapping: TicketMapping | None = None
) -> AsyncIterator[tuple[Chat, Instance]]:
    """Run a house whose tickets are at a played ServiceNow."""
    async with playing(mapping=mapping) as (system, instance):
        settings, ci, clock = load(site, {}), TwinCi(), FixedClock()
        prober = TwinProber(ci)
        outside = Outside(ci, prober, clock, QUICK, POLL_SECONDS, tickets=system)
        async with running(build(settings, outside)) as house:
            yield Chat(house, ci, clock, settings, prober), instance


async def brought(chat: Chat) -> None:
    """Have what waits brought to the vendor, and what was done there read."""
    follower = chat.house.tickets
    assert follower is not None
    await asyncio.sleep(0)
    chat.clock.turn(seconds=61)
    for _ in range(3):
        await follower.round()
