"""Runbooks that begin by the clock."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.errors import Conflict
from bot.model import Reason
from tests.house import Chat, opened, write_site
from tests.runbooks.books import write

LINE = 'runbook schedule late-results with service=portal --cron "0 13 * * *"'  # it is noon


@pytest.fixture
async def chat(launched_url: str, tmp_path: Path) -> AsyncIterator[Chat]:
    """A running house that a test types to."""
    folder = tmp_path / "runbooks"
    folder.mkdir()
    write(folder)
    async with opened(write_site(tmp_path, launched_url, runbooks=[str(folder)])) as open_chat:
        yield open_chat


async def look(chat: Chat, *, replicas: int = 1) -> None:
    starter, road = chat.house.procedures.starter, chat.house.road
    await asyncio.gather(*(starter.look(road) for _ in range(replicas)))


async def runs(chat: Chat) -> list[str]:
    table = (await chat.say("runbook history")).table
    return [row[0] for row in table.rows] if table else []


async def last(chat: Chat) -> str:
    table = (await chat.say("runbook schedules")).table
    assert table is not None
    return table.rows[0][-1]


async def test_it_begins_once_at_its_time_however_many_look(chat: Chat) -> None:
    said = await chat.say(LINE)
    assert "SCHED-1: late-results begins next on" in said.text
    chat.clock.turn(minutes=59)
    await look(chat)
    assert await runs(chat) == []
    chat.clock.turn(minutes=1)
    await look(chat, replicas=3)
    await look(chat)

    assert await runs(chat) == ["RUN-1"]
    assert (await last(chat)).startswith("RUN-1 began, 2026-11-22 13:00")
    run = await chat.house.procedures.runs.show("RUN-1")
    assert run is not None
    assert (run.person, run.values["service"]) == ("engineer", "portal")
    moves = [e for e in await chat.events(verb="runbook schedule") if e.data["kind"] == "system"]
    assert [event.data["reason"] for event in moves] == ["ok"]
    chat.clock.turn(hours=24)
    await look(chat)
    assert await runs(chat) == ["RUN-2", "RUN-1"]


async def test_what_was_missed_is_not_run_and_said_where_it_was_scheduled(chat: Chat) -> None:
    await chat.say(LINE)
    chat.clock.turn(hours=1, minutes=16)
    await look(chat, replicas=2)

    assert await runs(chat) == []
    card = await chat.card("SCHED-1 2026-11-22T13:00")
    assert card.reason is Reason.EXPIRED
    assert "Wardroom was not running then" in card.text
    assert "By hand: `runbook run late-results with service=portal`" in card.text
    assert (await last(chat)).startswith("not run (expired)")
    chat.clock.turn(hours=23, minutes=44)
    await look(chat)
    assert await runs(chat) == ["RUN-1"], "the next time it begins as scheduled"


async def test_who_has_left_begins_nothing(chat: Chat, tmp_path: Path) -> None:
    await chat.say(LINE)
    people = json.loads((tmp_path / "people.yaml").read_text())
    left = [one for one in people if one["id"] != "engineer"]
    (tmp_path / "people.yaml").write_text(json.dumps(left))
    await chat.house.directory.look()
    chat.clock.turn(hours=1)
    await look(chat)

    assert (await chat.say("runbook history", as_="engineer-2")).table is None
    card = await chat.card("SCHED-1 2026-11-22T13:00")
    assert card.reason is Reason.NOT_IDENTIFIED
    assert card.title == "Not run: late-results"


async def test_rights_are_those_of_the_moment(chat: Chat, tmp_path: Path) -> None:
    await chat.say(LINE)
    people = json.loads((tmp_path / "people.yaml").read_text())
    for one in people:
        one["roles"] = ["reader"] if one["id"] == "engineer" else one["roles"]
    (tmp_path / "people.yaml").write_text(json.dumps(people))
    await chat.house.directory.look()
    chat.clock.turn(hours=1)
    await look(chat)

    assert await runs(chat) == []
    assert (await chat.card("SCHED-1 2026-11-22T13:00")).reason is Reason.NOT_AUTHORISED


async def test_one_that_began_before_a_kill_is_not_begun_again_and_not_called_missed(
    chat: Chat,
) -> None:
    await chat.say(LINE)
    starter, store = chat.house.procedures.starter, chat.house.procedures.starter.schedules
    (read,) = await store.list()
    chat.clock.turn(hours=1)
    await look(chat)
    (moved,) = await store.list()
    # As it was when the run had begun and the row had not moved on.
    await asyncio.to_thread(chat.house.database.write_now, store.move(moved, read.next, ""))
    chat.clock.turn(hours=2)
    await starter.look(chat.house.road)

    assert await runs(chat) == ["RUN-1"]
    assert (await last(chat)).startswith("RUN-1 began")


async def test_a_schedule_ends_and_then_begins_nothing(chat: Chat) -> None:
    await chat.say(LINE)
    assert (await chat.say("runbook unschedule SCHED-1", as_="engineer-2")).reason is Reason.OK
    chat.clock.turn(hours=2)
    await look(chat)

    assert await runs(chat) == []
    assert (await chat.say("runbook schedules")).text == "No runbook is scheduled."
    again = await chat.say("runbook unschedule SCHED-1")
    assert again.reason is Reason.DUPLICATE
    assert "ended by engineer-2" in again.text
    assert (await chat.say("runbook unschedule SCHED-7")).reason is Reason.NOT_FOUND


async def test_of_two_who_move_a_schedule_one_does(chat: Chat) -> None:
    await chat.say(LINE)
    store = chat.house.procedures.starter.schedules
    (read,) = await store.list()
    write_now = chat.house.database.write_now
    await asyncio.to_thread(write_now, store.move(read, None, "ended by somebody"))
    with pytest.raises(Conflict):
        await asyncio.to_thread(write_now, store.move(read, None, "ended by somebody else"))


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ('runbook schedule late-results --cron "0 6 * * 1"', "`service` is missing"),
        ('runbook schedule late-result --cron "0 6 * * 1"', "did you mean late-results?"),
        (LINE.replace("0 13", "0 31"), "is no schedule"),
    ],
)
async def test_what_could_never_begin_is_not_scheduled(chat: Chat, line: str, says: str) -> None:
    refused = await chat.say(line)
    assert refused.reason is not Reason.OK
    assert says in refused.text
    assert (await chat.say(LINE, as_="service-desk")).reason is Reason.NOT_AUTHORISED
    assert (await chat.say("runbook schedules")).text == "No runbook is scheduled."
