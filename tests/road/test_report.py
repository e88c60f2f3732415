"""The monthly report: the figures that auditors ask for, from what really happened."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import text

from bot.model import Reason, Reply
from bot.storage.database import Database
from tests.audit.events import as_attacker
from tests.databases import FixedClock
from tests.house import Chat, opened
from tests.road.test_link import linked
from tests.road.test_people import change

OFFICER = "security-officer"
PORTAL = "deploy portal 1.4.2 to production --reason fix it"
LAB = "deploy lab-results 1.4.2 to production --reason the map"


def figures(reply: Reply) -> Mapping[str, tuple[str, str]]:
    """Return the report's rows by their name: the number, and what it is made of."""
    assert reply.reason is Reason.OK, reply.text
    assert reply.table is not None
    return {name: (number, of) for name, number, of in reply.table.rows}


async def report(chat: Chat, service: str = "", *, month: str = "2026-11") -> Reply:
    of = f" --service {service}" if service else ""
    return await chat.say(f"audit report --month {month}{of}", as_=OFFICER)


async def test_deploys_are_counted_by_environment_and_by_how_they_ended(chat: Chat) -> None:
    await chat.approved(PORTAL, "release-manager")
    await chat.ended("DEP-1")
    await chat.say("deploy portal 1.4.2 to test --reason try")
    await chat.ended("DEP-2")
    await chat.say("deploy pacs 1.4.3 to test --reason try")
    await chat.ended("DEP-3")
    found = figures(await report(chat))
    assert found["Deploys started"] == ("3", "test 2, production 1")
    assert found["Deploys that succeeded"][0] == "2"
    assert found["Deploys that failed"][0] == "1"
    portal = figures(await report(chat, "portal"))
    assert portal["Deploys started"] == ("2", "production 1, test 1")
    assert portal["Deploys that failed"][0] == "0"
    assert figures(await report(chat, "lab-results"))["Deploys started"][0] == "0"


@pytest.mark.thorough
async def test_the_share_of_emergency_changes_is_of_the_deploys_under_a_change(chat: Chat) -> None:
    normal = (
        "--risk low --sites s --implementation i --test-evidence t --validator engineer-2 "
        "--reason r --despite CHG-1"
    )
    for kind in (
        "emergency --incident INC-4",
        f"normal --hours 4 {normal}",
    ):
        opened_ = await chat.say(
            f"change open portal production --summary s --impact i --backout b --type {kind}"
        )
        assert opened_.reason is Reason.OK, opened_.text
    await chat.approved(f"{PORTAL} --change CHG-1", "release-manager")
    await chat.ended("DEP-1")
    await chat.approved(f"{PORTAL} --despite CHG-2", "release-manager")
    await chat.ended("DEP-2")
    for whose in ("", "portal"):
        found = figures(await report(chat, whose))
        assert found["Changes opened by themselves"] == ("2", "emergency 1, normal 1")
        assert found["Deploys under an emergency change"] == (
            "1",
            "50% of the 2 under a change: emergency 1, normal 1",
        )


@pytest.mark.thorough
async def test_requests_are_counted_by_their_end_with_the_time_to_approval(chat: Chat) -> None:
    await chat.say(PORTAL)
    chat.clock.turn(minutes=20)
    await chat.say("approve REQ-1", as_="release-manager")
    await chat.ended("DEP-1")
    await chat.say(LAB)
    await chat.say("reject REQ-2 --reason no", as_="engineer-2")
    await chat.say(LAB)
    await chat.say("cancel REQ-3")
    await chat.say(LAB)
    chat.clock.turn(hours=5)
    await chat.house.desk.expire_due()
    found = figures(await report(chat))
    number, ends = found["Requests for approval"]
    assert number == "4"
    assert set(ends.split(", ")) == {"approved 1", "rejected 1", "cancelled 1", "expired 1"}
    assert found["Time to approval (median)"] == ("20 min", "of 1; the longest 20 min")
    lab = figures(await report(chat, "lab-results"))
    assert set(lab["Requests for approval"][1].split(", ")) == {
        "rejected 1",
        "cancelled 1",
        "expired 1",
    }, "by the service that a request was about, which an answer to it does not name"


@pytest.mark.thorough
async def test_attempts_to_decide_ones_own_request_are_counted_by_person(chat: Chat) -> None:
    await chat.say(LAB)
    for _ in range(2):
        await chat.say("approve REQ-1")
    await chat.say("approve REQ-1", as_="service-desk")
    await chat.say("ci run portal 1.4.2", as_="service-desk")
    for whose in ("", "lab-results"):
        found = figures(await report(chat, whose))
        assert found["Attempts to decide one's own request"] == ("2", "engineer 2")
    found = figures(await report(chat))
    assert found["Denied"] == ("4", "never-the-requester 2, approver-role 1, role-needed 1")
    assert figures(await report(chat, "portal"))["Denied"] == ("1", "role-needed 1")


