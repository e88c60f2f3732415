"""Freezes on the road: at the request, at the trigger, added, lifted and read again."""

from __future__ import annotations

import json
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from bot.model import Reason
from tests.databases import FixedClock
from tests.house import Chat, opened, write_site

if TYPE_CHECKING:
    from bot.model import Reply

PRODUCTION = "deploy portal 1.4.2 to production --reason 'fix the banner'"
TEST = "deploy portal 1.4.2 to test --reason 'fix the banner'"
ADD = 'freeze add "ward move" --until "in 4h" --environment production --reason "wards 3, 4 move"'
LIFT = 'freeze lift "ward move" --reason "they have moved"'
# The houses' clock begins at noon on Sunday, 22 November 2026.
HANDOVER = {
    "name": "noon handover",
    "owner": "house supervisor",
    "reason": "wards hand over",
    "rrule": "FREQ=DAILY",
    "starts": "11:45",
    "ends": "12:30",
    "environments": ["production"],
    "exceptions": [{"change_types": ["emergency"], "reason": "patients come first"}],
}


def calendars(folder: Path, url: str, **document: object) -> Path:
    """Write a site with calendars; returns the settings file."""
    (folder / "calendars.yaml").write_text(json.dumps(document))
    return write_site(folder, url, calendars="calendars.yaml")


@pytest.fixture
async def london(site: Path, launched_url: str) -> AsyncIterator[Chat]:
    """A house in London whose wards hand over at noon."""
    file = calendars(site.parent, launched_url, zone="Europe/London", freezes=[HANDOVER])
    async with opened(file) as chat:
        yield chat


async def added(chat: Chat) -> Reply:
    """Add a freeze as the release manager."""
    reply = await chat.say(ADD, as_="release-manager")
    assert reply.reason is Reason.OK, reply.text
    return reply


async def test_a_recurring_freeze_refuses_at_the_request_and_says_everything(london: Chat) -> None:
    held = await london.say(PRODUCTION)

    assert held.reason is Reason.FROZEN
    for said in (
        "`noon handover`",
        "(calendars.yaml): wards hand over",
        "Ask house supervisor",
        "until Sun 2026-11-22 12:30 Europe/London (2026-11-22 12:30 UTC)",
        "What passes it: emergency changes (patients come first)",
        "`freeze next portal production`",
        '`--at "2026-11-22 12:30"`',
    ):
        assert said in held.text
    london.clock.turn(minutes=30)
    assert (await london.say(PRODUCTION)).reason is Reason.PENDING_APPROVAL


async def test_an_emergency_change_passes_the_rule_that_says_so(london: Chat) -> None:
    change = await london.say(
        "change open portal production --type emergency --incident INC-4 --summary outage "
        "--impact none --backout rollback"
    )
    assert change.refs["change"] == "CHG-1", change.text
    passed = await london.say(f"{PRODUCTION} --change CHG-1")
    assert passed.reason is not Reason.FROZEN, passed.text


async def test_a_freeze_that_is_added_while_a_request_waits_stops_it(chat: Chat) -> None:
    asked = await chat.say(PRODUCTION)
    assert asked.reason is Reason.PENDING_APPROVAL
    await added(chat)
    await chat.say(f"approve {asked.request}", as_="release-manager-2")
    await chat.house.engine.wait("carry-out", str(asked.request), seconds=20)
    assert asked.request is not None
    card = await chat.card(asked.request)
    assert "`ward move`" in str(card)
    assert chat.ci.deploys == []


async def test_a_freeze_that_is_added_while_a_deploy_is_scheduled_stops_it_at_its_trigger(
    chat: Chat,
) -> None:
    planned = await chat.say(f'{TEST} --at "2026-11-22 13:00"')
    assert planned.refs["deploy"] == "DEP-1", planned.text
    await chat.say('freeze add "ward move" --until "in 4h" --reason "wards 3, 4 move"')
    chat.clock.turn(hours=1, minutes=1)
    ended = await chat.ended("DEP-1")
    assert "`ward move`" in str(ended)
    assert chat.ci.deploys == []


async def test_a_deploy_is_not_scheduled_into_a_freeze_that_is_known(chat: Chat) -> None:
    await chat.say('freeze add "ward move" --from "in 1h" --until "in 4h" --reason "wards 3, 4"')
    held = await chat.say(f'{TEST} --at "2026-11-22 14:00"')
    assert held.reason is Reason.FROZEN, held.text
    after = await chat.say(f'{TEST} --at "2026-11-22 16:00"')
    assert after.reason is Reason.OK, after.text


