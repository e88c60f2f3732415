"""A played organisation, and the provider that asks it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from bot.ports import Ci
from tests.integrations.azure.vendor import Server, served


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait for nothing between two tries to read."""
    monkeypatch.setattr("bot.vendors.vendor.FIRST_WAIT", 0.0)
    monkeypatch.setattr("bot.vendors.vendor.LONGEST_WAIT", 0.0)


@pytest.fixture
def server() -> Server:
    """An organisation in which 1.4.1 and 1.4.2 are green, and 1.5.0 is red."""
    return Server()


@pytest.fixture
async def ci(server: Server) -> AsyncIterator[Ci]:
    """The provider."""
    async with served(server) as made:
        yield made
