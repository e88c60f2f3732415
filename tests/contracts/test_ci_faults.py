"""Every fault between us and a CI server becomes its own clear sentence, for every provider."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

import pytest

from bot.errors import IntegrationError, Rejected, Throttled, Unreachable
from tests.contracts.faults import Fault
from tests.contracts.vendors import PLAYED, played

if TYPE_CHECKING:
    from bot.model import Service
    from bot.ports import Ci

COMMIT = "8161935fd6902c7719364a3ebeb01e1dbdf9e78e"
# Those that have the code: of the others, git is asked what lies between two commits.
HOSTS = [name for name in PLAYED if name in {"azure", "github", "gitlab"}]
# Nothing can have happened there: it may be asked for again.
SURELY_NOT = {Fault.UNAUTHORIZED, Fault.FORBIDDEN, Fault.NOT_FOUND, Fault.CONFLICT, Fault.DOWN}
# What became of it is looked up before anything else is done.
PERHAPS = {Fault.BROKEN, Fault.HANG}


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait for nothing between two tries to read."""
    monkeypatch.setattr("bot.vendors.vendor.FIRST_WAIT", 0.0)
    monkeypatch.setattr("bot.vendors.vendor.LONGEST_WAIT", 0.0)


async def _reading(name: str, fault: Fault) -> IntegrationError:
    async with played(name).failing(fault) as (ci, service):
        with pytest.raises(IntegrationError) as told:
            await ci.builds(service, COMMIT)
    return told.value


async def _changing(ci: Ci, service: Service) -> IntegrationError:
    with pytest.raises(IntegrationError) as told:
        await ci.deploy(
            service, "1.4.2", COMMIT, "test", correlation=f"contract-{uuid.uuid4().hex}"
        )
    return told.value


@pytest.mark.parametrize("name", PLAYED)
async def test_each_fault_has_a_sentence_of_its_own(name: str) -> None:
    told = {fault: (await _reading(name, fault)).text for fault in Fault}
    assert len(set(told.values())) == len(Fault), told
    for sentence in told.values():
        assert sentence.endswith(".")
        assert "\n" not in sentence
        assert len(sentence) < 400
    assert "17 s" in told[Fault.THROTTLED_UNTIL]


@pytest.mark.parametrize("name", HOSTS)
async def test_a_list_of_changes_that_cannot_be_read_says_why(name: str) -> None:
    told = {}
    for fault in Fault:
        async with played(name).failing(fault) as (ci, service):
            with pytest.raises(IntegrationError) as error:
                await ci.between(service, "f" * 40, COMMIT)
        told[fault] = error.value.text
    assert len(set(told.values())) == len(Fault), told


@pytest.mark.parametrize("name", PLAYED)
@pytest.mark.parametrize("fault", list(Fault))
async def test_a_deploy_that_may_have_begun_is_never_called_refused(
    name: str, fault: Fault
) -> None:
    async with played(name).failing(fault) as (ci, service):
        error = await _changing(ci, service)
    if fault in SURELY_NOT:
        assert isinstance(error, Rejected), error
    if fault in PERHAPS:
        assert isinstance(error, Unreachable), error
        assert not isinstance(error, Throttled)


@pytest.mark.parametrize("name", PLAYED)
async def test_throttling_says_for_how_long(name: str) -> None:
    error = await _reading(name, Fault.THROTTLED_UNTIL)
    assert isinstance(error, Throttled)
    assert error.seconds == 17