async def test_what_is_frozen_is_one_environment_of_what_is_named(chat: Chat) -> None:
    await added(chat)
    held = await chat.say(PRODUCTION)
    assert held.reason is Reason.FROZEN
    assert "`ward move` until 2026-11-22 16:00 UTC (added by release-manager)" in held.text
    assert (await chat.say(TEST)).reason is Reason.OK
    await chat.ended("DEP-1")
    chat.clock.turn(hours=4)
    assert (await chat.say(PRODUCTION)).reason is Reason.PENDING_APPROVAL


async def test_a_rollback_is_frozen_too(chat: Chat) -> None:
    await chat.approved(PRODUCTION, "release-manager")
    await chat.ended("DEP-1")
    await added(chat)
    held = await chat.say("rollback portal production --reason 'it is worse'")
    assert held.reason is Reason.FROZEN, held.text


async def test_an_added_freeze_is_listed_recorded_and_lifted_by_its_owner(chat: Chat) -> None:
    reply = await added(chat)
    assert "production of every service is frozen by `ward move`" in reply.text
    listed = await chat.say("freeze list")
    assert listed.table is not None
    assert listed.table.rows[0][0] == "ward move"
    assert "now, until 2026-11-22 16:00 UTC" in listed.table.rows[0]
    lifted = await chat.say(LIFT, as_="release-manager")
    assert lifted.reason is Reason.OK
    assert (await chat.say(PRODUCTION)).reason is Reason.PENDING_APPROVAL
    verbs = [event.data["verb"] for event in await chat.events(person="release-manager")]
    assert "freeze add" in verbs
    assert "freeze lift" in verbs
    again = await chat.say(LIFT, as_="release-manager")
    assert again.reason is Reason.NOT_FOUND


async def test_somebody_elses_freeze_is_lifted_with_a_role_and_its_owner_is_told(
    chat: Chat,
) -> None:
    await added(chat)
    refused = await chat.say(LIFT)
    assert refused.reason is Reason.NOT_AUTHORISED
    assert "ask release-manager" in refused.text
    lifted = await chat.say(LIFT, as_="commander")
    assert lifted.reason is Reason.OK
    assert "release-manager is told" in lifted.text
    recent = await chat.house.stores.topics.recent()
    (notice,) = [reply for topic, reply in recent if topic.startswith("FREEZE-20261122T120000-")]
    assert "commander lifted the freeze `ward move`" in notice.text
    assert "they have moved" in notice.text


async def test_a_freeze_of_the_file_cannot_be_lifted_from_chat(london: Chat) -> None:
    refused = await london.say('freeze lift "noon handover" --reason now', as_="commander")
    assert refused.reason is Reason.BAD_INPUT
    assert "written in calendars.yaml" in refused.text
    assert "house supervisor" in refused.text
    same = ADD.replace("ward move", "noon handover")
    assert (await london.say(same)).reason is Reason.BAD_INPUT


async def test_two_freezes_of_one_name_are_one_too_many(chat: Chat) -> None:
    await added(chat)
    again = await chat.say(ADD)
    assert again.reason is Reason.DUPLICATE
    assert "freeze list" in again.text


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ('--until "tomorow 06:00"', "Did you mean `tomorrow 06:00`"),
        ('--until "2026-11-22 11:00"', "not after its start"),
        ('--until "2027-06-01 06:00"', "at most 92 days"),
        ('--until "2027-03-28 01:30"', "does not exist in Europe/London"),
        ('--until "2027-10-31 01:30"', "comes twice in Europe/London"),
        ('--until "in 2h" --tag labs', "No service has the tag"),
    ],
)
async def test_times_that_are_unclear_are_said_and_never_guessed(
    london: Chat, words: str, said: str
) -> None:
    refused = await london.say(f"freeze add x {words} --reason y")
    assert refused.reason is Reason.BAD_INPUT
    assert said in refused.text
    listed = await london.say("freeze list")
    assert listed.table is not None
    assert len(listed.table.rows) == 1


