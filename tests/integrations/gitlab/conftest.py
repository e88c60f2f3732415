"""A played GitLab and its provider, with no pause between two tries."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from integrations.gitlab.provider import GitLab
from tests.integrations.gitlab.vendor import Forge, forged


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.vendors.vendor.FIRST_WAIT", 0.0)
    monkeypatch.setattr("bot.vendors.vendor.LONGEST_WAIT", 0.0)
    monkeypatch.setattr("integrations.gitlab.starting.PAUSES", (0.0, 0.0, 0.0))


@pytest.fixture
def forge() -> Forge:
    return Forge()


@pytest.fixture
async def ci(forge: Forge) -> AsyncIterator[GitLab]:
    async with forged(forge) as provider:
        yield provider
