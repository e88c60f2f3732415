"""The clinical validator: who may answer, in time and late, and what silence means."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.deploys.stage import FAILED, ON
from bot.deploys.validating import Validating
from bot.model import Reason, Reply, StepState
from tests.emergency.hospital import listen
from tests.gates.declared import declare, on_call
from tests.house import Chat, opened, until
from tests.twins import TwinCi

ASKED = "deploy portal 1.4.2 to production --reason new scanner"


@pytest.fixture
def watched(site: Path) -> Path:
    """A hospital where the portal in production is validated by a safety officer."""
    validator = {"role": "clinical_safety_officer"}
    return declare(site, "portal", "production", validator=validator, watch="45m")


async def deployed(chat: Chat) -> Reply:
    """Deploy to production, as far as it goes without the validator."""
    asked = await chat.say(ASKED)
    await chat.say(f"approve {asked.request}", as_="release-manager")
    return await chat.ended("DEP-1")


async def change_of(chat: Chat) -> dict[str, str]:
    shown = await chat.say("change show CHG-1")
    return {**shown.refs, **dict(shown.fields)}


async def test_the_validator_is_asked_and_their_yes_ends_it(watched: Path) -> None:
    async with opened(watched) as chat:
        waiting = await deployed(chat)
        assert waiting.refs["state"] == "validating"
        question = await chat.card("VALIDATE-DEP-1")
        assert question.text == (
            "Somebody with the role clinical_safety_officer: portal 1.4.2 in production is "
            "deployed. Please look whether it works, and say so until 2026-11-22 12:45 UTC. No "
            "answer counts as not validated."
        )
        assert [one.command for one in question.buttons] == [
            "deploy validate DEP-1 ok",
            "deploy validate DEP-1 failed",
        ]
        assert (await change_of(chat))["state"] == "implement"
        chat.clock.turn(minutes=10)
        done = await chat.say("deploy validate DEP-1 ok --note round trip", as_="safety-officer")
        assert done.reason is Reason.OK, done.text
        ended = await chat.say("deploy status DEP-1")
        assert ended.refs["state"] == "succeeded"
        assert "safety-officer confirmed that it works: round trip" in ended.text
        assert [step.state for step in ended.progress] == [StepState.DONE] * 6
        change = await change_of(chat)
        assert (change["state"], change["result"]) == ("closed", "successful")
        assert (await chat.card("VALIDATE-DEP-1")).buttons == ()
        kept = await chat.house.stores.deploys.show("DEP-1")
        assert kept is not None
        assert (kept.validated_by, kept.validation) == ("safety-officer", "round trip")
        assert kept.validated == kept.finished == chat.clock.moment


async def test_the_environment_is_locked_until_the_answer(watched: Path) -> None:
    async with opened(watched) as chat:
        await deployed(chat)
        other = await chat.say("deploy portal 1.4.1 to production --reason another", as_="engineer")
        assert other.reason is Reason.LOCKED
        await chat.say("deploy validate DEP-1 ok", as_="safety-officer")
        other = await chat.say("deploy portal 1.4.1 to production --reason another", as_="engineer")
        assert other.reason is Reason.PENDING_APPROVAL, other.text


async def test_silence_is_not_validated_and_the_owner_is_told(watched: Path) -> None:
    async with opened(watched) as chat:
        await deployed(chat)
        chat.clock.turn(minutes=44, seconds=59)
        assert await chat.house.control.validation.end_due() == 0
        chat.clock.turn(seconds=1)
        assert await chat.house.control.validation.end_due() == 1
        assert await chat.house.control.validation.end_due() == 0
        ended = await chat.say("deploy status DEP-1")
        assert ended.refs["state"] == "not_validated"
        told = await chat.card("UNVALIDATED-DEP-1")
        assert told.reason is Reason.EXPIRED
        assert "portal 1.4.2 in production runs and is NOT VALIDATED (DEP-1)" in told.text
        assert "CHG-1 stays open" in told.text
        change = await change_of(chat)
        assert change["state"] == "implement"
        assert "result" not in change
        assert change["Closing note"].startswith("DEP-1 was not validated: Nobody validated it")
        (event,) = await chat.events(verb="deploy validation", reason="expired")
        assert event.data["deploy"] == "DEP-1"
        card = await chat.card("REQ-1")
        assert "NOT VALIDATED" in card.text
        assert [one.label for one in card.buttons] == ["It works", "It does not", "Roll back"]


@pytest.mark.thorough
async def test_what_was_not_validated_frees_the_environment(watched: Path) -> None:
    async with opened(watched) as chat:
        await deployed(chat)
        deploys = chat.house.stores.deploys
        assert await deploys.holder("portal", "production") == "DEP-1"
        chat.clock.turn(hours=1)
        await chat.house.control.validation.end_due()
        assert await deploys.holder("portal", "production") == ""


@pytest.mark.thorough
async def test_a_late_answer_settles_it_and_says_that_it_was_late(watched: Path) -> None:
    async with opened(watched) as chat:
        await deployed(chat)
        chat.clock.turn(hours=2)
        await chat.house.control.validation.end_due()
        done = await chat.say("deploy validate DEP-1 ok --note looked", as_="safety-officer")
        assert done.reason is Reason.OK
        ended = await chat.say("deploy status DEP-1")
        assert ended.refs["state"] == "succeeded"
        assert "looked That was after 2026-11-22 12:45 UTC." in ended.text
        assert (await change_of(chat))["result"] == "successful"
        again = await chat.say("deploy validate DEP-1 ok", as_="safety-officer")
        assert again.reason is Reason.BAD_INPUT
        assert "nothing to validate" in again.text


async def test_a_no_ends_it_as_failed_and_offers_the_rollback(watched: Path) -> None:
    async with opened(watched) as chat:
        await deployed(chat)
        without = await chat.say("deploy validate DEP-1 failed", as_="safety-officer")
        assert without.reason is Reason.BAD_INPUT
        assert "--reason" in without.text
        said = "deploy validate DEP-1 failed --reason the images are upside down"
        assert (await chat.say(said, as_="safety-officer")).reason is Reason.OK
        ended = await chat.say("deploy status DEP-1")
        assert ended.refs["state"] == "failed"
        assert "found that it does not work: the images are upside down" in ended.text
        assert (await change_of(chat))["result"] == "failed"
        (button,) = (await chat.card("REQ-1")).buttons
        assert button.label == "Roll back"
        back = await chat.say(button.command)
        assert back.reason is Reason.PENDING_APPROVAL, back.text


async def test_the_requester_never_validates(watched: Path) -> None:
    people = (watched.parent / "people.yaml").read_text()
    people = people.replace(
        '"roles": ["engineer"]', '"roles": ["engineer", "clinical_safety_officer"]'
    )
    (watched.parent / "people.yaml").write_text(people)
    async with opened(watched) as chat:
        await deployed(chat)
        refused = await chat.say("deploy validate DEP-1 ok")
        assert refused.reason is Reason.NOT_AUTHORISED
        assert refused.text == (
            "You cannot validate DEP-1: you asked for this deploy yourself, so somebody else must "
            "validate it."
        )
        other = await chat.say("deploy validate DEP-1 ok", as_="engineer-2")
        assert other.reason is Reason.OK, other.text


async def test_only_those_who_are_named_validate(site: Path) -> None:
    file = declare(site, "portal", "production", validator={"person": "safety-officer"})
    async with opened(file) as chat:
        await deployed(chat)
        refused = await chat.say("deploy validate DEP-1 ok", as_="commander")
        assert refused.reason is Reason.NOT_AUTHORISED
        assert refused.text == "DEP-1 is validated by safety-officer; ask them to look."
        assert (
            await chat.say("deploy validate DEP-1 ok", as_="safety-officer")
        ).reason is Reason.OK


@pytest.mark.thorough
async def test_whoever_is_on_call_validates_and_nobody_else_does(site: Path) -> None:
    # NOON is a Sunday: the safety officer is on call until 14:00, then the commander.
    shifts = [
        {"people": ["safety-officer"], "starts": "08:00", "ends": "14:00"},
        {"people": ["commander"], "starts": "14:00", "ends": "20:00"},
    ]
    on_call(site, radiology=shifts)
    declare(site, "portal", "production", validator={"rota": "radiology"}, watch="4h")
    async with opened(site) as chat:
        await deployed(chat)
        refused = await chat.say("deploy validate DEP-1 ok", as_="commander")
        assert refused.reason is Reason.NOT_AUTHORISED
        assert "is validated by whoever is on call for radiology" in refused.text
        chat.clock.turn(hours=2, minutes=30)
        gone = await chat.say("deploy validate DEP-1 ok", as_="safety-officer")
        assert gone.reason is Reason.NOT_AUTHORISED
        assert (await chat.say("deploy validate DEP-1 ok", as_="commander")).reason is Reason.OK


@pytest.mark.thorough
async def test_a_rollback_takes_the_place_of_what_nobody_has_validated(watched: Path) -> None:
    async with opened(watched) as chat:
        await deployed(chat)
        asked = await chat.say("rollback portal production --reason the menu is gone")
        assert asked.reason is Reason.PENDING_APPROVAL, asked.text
        await chat.say(f"approve {asked.request}", as_="release-manager")
        back = await chat.ended("DEP-2")
        assert back.refs["state"] == "validating"
        assert chat.ci.running["portal", "production"] == "1.4.1"
        first = await chat.say("deploy status DEP-1")
        assert first.refs["state"] == "failed"
        assert "engineer rolled it back before it was validated" in first.text
        assert (await change_of(chat))["result"] == "rolled_back"
        late = await chat.say("deploy validate DEP-1 ok", as_="safety-officer")
        assert late.reason is Reason.BAD_INPUT


async def unvalidated(chat: Chat) -> None:
    """Deploy to production and let the watch period end without an answer."""
    await deployed(chat)
    chat.clock.turn(hours=1)
    await chat.house.control.validation.end_due()


async def again(chat: Chat, version: str) -> None:
    """Deploy another version to production, as DEP-2."""
    asked = await chat.say(f"deploy portal {version} to production --reason mend it")
    assert asked.reason is Reason.PENDING_APPROVAL, asked.text
    await chat.say(f"approve {asked.request}", as_="release-manager")
    assert (await chat.ended("DEP-2")).refs["state"] == "validating"


async def test_what_nobody_validated_is_in_nobodys_way(watched: Path) -> None:
    async with opened(watched) as chat:
        await unvalidated(chat)
        assert (await change_of(chat))["state"] == "implement"
        await again(chat, "1.4.1")


async def test_what_nobody_validated_ends_once_another_version_runs_in_its_place(
    watched: Path,
) -> None:
    async with opened(watched) as chat:
        await unvalidated(chat)
        await chat.house.control.validation.look()
        assert (await chat.say("deploy status DEP-1")).refs["state"] == "not_validated"
        await again(chat, "1.4.1")
        late = await chat.say("deploy validate DEP-1 ok --note fine", as_="safety-officer")
        assert late.reason is Reason.BAD_INPUT
        assert "DEP-1 does not run there any more" in late.text
        await chat.house.control.validation.look()
        first = await chat.say("deploy status DEP-1")
        assert first.refs["state"] == "failed"
        assert "DEP-2 (1.4.1) took its place before anybody validated it." in first.text
        change = await change_of(chat)
        assert (change["state"], change["result"]) == ("closed", "failed")
        assert await chat.house.control.validation.end_overtaken() == 0
        assert len(await chat.events(kind="ended", deploy="DEP-1", reason="failed")) == 1
        report = await chat.say("audit report --month 2026-11", as_="security-officer")
        assert report.table is not None
        found = {name: number for name, number, _ in report.table.rows}
        assert found["Deploys that nobody validated in time"] == "1"
        assert found["Deploys that failed"] == "1"


async def test_a_deploy_that_was_stopped_before_its_trigger_takes_no_place(watched: Path) -> None:
    async with opened(watched) as chat:
        await unvalidated(chat)
        asked = await chat.say("deploy portal 1.4.1 to production --reason mend it")
        chat.ci.moved["portal", "1.4.1"] = "f" * 40
        await chat.say(f"approve {asked.request}", as_="release-manager")
        assert await chat.house.control.validation.end_overtaken() == 0
        done = await chat.say("deploy validate DEP-1 ok --note fine", as_="safety-officer")
        assert done.reason is Reason.OK, done.text


@pytest.mark.thorough
async def test_a_restart_in_the_middle_of_the_watch_loses_and_repeats_nothing(
    watched: Path,
) -> None:
    ci = TwinCi()
    async with opened(watched, ci) as chat:
        await deployed(chat)
        clock = chat.clock
    clock.turn(minutes=30)
    async with opened(watched, ci, clock) as chat:
        assert (await chat.say("deploy status DEP-1")).refs["state"] == "validating"
        assert await chat.house.control.validation.end_due() == 0
        clock.turn(minutes=15)
        assert await chat.house.control.validation.end_due() == 1
        assert (await chat.say("deploy status DEP-1")).refs["state"] == "not_validated"
        assert len(await chat.events(verb="deploy validation")) == 2  # asked once, lapsed once
        assert ci.deploys == ["REQ-1"]


async def test_the_channel_and_those_it_is_about_are_told(watched: Path) -> None:
    services = watched.parent / "services.yaml"
    text = services.read_text()
    services.write_text(
        text.replace('"id": "portal",', '"id": "portal", "channels": ["slack:C1"],')
    )
    async with opened(watched) as chat:
        slack, _ = listen(chat)
        await deployed(chat)
        for channel in ("C1", "U0005"):  # the safety officer's own chat
            await until(
                lambda at=channel: "Please look whether it works" in slack.said(f"slack:{at}")
            )
        chat.clock.turn(hours=1)
        await chat.house.control.validation.end_due()
        for channel in ("C1", "U0001"):  # the engineer, who asked for it
            await until(lambda at=channel: "NOT VALIDATED (DEP-1)" in slack.said(f"slack:{at}"))
        assert "Please look" not in slack.said("slack:U0001")


@pytest.mark.thorough
async def test_a_dry_run_of_an_answer_changes_nothing(watched: Path) -> None:
    async with opened(watched) as chat:
        await deployed(chat)
        dry = await chat.say("deploy validate DEP-1 ok --dry-run", as_="safety-officer")
        assert dry.reason is Reason.OK
        assert (await chat.say("deploy status DEP-1")).refs["state"] == "validating"


@pytest.mark.thorough
async def test_nothing_waits_to_be_validated_where_nobody_is_named(chat: Chat) -> None:
    await chat.say("deploy portal 1.4.2 to test --reason try it")
    await chat.ended("DEP-1")
    assert (await chat.say("deploy validate DEP-1 ok")).reason is Reason.BAD_INPUT
    missing = await chat.say("deploy validate DEP-9 ok")
    assert missing.reason is Reason.NOT_FOUND
    wrong = await chat.say("deploy validate DEP-1 ok --reason what")
    assert "belongs to `failed`" in wrong.text


async def test_a_no_is_no_failure_that_a_flow_would_roll_back(watched: Path) -> None:
    async with opened(watched) as chat:
        await deployed(chat)
        no = "deploy validate DEP-1 failed --reason the images are upside down"
        assert (await chat.say(no, as_="safety-officer")).reason is Reason.OK
        # As after a kill between the question and the flow's memory of it.
        again = await Validating(chat.house.control.validation)("DEP-1", 0)
        assert again["state"] not in (ON, FAILED)
