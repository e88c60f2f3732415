"""What the tests of the Teams door share."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest

from bot.adapters.teams.keys import Keys
from tests.adapters.teams.checked import Checked, TurnedClock, tokens
from tests.fakes.teams import Teams


@pytest.fixture
async def check() -> AsyncIterator[Checked]:
    """A check that has not asked for any key yet."""
    async with Teams.running() as teams, httpx.AsyncClient() as http:
        clock = TurnedClock()
        keys = Keys(http, teams.openid_url, clock)
        yield Checked(teams, tokens(teams, keys, clock), keys, clock)
        await keys.close()
