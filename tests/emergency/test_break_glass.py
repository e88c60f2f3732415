"""Break-glass: one person at once, for one service, for a while, and never quietly."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.emergency.glass import LiveGlass
from bot.model import Reason
from bot.storage.database import Database
from bot.storage.grants import SqlGrants
from tests.emergency.hospital import BREAK, OFFICER, OWNERS, SECURITY, listen
from tests.house import Chat, opened, until
from tests.twins import RED, TwinCi

DEPLOY = 'deploy lab-results 1.4.2 to production --reason "the queue is stuck"'
FINDINGS = "--findings the lock was stale and deploying at once was right"


async def test_it_is_in_force_at_once_and_opens_its_review(chat: Chat) -> None:
    reply = await chat.say(BREAK, as_="commander")
    assert reply.reason is Reason.OK, reply.text
    assert dict(reply.refs) == {"grant": "BG-1", "incident": "INC-3", "task": "TASK-1"}
    assert "30 minutes left" in reply.text
    shown = await chat.say("task show TASK-1", as_=OFFICER)
    assert dict(shown.fields)["About"] == "BG-1"
    assert dict(shown.fields)["Did it"] == "commander"
    # A Sunday: Monday and Tuesday are the two working days.
    assert dict(shown.fields)["Due"] == "2026-11-24 23:59 UTC"


async def test_a_deploy_under_it_needs_no_approval_and_carries_its_id(chat: Chat) -> None:
    await chat.say(BREAK, as_="commander")
    reply = await chat.say(DEPLOY, as_="commander")
    assert reply.reason is Reason.OK, reply.text
    assert (await chat.ended("DEP-1")).reason is Reason.OK
    found = await chat.events(incident="INC-3")
    under = [event.data for event in found if event.data["verb"] == "deploy"]
    assert {data["kind"] for data in under} >= {"intent", "outcome"}
    for data in under:
        assert data["params"]["break_glass"] == "BG-1"  # type: ignore[index,call-overload] # it is one
    outcome = next(data for data in under if data["kind"] == "outcome")
    assert "break-glass" in outcome["decision"]["policies"]  # type: ignore[index,call-overload,operator] # it is one


async def test_without_it_the_same_person_may_not_deploy_at_all(chat: Chat) -> None:
    refused = await chat.say(DEPLOY, as_="commander")
    assert refused.reason is Reason.NOT_AUTHORISED


@pytest.mark.parametrize(
    ("typed", "why"),
    [
        ('--service pacs --reason "no results reach t"', "at least 20 characters"),
        ('--service pacs --reason "no results reach th"', "these are 19"),
        (f'--service pacs --reason "{"a" * 30}"', "says nothing"),
        ('--service pacs --reason "   no results reach t   "', "at least 20 characters"),
        ('--service pacs --reason "no results reach the wards" --minutes 61', "1 to 60"),
        ('--service pacs --reason "no results reach the wards" --minutes 0', "1 to 60"),
        ('--reason "no results reach the wards"', "`--service`"),
    ],
)
async def test_what_is_not_said_well_enough_is_not_in_force(
    chat: Chat, typed: str, why: str
) -> None:
    reply = await chat.say(f"break-glass INC-3 {typed}", as_="commander")
    assert reply.reason is Reason.BAD_INPUT
    assert why in reply.text
    assert "No task is open" in (await chat.say("task list", as_=OFFICER)).text


async def test_twenty_characters_and_sixty_minutes_are_enough(chat: Chat) -> None:
    reason = "no results reach wa."
    assert len(reason) == 20
    typed = f'break-glass INC-3 --service lab-results --reason "{reason}" --minutes 60'
    assert "60 minutes left" in (await chat.say(typed, as_="commander")).text


async def test_an_incident_is_needed(chat: Chat) -> None:
    typed = 'break-glass CHG-3 --service lab-results --reason "no results reach the wards"'
    assert (await chat.say(typed, as_="commander")).reason is Reason.BAD_INPUT


@pytest.mark.parametrize("person", ["engineer", "release-manager", "security-officer"])
async def test_only_the_named_role_may(chat: Chat, person: str) -> None:
    refused = await chat.say(BREAK, as_=person)
    assert refused.reason is Reason.NOT_AUTHORISED
    assert "break_glass" in refused.text


async def test_patient_data_in_the_reason_goes_no_further(chat: Chat) -> None:
    typed = 'break-glass INC-3 --service lab-results --reason "MRN: 12345678 has no results"'
    assert (await chat.say(typed, as_="commander")).reason is Reason.PHI_BLOCKED


async def test_another_service_is_not_covered(chat: Chat) -> None:
    await chat.say(BREAK, as_="commander")
    refused = await chat.say("deploy portal 1.4.2 to test --reason try", as_="commander")
    assert refused.reason is Reason.NOT_AUTHORISED


async def test_somebody_else_is_not_covered(chat: Chat) -> None:
    await chat.say(BREAK, as_="commander")
    assert (await chat.say(DEPLOY)).reason is Reason.PENDING_APPROVAL


async def test_it_ends_by_itself(chat: Chat) -> None:
    await chat.say(BREAK, as_="commander")
    chat.clock.turn(minutes=30)
    assert (await chat.say(DEPLOY, as_="commander")).reason is Reason.NOT_AUTHORISED
    await chat.house.control.emergency.breaking.look()
    card = await chat.card("BG-1")
    assert "is over" in card.text
    assert card.buttons == ()
    (event,) = [e for e in await chat.events(verb="break-glass", kind="system") if e]
    assert event.data["incident"] == "INC-3"


async def test_it_can_be_ended_early_and_its_review_stays_open(chat: Chat) -> None:
    await chat.say(BREAK, as_="commander")
    ended = await chat.say("break-glass end BG-1", as_="commander")
    assert ended.reason is Reason.OK
    assert (await chat.say(DEPLOY, as_="commander")).reason is Reason.NOT_AUTHORISED
    assert (await chat.say("break-glass end BG-1", as_=OFFICER)).reason is Reason.DUPLICATE
    assert "TASK-1" in str((await chat.say("task list", as_=OFFICER)).table)


async def test_who_used_it_can_not_review_it_from_any_account(chat: Chat) -> None:
    await chat.say(BREAK, as_="commander")
    own = await chat.say(f"task close TASK-1 {FINDINGS}", as_="commander")
    assert own.reason is Reason.NOT_AUTHORISED
    assert "somebody else must close it" in own.text
    (event,) = await chat.events(verb="task close", reason="not_authorised")
    assert "never-the-subject" in event.data["decision"]["policies"]  # type: ignore[index,call-overload,operator] # it is one
    other = await chat.say(f"task close TASK-1 {FINDINGS}", as_="release-manager")
    assert other.reason is Reason.NOT_AUTHORISED
    assert "a security officer" in other.text
    short = await chat.say("task close TASK-1 --findings fine", as_=OFFICER)
    assert short.reason is Reason.BAD_INPUT
    closed = await chat.say(f"task close TASK-1 {FINDINGS}", as_=OFFICER)
    assert closed.reason is Reason.OK, closed.text


async def test_there_is_no_second_one_before_the_review_is_closed(chat: Chat) -> None:
    await chat.say(BREAK, as_="commander")
    await chat.say("break-glass end BG-1", as_="commander")
    chat.clock.turn(hours=5)
    again = await chat.say(BREAK, as_="commander")
    assert again.reason is Reason.NOT_AUTHORISED
    assert "TASK-1" in again.text
    await chat.say(f"task close TASK-1 {FINDINGS}", as_=OFFICER)
    assert (await chat.say(BREAK, as_="commander")).refs["grant"] == "BG-2"


async def test_it_is_told_to_security_and_to_the_owner(chat: Chat) -> None:
    slack, teams = listen(chat)
    await chat.say(BREAK, as_="commander")
    await until(lambda: slack.said(SECURITY) and slack.said(OWNERS["lab-results"]))
    assert "commander broke the glass on lab-results" in slack.said(SECURITY)
    assert teams.shown == {}


async def test_ci_that_is_not_green_still_stops_it(chat: Chat) -> None:
    await chat.say(BREAK, as_="commander")
    red = await chat.say(f"deploy lab-results {RED} to production --reason now", as_="commander")
    assert red.reason is Reason.CI_NOT_GREEN


async def test_its_change_is_an_emergency_that_somebody_reviews(chat: Chat) -> None:
    await chat.say(BREAK, as_="commander")
    reply = await chat.say(DEPLOY, as_="commander")
    change = await chat.say(f"change show {reply.refs['change']}")
    assert dict(change.fields)["Type"] == "emergency"
    listed = await chat.say("task list", as_=OFFICER)
    assert listed.table is not None
    assert {(row[1], row[2]) for row in listed.table.rows} == {
        ("break_glass_review", "BG-1"),
        ("emergency_change_review", reply.refs["change"]),
    }


async def test_it_holds_after_a_restart_and_no_longer_than_it_was_given(site: Path) -> None:
    ci = TwinCi()
    async with opened(site, ci) as chat:
        await chat.say(BREAK, as_="commander")
        clock = chat.clock
    clock.turn(minutes=10)
    async with opened(site, ci, clock) as chat:
        assert (await chat.say(DEPLOY, as_="commander")).reason is Reason.OK
        await chat.ended("DEP-1")
    clock.turn(minutes=21)
    async with opened(site, ci, clock) as chat:
        again = await chat.say("deploy lab-results 1.4.1 to production --reason x", as_="commander")
        assert again.reason is Reason.NOT_AUTHORISED


async def test_another_replica_knows_it_and_its_end(chat: Chat) -> None:
    other = Database.open(chat.settings.database.get_secret_value())
    try:
        glass = LiveGlass(SqlGrants(other), chat.clock)
        await chat.say(BREAK, as_="commander")
        await glass.refresh()
        known = glass.now("commander", chat.clock.now())
        assert known is not None
        assert (known.id, known.service) == ("BG-1", "lab-results")
        await chat.say("break-glass end BG-1", as_="commander")
        await glass.refresh()
        assert glass.now("commander", chat.clock.now()) is None
    finally:
        other.close()


async def test_uses_and_reviews_are_listed(chat: Chat) -> None:
    assert "never used" in (await chat.say("break-glass list")).text
    await chat.say(BREAK, as_="commander")
    listed = await chat.say("break-glass list")
    assert listed.table is not None
    assert listed.text.startswith("In force: BG-1.")
    assert listed.table.rows[0] == (
        "BG-1",
        "commander",
        "lab-results",
        "INC-3",
        "30 minutes left",
        "TASK-1 open",
    )
