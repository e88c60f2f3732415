"""Deploys: what is refused, what is looked up, how each one ends."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
import yaml

from bot.model import BuildState, Reason, StepState
from tests.house import Chat, opened, write_site

TEST = "deploy portal 1.4.2 to test --reason try it"


async def test_test_needs_no_approval_and_no_change(chat: Chat) -> None:
    reply = await chat.say(TEST)
    assert reply.reason is Reason.OK
    assert reply.refs == {"deploy": "DEP-1"}
    ended = await chat.ended("DEP-1")
    assert ended.refs["state"] == "succeeded"
    assert [step.state for step in ended.progress] == [StepState.DONE] * 5
    assert (await chat.say("change list --all")).table is None


async def test_a_red_build_is_not_deployed(chat: Chat) -> None:
    reply = await chat.say("deploy portal 1.5.0 to test --reason try it")
    assert reply.reason is Reason.CI_NOT_GREEN
    assert "test_ack_code" in reply.text
    assert chat.ci.deploys == []


@pytest.mark.parametrize(
    ("state", "next_step"),
    [
        (BuildState.CANCELLED, "`ci run portal 1.4.2` builds it again."),
        (BuildState.UNKNOWN, "`ci run portal 1.4.2` builds it again."),
        (BuildState.RED, "`ci log portal-1.4.2` shows the end of its log."),
    ],
)
async def test_a_build_that_is_not_green_says_what_to_do_next(
    chat: Chat, state: BuildState, next_step: str
) -> None:
    chat.ci.states["1.4.2"] = state
    reply = await chat.say(TEST)
    assert reply.reason is Reason.CI_NOT_GREEN
    assert reply.text.startswith(f"CI is {state.value} for portal 1.4.2 ")
    assert reply.text.endswith(next_step)


async def test_a_ci_server_that_is_down_counts_as_not_green(chat: Chat) -> None:
    chat.ci.is_down = True
    for text in (TEST, "ci status portal", "ci run portal 1.4.2"):
        reply = await chat.say(text)
        assert reply.reason in (Reason.CI_NOT_GREEN, Reason.UNAVAILABLE), reply
        assert "does not answer" in reply.text
    assert chat.ci.deploys == []


async def test_an_unknown_version_is_refused_by_name(chat: Chat) -> None:
    reply = await chat.say("deploy portal 9.9.9 to test --reason try it")
    assert reply.reason is Reason.BAD_INPUT
    assert "9.9.9" in reply.text


async def test_a_dry_run_changes_nothing_but_the_log(chat: Chat) -> None:
    reply = await chat.say(
        "deploy lab-results 1.4.2 to production --reason fix the queue --dry-run"
    )
    assert reply.reason is Reason.OK
    shown = dict(reply.fields)
    assert "2 approvals" in shown["Still needs"]
    assert "release-manager" in shown["Can approve"]
    assert "engineer," not in shown["Can approve"]
    assert (await chat.say("approvals")).table is None
    assert (await chat.say("change list --all")).table is None
    assert chat.ci.deploys == []


async def test_one_deploy_per_service_and_environment(chat: Chat) -> None:
    chat.ci.hold = asyncio.Event()
    await chat.say(TEST)
    second = await chat.say(TEST)
    assert second.reason is Reason.LOCKED
    assert "DEP-1" in second.text
    chat.ci.hold.set()
    await chat.ended("DEP-1")
    assert (await chat.say(TEST)).refs["deploy"] == "DEP-2"
    await chat.ended("DEP-2")


async def test_a_failed_smoke_probe_closes_the_change_and_offers_the_rollback(chat: Chat) -> None:
    await chat.approved("deploy portal 1.4.2 to production --reason one", "release-manager")
    await chat.ended("DEP-1")
    second = await chat.say("deploy portal 1.4.3 to production --reason two")
    await chat.say(f"approve {second.request}", as_="release-manager")
    ended = await chat.ended("DEP-2")
    assert ended.refs["state"] == "failed"
    assert "smoke probe" in ended.text
    shown = await chat.say(f"change show {second.refs['change']}")
    assert shown.refs["result"] == "failed"

    card = await chat.card("REQ-2")
    (button,) = card.buttons
    asked = await chat.say(button.command)
    assert asked.reason is Reason.PENDING_APPROVAL, asked.text
    assert asked.title == "Roll back portal 1.4.2 to production?"
    await chat.say(f"approve {asked.request}", as_="release-manager")
    back = await chat.ended("DEP-3")
    assert back.refs["state"] == "succeeded"
    assert chat.ci.running["portal", "production"] == "1.4.2"


@pytest.mark.thorough
async def test_the_first_rollback_goes_to_what_was_seen_running_before(chat: Chat) -> None:
    await chat.say(TEST)
    await chat.ended("DEP-1")
    reply = await chat.say("rollback portal test --reason it is ugly")
    assert reply.title == "Roll back portal 1.4.1 to test", reply
    await chat.ended("DEP-2")
    assert chat.ci.running["portal", "test"] == "1.4.1"


async def test_a_rollback_with_no_history_says_so(chat: Chat) -> None:
    reply = await chat.say("rollback portal test --reason why not")
    assert reply.reason is Reason.NOT_FOUND
    assert "deploy portal VERSION to test" in reply.text


async def test_a_trigger_that_got_no_answer_is_looked_up_by_its_correlation_id(
    chat: Chat,
) -> None:
    chat.ci.swallow = True
    await chat.say(TEST)
    ended = await chat.ended("DEP-1")
    assert ended.refs["state"] == "succeeded"
    assert chat.ci.deploys == ["DEP-1"]
    assert chat.ci.lookups[0] == "DEP-1"


@pytest.mark.thorough
async def test_a_trigger_that_never_arrived_has_failed_and_is_not_repeated(chat: Chat) -> None:
    chat.ci.drop = True
    await chat.say(TEST)
    ended = await chat.ended("DEP-1")
    assert ended.refs["state"] == "failed"
    assert "nothing was started" in ended.text
    assert chat.ci.deploys == []


async def test_what_cannot_be_looked_up_waits_for_a_human(site: Path) -> None:
    async with opened(site) as chat:
        find = chat.ci.find

        async def down(*args: object) -> None:
            chat.ci.is_down = True
            await find(*args)  # type: ignore[arg-type] # the twin's own arguments

        chat.ci.find = down  # type: ignore[method-assign,assignment] # turned by this test
        chat.ci.swallow = True
        await chat.say(TEST)
        ended = await chat.ended("DEP-1")
        assert ended.refs["state"] == "unknown"
        card = await chat.card("DEP-1")
        assert card.reason is Reason.UNKNOWN_OUTCOME
        assert [button.label for button in card.buttons] == ["It happened", "It did not"]
        chat.ci.is_down = False
        assert (await chat.say(TEST)).reason is Reason.LOCKED

        settled = await chat.say("deploy settle DEP-1 succeeded --reason I looked at Buildbot")
        assert settled.reason is Reason.OK
        chat.ci.swallow = False
        assert (await chat.say(TEST)).refs["deploy"] == "DEP-2"
        await chat.ended("DEP-2")


async def test_a_freeze_holds_names_its_owner_and_ends(site: Path, launched_url: str) -> None:
    freeze = {
        "name": "go-live",
        "owner": "commander",
        "reason": "EHR upgrade weekend",
        "start": "2026-11-22T06:00:00Z",
        "end": "2026-11-22T18:00:00Z",
        "environments": ["production"],
    }
    (site.parent / "calendars.yaml").write_text(yaml.safe_dump({"freezes": [freeze]}))
    file = write_site(site.parent, launched_url, calendars="calendars.yaml")
    async with opened(file) as chat:
        held = await chat.say("deploy portal 1.4.2 to production --reason now")
        assert held.reason is Reason.FROZEN
        assert "commander" in held.text
        assert (await chat.say(TEST)).reason is Reason.OK
        await chat.ended("DEP-1")
        chat.clock.turn(hours=7)
        asked = await chat.say("deploy portal 1.4.2 to production --reason now")
        assert asked.reason is Reason.PENDING_APPROVAL


async def test_a_named_change_has_to_fit(chat: Chat) -> None:
    ask = "deploy portal 1.4.2 to production --reason now --change CHG-1"
    assert (await chat.say(ask)).reason is Reason.CHANGE_REQUIRED
    opened_ = await chat.say(
        "change open for portal in production --summary banner --impact none --backout rollback "
        "--risk low --sites main --implementation deploy --test-evidence T-1 "
        "--validator engineer-2 --starts-in 2"
    )
    assert opened_.refs["change"] == "CHG-1", opened_.text
    early = await chat.say(ask)
    assert early.reason is Reason.CHANGE_REQUIRED
    assert "window" in early.text
    chat.clock.turn(hours=2, minutes=1)
    assert (await chat.say(ask)).reason is Reason.PENDING_APPROVAL
    await chat.say("approve REQ-1", as_="release-manager")
    await chat.ended("DEP-1")
    assert (await chat.say("change show CHG-1")).refs["result"] == "successful"
    assert (await chat.say(ask)).reason is Reason.CHANGE_REQUIRED


async def test_what_moved_between_approval_and_run_is_not_run(chat: Chat) -> None:
    await chat.say("deploy portal 1.4.2 to production --reason now")
    resolve, calls = chat.ci.resolve, []

    async def moving(*args: object) -> str:
        calls.append(args)
        # The click looks once; the check before the run is the second look.
        if len(calls) > 1:
            return "f" * 40
        return await resolve(*args)  # type: ignore[arg-type] # the twin's own arguments

    chat.ci.resolve = moving  # type: ignore[method-assign,assignment] # turned by this test
    await chat.say("approve REQ-1", as_="release-manager")
    card = await chat.card("REQ-1")
    assert card.reason is Reason.SUPERSEDED
    assert chat.ci.deploys == []
    assert (await chat.say("change show CHG-1")).refs["result"] == "not_implemented"


async def test_history_and_lists_tell_what_was_where(chat: Chat) -> None:
    await chat.say(TEST)
    await chat.ended("DEP-1")
    history = await chat.say("deploy history portal in test")
    assert history.table is not None
    assert history.table.rows[0][:5] == ("DEP-1", "test", "1.4.2", "1.4.1", "succeeded")
    listed = await chat.say("deploy list of portal")
    assert listed.table is not None
    assert listed.table.rows[0][0] == "DEP-1"


async def test_a_deploy_that_wardroom_breaks_waits_for_a_human(chat: Chat) -> None:
    async def broken(_build: str) -> None:
        raise ZeroDivisionError

    chat.ci.build = broken  # type: ignore[method-assign,assignment] # our own fault, not CI's
    await chat.say(TEST)
    ended = await chat.ended("DEP-1")
    assert ended.refs["state"] == "unknown"
    assert "look before you go on" in ended.text
    assert (await chat.say("deploy settle DEP-1 failed --reason looked")).reason is Reason.OK


async def test_a_change_is_closed_by_hand_once_no_deploy_works_under_it(chat: Chat) -> None:
    asked = await chat.say("change open portal test --summary s --impact none --backout rollback")
    number = asked.refs["change"]
    closed = await chat.say(f"change close {number} successful --note the lab looked")
    assert closed.reason is Reason.OK, closed.text
    again = await chat.say(f"change close {number} failed --note once more")
    assert again.reason is not Reason.OK
    assert (await chat.say(f"change show {number}")).refs["result"] == "successful"
