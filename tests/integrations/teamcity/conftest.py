"""A played TeamCity and the provider that asks it, for each test."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest
import respx

from bot.model import Service
from integrations.teamcity.provider import TeamCity
from tests.integrations.teamcity import vendor
from tests.integrations.teamcity.vendor import PlayedTeamCity


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.vendors.vendor.FIRST_WAIT", 0.0)
    monkeypatch.setattr("bot.vendors.vendor.LONGEST_WAIT", 0.0)


@pytest.fixture
def there() -> PlayedTeamCity:
    return vendor.hospital()


@pytest.fixture
def wire(there: PlayedTeamCity) -> Iterator[respx.MockRouter]:
    with respx.mock(assert_all_called=False) as router:
        router.route(host="teamcity.hospital.test").mock(side_effect=there.answer)
        yield router


@pytest.fixture
async def ci(wire: respx.MockRouter) -> AsyncIterator[TeamCity]:
    async with vendor.connected() as made:
        assert isinstance(made, TeamCity)
        yield made


@pytest.fixture
def portal() -> Service:
    return vendor.portal()
