"""Standard and emergency changes, overlaps, the calendar and closure, as people type them."""

from __future__ import annotations

import pytest
from icalendar import Calendar

from bot.model import ChangeType, Reason, TaskKind
from tests.house import Chat

STANDARD = (
    "change open lab-results production --template restart --hours 2 --version 1.4.2 "
    '--parameters "channel=oru batch=10"'
)
LAB = "deploy lab-results 1.4.2 to production --reason monthly"
NORMAL = (
    "--summary s --impact i --risk low --implementation i --test-evidence t --backout b "
    '--validator safety-officer --from "Tue 02:00" --until "Tue 04:00"'
)


async def test_a_standard_change_carries_what_its_template_says(chat: Chat) -> None:
    opened = await chat.say(STANDARD)
    assert (opened.reason, opened.refs["state"]) == (Reason.OK, "scheduled"), opened.text
    shown = dict((await chat.say("change show CHG-1")).fields)
    assert shown["Type"] == "standard"
    assert shown["Template"] == "restart channel=oru batch=10"
    assert shown["Test evidence"] == "every month in test"
    assert shown["Sites"] == "main"
    asked = await chat.say(f"{LAB} --change CHG-1")
    assert asked.reason is Reason.PENDING_APPROVAL, "it needs the same approvals"


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("restart", "old", "ended on 2026-11-21"),
        ("restart", "restrat", "did you mean restart?"),
        ("batch=10", "batch=51", "a whole number from 1 to 50"),
        ("channel=oru", "channel=orm", "one of oru, adt"),
        ("--hours 2", "--hours 3", "at most 2 hours"),
        ("1.4.2", "1.5.0", "outside of template restart"),
        ("--hours 2", "--hours 2 --sites west", "west is outside of template restart: main"),
        ("lab-results", "portal", "is for lab-results"),
        ("--template restart", "--type standard", "made from a template"),
    ],
)
async def test_out_of_bounds_is_refused_by_the_name_of_the_bound(
    chat: Chat, old: str, new: str, says: str
) -> None:
    refused = await chat.say(STANDARD.replace(old, new, 1))
    assert refused.reason is Reason.BAD_INPUT
    assert says in refused.text


async def test_an_authorisation_that_ends_before_the_deploy_stops_it(chat: Chat) -> None:
    await chat.say(STANDARD.replace("--hours 2", '--from "2026-12-10 23:00" --hours 2'))
    chat.clock.turn(days=18, hours=11, minutes=30)
    assert (await chat.say(f"{LAB} --change CHG-1")).reason is Reason.PENDING_APPROVAL
    chat.clock.turn(hours=1)
    late = await chat.say(f"{LAB} --change CHG-1")
    assert late.reason is Reason.CHANGE_REQUIRED
    assert "ended on 2026-12-10" in late.text
    other = await chat.say(f"{LAB.replace('1.4.2', '1.4.3')} --change CHG-1")
    assert "is for version 1.4.2" in other.text


async def test_templates_are_listed_by_when_they_end(chat: Chat) -> None:
    listed = await chat.say("change templates", as_="service-desk")
    assert listed.table is not None
    states = {row[0]: row[-1] for row in listed.table.rows}
    assert states == {"old": "expired", "restart": "expires in 18 days", "later": "authorised"}


async def test_an_emergency_opens_at_once_with_a_review_that_somebody_else_closes(
    chat: Chat,
) -> None:
    bare = await chat.say("change open pacs production --type emergency --summary down")
    assert bare.reason is Reason.BAD_INPUT
    assert "--incident" in bare.text
    opened = await chat.say(
        "change open pacs production --type emergency --incident INC-4 --summary down"
    )
    assert opened.reason is Reason.OK, opened.text
    (task,) = await chat.house.stores.tasks.list(about=opened.refs["change"])
    assert task.kind is TaskKind.EMERGENCY_CHANGE_REVIEW
    # A Sunday: two working days later is Tuesday, all of it.
    assert f"{task.due:%Y-%m-%d}" == "2026-11-24"
    own = await chat.say(f"task close {task.id} --findings fine, all of it was as it had to be")
    assert own.reason is not Reason.OK
    shown = dict((await chat.say("change show CHG-1")).fields)
    assert f"{task.id} is open" in shown["Review"]
    change = await chat.house.stores.changes.show("CHG-1")
    assert change is not None
    assert change.type is ChangeType.EMERGENCY


async def test_a_change_of_a_dependency_is_in_the_way_in_both_directions(chat: Chat) -> None:
    first = await chat.say(f"change open lab-results production {NORMAL}")
    assert first.reason is Reason.OK, first.text
    for service in ("portal", "lab-results"):
        met = await chat.say(f"change open {service} production {NORMAL}", as_="engineer-2")
        assert met.reason is Reason.LOCKED
        for part in ("CHG-1 by engineer", "lab-results, production", "2026-11-24 02:00 UTC"):
            assert part in met.text
    assert (await chat.say(f"change open pacs production {NORMAL}")).reason is Reason.OK
    unsaid = await chat.say(f"change open portal production {NORMAL} --despite CHG-1")
    assert "--reason" in unsaid.text
    named = await chat.say(
        f"change open portal production {NORMAL} --despite CHG-1 --reason agreed with them"
    )
    assert named.reason is Reason.OK, named.text
    shown = dict((await chat.say(f"change show {named.refs['change']}")).fields)
    assert (shown["Despite"], shown["Because"]) == ("CHG-1", "agreed with them")


async def test_in_test_an_overlap_is_only_said(chat: Chat) -> None:
    line = "change open portal test --summary s --impact i --backout b"
    await chat.say(line)
    again = await chat.say(line)
    assert again.reason is Reason.OK
    assert "At the same time: CHG-1 by engineer" in again.text


async def test_a_deploy_meets_the_change_of_what_it_depends_on(chat: Chat) -> None:
    await chat.say(f"change open lab-results production {NORMAL}")
    chat.clock.turn(days=1, hours=15)
    ask = "deploy portal 1.4.2 to production --reason banner"
    met = await chat.say(ask)
    assert met.reason is Reason.LOCKED
    assert "portal depends on lab-results" in met.text
    asked = await chat.say(f"{ask} --despite CHG-1")
    assert asked.reason is Reason.PENDING_APPROVAL, asked.text
    opened = await chat.house.stores.changes.show("CHG-2")
    assert opened is not None
    assert (opened.despite, opened.despite_reason) == (("CHG-1",), "banner")
    assert opened.sites == ("main", "west")
    assert opened.implementation
    assert opened.test_evidence
    assert opened.validator


async def test_the_calendar_has_the_week_as_a_table_and_as_a_file(chat: Chat) -> None:
    await chat.say(f"change open lab-results production {NORMAL}")
    week = await chat.say("change calendar of lab-results --week 2026-W48")
    assert week.table is not None
    (row,) = week.table.rows
    assert row[1:4] == ("normal change", "CHG-1", "lab-results production")
    assert "2026-11-24 02:00 UTC" in row[0]
    assert (await chat.say("change calendar --week 2026-W47")).table is None
    assert (await chat.say("change calendar --week 2026-W60")).reason is Reason.BAD_INPUT
    file = await chat.house.control.changing.file.file("", "2026-W48")
    (event,) = Calendar.from_ical(file).walk("VEVENT")
    assert str(event["SUMMARY"]).startswith("CHG-1 lab-results production")
    assert event.decoded("DTSTART").hour == 2
