"""Test before production of the same commit, and for as long as it has to soak there."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from bot.model import DeployState, Probe, Reason, Reply
from tests.gates.declared import declare
from tests.house import Chat, opened
from tests.twins import commit_of

TEST = "deploy portal 1.4.2 to test --reason try it"
PRODUCTION = "deploy portal 1.4.2 to production --reason now"


async def to_test(chat: Chat, version: str = "1.4.2") -> str:
    """Deploy to test and wait for its end."""
    reply = await chat.say(f"deploy portal {version} to test --reason try it")
    deploy = reply.refs["deploy"]
    await chat.ended(deploy)
    return deploy


def refused(reply: Reply) -> str:
    """Return the sentence of a deploy that was refused for its order."""
    assert reply.reason is Reason.PRECHECK_FAILED, reply
    return reply.text


async def test_production_waits_for_a_success_in_test(site: Path) -> None:
    async with opened(declare(site, "portal", "production", after="test")) as chat:
        assert refused(await chat.say(PRODUCTION)) == (
            f"production of portal comes after test, and 1.4.2 (commit "
            f"{commit_of('portal', '1.4.2')[:12]}) has not been there. Type "
            "`deploy portal 1.4.2 to test --reason ...` first."
        )
        assert refused(await chat.say(f"{PRODUCTION} --dry-run")).startswith("production of")
        await to_test(chat)
        assert (await chat.say(PRODUCTION)).reason is Reason.PENDING_APPROVAL


async def test_another_commit_of_the_same_version_has_not_been_in_test(site: Path) -> None:
    async with opened(declare(site, "portal", "production", after="test")) as chat:
        await to_test(chat)
        chat.ci.moved["portal", "1.4.2"] = commit_of("portal", "1.4.1")
        said = refused(await chat.say(PRODUCTION))
        assert f"1.4.2 is commit {commit_of('portal', '1.4.1')[:12]} now" in said
        assert f"DEP-1 had commit {commit_of('portal', '1.4.2')[:12]} in test" in said


@pytest.mark.thorough
async def test_a_failure_after_a_success_takes_it_away(site: Path) -> None:
    async with opened(declare(site, "portal", "production", after="test")) as chat:
        await to_test(chat)
        chat.ci.running["portal", "test"] = "1.4.1"
        chat.prober.version = _stuck  # type: ignore[method-assign] # turned by this test
        await to_test(chat)
        assert "DEP-2 failed there" in refused(await chat.say(PRODUCTION))


async def _stuck(probe: Probe) -> str:
    del probe
    return "1.4.1"


@pytest.mark.thorough
async def test_a_deploy_that_never_began_takes_nothing_away(site: Path) -> None:
    async with opened(declare(site, "portal", "production", after="test")) as chat:
        await to_test(chat)
        chat.ci.drop = True
        await to_test(chat)
        chat.ci.drop = False
        assert (await chat.house.stores.deploys.show("DEP-2")).state is DeployState.FAILED  # type: ignore[union-attr] # it is there
        assert (await chat.say(PRODUCTION)).reason is Reason.PENDING_APPROVAL


@pytest.mark.thorough
async def test_what_was_rolled_back_in_test_does_not_go_on(site: Path) -> None:
    async with opened(declare(site, "portal", "production", after="test")) as chat:
        await to_test(chat)
        back = await chat.say("rollback portal test --reason it is ugly")
        await chat.ended(back.refs["deploy"])
        assert "DEP-2 rolled DEP-1 back there" in refused(await chat.say(PRODUCTION))
        await to_test(chat)
        assert (await chat.say(PRODUCTION)).reason is Reason.PENDING_APPROVAL


async def test_a_rollback_needs_no_order_and_no_soak(site: Path) -> None:
    async with opened(site) as chat:
        await chat.approved(PRODUCTION, "release-manager")
        await chat.ended("DEP-1")
    file = declare(site, "portal", "production", after="test", soak="2h")
    async with opened(file, chat.ci, chat.clock) as chat:
        back = await chat.say("rollback portal production --reason the menu is gone")
        assert back.reason is Reason.PENDING_APPROVAL, back.text
        await chat.say(f"approve {back.request}", as_="release-manager")
        assert (await chat.ended("DEP-2")).refs["state"] == "succeeded"


@pytest.mark.thorough
async def test_a_success_that_test_wants_validated_counts_once_it_is(site: Path) -> None:
    declare(site, "portal", "production", after="test")
    async with opened(site) as chat:
        await to_test(chat)
    # The validator was declared after that deploy: nobody was asked about it.
    file = declare(site, "portal", "test", validator={"role": "clinical_safety_officer"})
    async with opened(file, chat.ci, chat.clock) as chat:
        assert "DEP-1 was not validated there" in refused(await chat.say(PRODUCTION))
        await to_test(chat)
        said = refused(await chat.say(PRODUCTION))
        assert "DEP-2 waits for its clinical validator there" in said
        assert "`deploy validate DEP-2 ok --note ...`" in said
        await chat.say("deploy validate DEP-2 ok --note seen", as_="safety-officer")
        assert (await chat.say(PRODUCTION)).reason is Reason.PENDING_APPROVAL


async def test_the_order_is_asked_again_before_it_runs(site: Path) -> None:
    async with opened(declare(site, "portal", "production", after="test")) as chat:
        await to_test(chat)
        asked = await chat.say(PRODUCTION)
        back = await chat.say("rollback portal test --reason it is ugly")
        await chat.ended(back.refs["deploy"])
        await chat.say(f"approve {asked.request}", as_="release-manager")
        assert refused(await chat.card("REQ-1"))
        assert chat.ci.deploys == ["DEP-1", "DEP-2"]


@pytest.fixture
def soaking(site: Path) -> Path:
    """A hospital where the portal soaks two hours in test."""
    return declare(site, "portal", "production", after="test", soak="2h")


async def test_it_soaks_from_its_success_in_test(soaking: Path) -> None:
    async with opened(soaking) as chat:
        await to_test(chat)
        chat.clock.turn(hours=1, minutes=59)
        assert refused(await chat.say(PRODUCTION)) == (
            "1.4.2 soaks until 2026-11-22 14:00 UTC in test, since DEP-1 succeeded there. "
            "Ask again then."
        )
        chat.clock.turn(minutes=1)
        assert (await chat.say(PRODUCTION)).reason is Reason.PENDING_APPROVAL


@pytest.mark.thorough
async def test_a_clock_that_was_set_back_makes_it_soak_longer(soaking: Path) -> None:
    async with opened(soaking) as chat:
        await to_test(chat)
        chat.clock.moment -= timedelta(hours=5)
        assert "soaks until 2026-11-22 14:00 UTC" in refused(await chat.say(PRODUCTION))
        chat.clock.turn(hours=4)  # it looks as if it had run for longer than it soaks
        assert "soaks until 2026-11-22 14:00 UTC" in refused(await chat.say(PRODUCTION))


@pytest.mark.thorough
async def test_what_is_newer_in_test_ends_the_soak(soaking: Path) -> None:
    async with opened(soaking) as chat:
        await to_test(chat)
        await to_test(chat, "1.4.1")
        chat.clock.turn(hours=3)
        said = refused(await chat.say(PRODUCTION))
        assert "did not soak in test: DEP-2 (1.4.1) came there after DEP-1" in said


@pytest.mark.thorough
async def test_the_same_commit_again_soaks_anew(soaking: Path) -> None:
    async with opened(soaking) as chat:
        await to_test(chat)
        chat.clock.turn(hours=1)
        await to_test(chat)
        chat.clock.turn(hours=1)
        assert "soaks until 2026-11-22 15:00 UTC" in refused(await chat.say(PRODUCTION))


async def test_without_an_order_nothing_has_to_come_before(chat: Chat) -> None:
    assert (await chat.say(PRODUCTION)).reason is Reason.PENDING_APPROVAL
