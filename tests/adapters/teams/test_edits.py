"""Edits: in place, the newest wins, no faster than Teams takes them, and nobody waits for them."""

from __future__ import annotations

import asyncio

import pytest

from bot.adapters.teams.edits import SPACING
from bot.errors import Rejected
from bot.model import Button, Place, Reply, Style
from tests.adapters.teams.conftest import Open
from tests.fakes.teams import Shown
from tests.fakes.teams.activities import CHANNEL

ANNA = Place("teams", "a:1-anna")


async def shown(here: Open) -> Shown:
    """Post a message to Anna."""
    await here.teams.install()
    await here.door._tasks.close(10)
    await here.door.post(ANNA, Reply("Zero."))
    return await here.teams.message()


async def test_an_edit_replaces_the_card_controls_included(here: Open) -> None:
    message = await shown(here)
    await here.door.edit(ANNA, message.id, Reply("One.", buttons=(_danger(),)))
    await here.teams.until(lambda: "Roll back" in message.buttons)
    await here.door.edit(ANNA, message.id, Reply("Two."))
    await here.teams.until(lambda: message.buttons == {})
    assert message.words == "Two."


async def test_an_edit_does_not_hold_up_the_work_it_reports(here: Open) -> None:
    message = await shown(here)
    gate = here.teams.hold("edit")
    await here.door.edit(ANNA, message.id, Reply("One."))
    assert len(message.versions) == 1
    gate.set()
    await here.teams.until(lambda: message.words == "One.")


async def test_of_many_edits_the_newest_wins_and_the_others_are_not_sent(here: Open) -> None:
    message = await shown(here)
    gate = here.teams.hold("edit")
    await here.door.edit(ANNA, message.id, Reply("1."))
    while not here.teams.requests["edit"]:  # noqa: ASYNC110 - the server has nothing to wait for
        await asyncio.sleep(0.001)
    for number in range(2, 30):
        await here.door.edit(ANNA, message.id, Reply(f"{number}."))
    gate.set()
    await here.teams.until(lambda: message.words == "29.")
    await here.door.close()
    assert len(message.versions) == 3


async def test_edits_in_one_conversation_are_three_seconds_apart(here: Open) -> None:
    message = await shown(here)
    other = await here.door.post(ANNA, Reply("Other."))
    for number in range(3):
        await here.door.edit(ANNA, message.id, Reply(f"{number}."))
        await here.door.edit(ANNA, other, Reply(f"{number}."))
    await here.door.close()
    assert SPACING == 3.0
    assert here.rests == [SPACING] * 2


async def test_a_message_in_a_thread_is_edited_in_that_thread(here: Open) -> None:
    await here.teams.say("help", where="channel", thread="1790")
    await here.teams.message()
    place = Place("teams", CHANNEL, "1790")
    ref = await here.door.post(place, Reply("Zero."))
    message = await here.teams.message(2)
    await here.door.edit(place, ref, Reply("One."))
    await here.teams.until(lambda: message.words == "One.")
    assert here.teams.called("PUT")[0].path.startswith(f"conversations/{CHANNEL};messageid=1790/")


async def test_an_edit_that_teams_refuses_does_not_stop_the_next(here: Open) -> None:
    message = await shown(here)
    await here.door.edit(ANNA, "gone", Reply("One."))
    await here.door.edit(ANNA, message.id, Reply("Two."))
    await here.teams.until(lambda: message.words == "Two.")


async def test_closing_makes_the_edits_that_wait(here: Open) -> None:
    message = await shown(here)
    await here.door.edit(ANNA, message.id, Reply("Last."))
    await here.door.close()
    assert message.words == "Last."


async def test_an_edit_where_we_are_not_is_logged_and_sends_nothing(here: Open) -> None:
    await here.door.edit(Place("teams", "19:nowhere@thread.v2"), "1", Reply("One."))
    await here.door.close()
    assert here.teams.called("PUT") == []
    with pytest.raises(Rejected):
        await here.door.post(Place("teams", "19:nowhere@thread.v2"), Reply("One."))


def _danger() -> Button:
    return Button("Roll back", "rollback lab-results production", Style.DANGER)