async def test_freeze_next_says_what_holds_what_comes_and_when_it_is_open(london: Chat) -> None:
    await added(london)
    now = await london.say("freeze next portal")
    fields = dict(now.fields)
    assert "`ward move`" in now.text
    assert "`noon handover`" in now.text
    assert "`noon handover` from Mon 2026-11-23 11:45 Europe/London" in fields["Next"]
    assert '--at "2026-11-22 16:00"' in fields["Opens"]
    test = await london.say("freeze next portal in test")
    assert "open now" in test.text


async def test_outside_of_its_window_a_deploy_is_told_the_next_one(
    site: Path, launched_url: str
) -> None:
    window = {
        "name": "core nights",
        "owner": "cab",
        "reason": "fewest patients",
        "environments": ["production"],
        "rrule": "FREQ=WEEKLY;BYDAY=TU,WE,TH",
        "starts": "02:00",
        "ends": "05:00",
    }
    file = calendars(site.parent, launched_url, zone="America/New_York", windows=[window])
    async with opened(file) as chat:
        held = await chat.say(PRODUCTION)
        assert held.reason is Reason.FROZEN
        assert "the next one opens Tue 2026-11-24 02:00 America/New_York" in held.text
        assert '`--at "2026-11-24 02:00"`' in held.text
        assert (await chat.say(TEST)).reason is Reason.OK
        await chat.ended("DEP-1")
        chat.clock.turn(hours=43)  # 07:00 UTC on Tuesday
        assert (await chat.say(PRODUCTION)).reason is Reason.PENDING_APPROVAL


async def test_the_calendar_has_every_time_that_a_window_leaves_closed(
    site: Path, launched_url: str
) -> None:
    window = {
        "name": "core nights",
        "owner": "change advisory board",
        "reason": "core systems are changed at night",
        "rrule": "FREQ=WEEKLY;BYDAY=TU,WE",
        "starts": "02:00",
        "ends": "05:00",
        "environments": ["production"],
    }
    file = calendars(site.parent, launched_url, zone="Europe/London", windows=[window])
    async with opened(file) as chat:
        week = await chat.say("change calendar of portal --week 2026-W48")
        following = await chat.say("freeze next portal")

    assert week.table is not None
    assert [row[1] for row in week.table.rows] == ["outside of windows"] * 3
    begins = ["before", "Tue 2026-11-24 05:00", "Wed 2026-11-25 05:00"]
    for row, begin in zip(week.table.rows, begins, strict=True):
        assert row[0].startswith(begin)
    said = dict(following.fields)["Next"]
    assert said.startswith("the maintenance window `core nights` closes Tue 2026-11-24 05:00")


async def test_the_file_is_read_again_whole_or_not_at_all(site: Path, launched_url: str) -> None:
    file = calendars(site.parent, launched_url, freezes=[])
    path = site.parent / "calendars.yaml"
    async with opened(file) as chat:
        freezes = chat.house.control.freezes

        async def written(text: str, stamp: int) -> None:
            path.write_text(text)
            os.utime(path, ns=(stamp, stamp))
            await freezes.look()

        await written(json.dumps({"freezes": [HANDOVER]}), 10**18)
        assert (await chat.say(PRODUCTION)).reason is Reason.FROZEN
        await written(json.dumps({"freezes": [{**HANDOVER, "ends": "26:00"}]}), 10**18 + 1)
        assert (await chat.say(PRODUCTION)).reason is Reason.FROZEN
        assert "broken" in freezes.trouble
        assert "broken" in (await chat.say("freeze list")).text
        await written(json.dumps({"freezes": []}), 10**18 + 2)
        assert freezes.trouble == ""
        assert (await chat.say(PRODUCTION)).reason is Reason.PENDING_APPROVAL
        told = [str(event.data["text"]) for event in await chat.events(verb="calendars reload")]
        assert len(told) == 3
        assert "1 rules" in told[0]
        assert "broken" in told[1]
        assert "0 rules" in told[2]


async def test_another_replica_sees_a_freeze_at_once(site: Path) -> None:
    async with opened(site) as chat:
        await added(chat)
    async with opened(site, clock=FixedClock()) as other:
        assert (await other.say(PRODUCTION)).reason is Reason.FROZEN


async def test_a_dry_run_of_a_freeze_freezes_nothing(chat: Chat) -> None:
    dry = await chat.say(f"{ADD} --dry-run", as_="release-manager")
    assert "ward move" in dry.text
    assert (await chat.say(PRODUCTION)).reason is Reason.PENDING_APPROVAL