async def test_what_was_not_done_is_counted_by_reason(chat: Chat) -> None:
    await chat.say("deploy portal 9.9.9 to test --reason x")
    await chat.say("depoly portal")
    await chat.say("depoly portal")
    _, reasons = figures(await report(chat))["Not done, for any reason"]
    assert reasons == "unknown_command 2, bad_input 1"


async def test_patient_data_is_counted_by_kind_and_never_shown(chat: Chat) -> None:
    for number in ("00123456", "00123457"):
        await chat.say(f"ci status portal MRN {number}")
    reply = await report(chat)
    number, kinds = figures(reply)["Messages stopped for patient data"]
    assert number == "2"
    assert kinds.endswith(" 2")
    assert "characters" not in kinds
    assert "0012345" not in repr(reply)
    one = await report(chat, "portal")
    assert "Messages stopped for patient data" not in figures(one)
    assert "not read, so what they were about" in dict(one.fields)["Left out"]


@pytest.mark.thorough
async def test_access_changes_reviews_and_reading_of_the_log_are_counted(chat: Chat) -> None:
    await linked(chat)
    await change(chat, engineer_2={"roles": ["reader"]})
    await chat.house.trail.roster.note(chat.house.directory.members())
    (button,) = (await chat.say("audit review", as_=OFFICER)).buttons
    await chat.say(f"{button.command} --findings all well", as_=OFFICER)
    await chat.say("audit search deploy")
    found = figures(await report(chat))
    assert found["Changes of who has access"] == ("3", "people file 2, link 1")
    number, who = found["Access reviews signed"]
    assert number == "1"
    assert who.endswith(f"by {OFFICER}")
    assert found["Times the log was read"] == ("2", f"{OFFICER} 1, engineer 1")


async def test_a_dry_run_counts_as_nothing(chat: Chat) -> None:
    await chat.say("deploy portal 1.4.2 to test --reason try --dry-run")
    await chat.say(LAB)
    await chat.say("reject REQ-1 --reason no --dry-run", as_="engineer-2")
    found = figures(await report(chat))
    assert found["Deploys started"][0] == "0"
    assert found["Requests for approval"] == ("1", "")


async def test_only_the_month_counts_and_the_edges_are_midnight_in_utc(site: Path) -> None:
    clock = FixedClock(datetime(2026, 10, 31, 23, 59, 59, tzinfo=UTC))
    async with opened(site, clock=clock) as chat:
        await chat.say("ci run portal 9.9.9")
        clock.moment = datetime(2026, 11, 1, tzinfo=UTC)
        await chat.say("depoly portal")
        clock.moment = datetime(2026, 12, 1, tzinfo=UTC)
        await chat.say("ci staus portal")
        first = await report(chat, month="2026-10")
        second = await report(chat, month="2026-11")
        assert figures(second)["Not done, for any reason"] == ("1", "unknown_command 1")
        assert "So far" not in second.text
        bounds = [dict(each.fields)["Events"].split(" (")[0] for each in (first, second)]
        assert int(bounds[0].split(" to ")[1]) + 1 == int(bounds[1].split(" to ")[0])
        third = await report(chat, month="2026-12")
        assert "So far: the month ends on 2027-01-01 00:00 UTC." in third.text
        assert (await chat.say("audit report", as_=OFFICER)).refs["month"] == "2026-11"


@pytest.mark.parametrize(
    "month", ["2026-13", "2026-00", "november", "0000-01", "2026-1", "9999-12", "2026-11-01"]
)
async def test_what_is_no_month_is_said(chat: Chat, month: str) -> None:
    reply = await report(chat, month=month)
    assert reply.reason is Reason.BAD_INPUT
    assert month in reply.text


async def test_a_month_without_events_is_a_report_of_nothing(chat: Chat) -> None:
    reply = await report(chat, month="2020-02")
    assert {number for number, _ in figures(reply).values()} == {"0", "none"}
    assert dict(reply.fields)["Events"] == "none"


async def test_a_damaged_or_missing_event_is_named_and_not_counted(chat: Chat) -> None:
    for _ in range(3):
        await chat.say("depoly portal")
    events = [event.seq for event in await chat.events(kind="refused")]
    database: Database = chat.house.database
    as_attacker(
        database,
        text(
            "UPDATE audit SET body = replace(body, 'refused', 'outcome') WHERE seq = :n"
        ).bindparams(n=events[0]),
        text("DELETE FROM audit WHERE seq = :n").bindparams(n=events[1]),
    )
    reply = await report(chat)
    assert figures(reply)["Not done, for any reason"][0] == "1"
    warning = dict(reply.fields)["WARNING"]
    assert warning == (
        f"event {events[0]}, {events[1]} is damaged and not counted; run `audit verify`"
    ) or warning.startswith(f"event {events[1]}, {events[0]} ")


async def test_what_the_log_was_when_it_was_counted_is_on_the_report(chat: Chat) -> None:
    await chat.say("ci status portal")
    reply = await report(chat)
    size, _, root = dict(reply.fields)["Log"].partition(" events, root ")
    note = (await chat.say("audit checkpoint", as_=OFFICER)).code
    assert int(size) < int(note.split("\n")[1])
    assert len(bytes.fromhex(root)) == 32
