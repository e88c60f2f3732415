"""Edits: in place, controls included; what Teams says is understood."""

from __future__ import annotations

import pytest

from bot.errors import Rejected
from bot.model import Button, Place, Reply, Style
from tests.adapters.teams.conftest import Open, installed
from tests.fakes.teams import Shown
from tests.fakes.teams.activities import CHANNEL

ANNA = Place("teams", "a:1-anna")


async def shown(here: Open) -> Shown:
    """Post a message to Anna."""
    await installed(here)
    await here.door.post(ANNA, Reply("Zero."))
    return await here.teams.message()


async def test_an_edit_replaces_the_card_controls_included(here: Open) -> None:
    message = await shown(here)
    await here.door.edit(ANNA, message.id, Reply("One.", buttons=(_danger(),)))
    assert "Roll back" in message.buttons
    await here.door.edit(ANNA, message.id, Reply("Two."))
    assert (message.buttons, message.words) == ({}, "Two.")


async def test_a_message_in_a_thread_is_edited_in_that_thread(here: Open) -> None:
    await here.teams.say("help", where="channel", thread="1790")
    await here.teams.message()
    place = Place("teams", CHANNEL, "1790")
    ref = await here.door.post(place, Reply("Zero."))
    await here.door.edit(place, ref, Reply("One."))
    assert here.teams.messages[1].words == "One."
    assert here.teams.called("PUT")[0].path.startswith(f"conversations/{CHANNEL};messageid=1790/")


async def test_a_message_that_began_a_thread_is_edited_in_the_thread_it_began(here: Open) -> None:
    await here.teams.say("help", where="channel")
    await here.teams.message()
    place = Place("teams", CHANNEL)
    ref = await here.door.post(place, Reply("Zero."))
    await here.door.edit(place, ref, Reply("One."))
    assert here.teams.messages[1].words == "One."
    assert here.teams.called("PUT")[0].path == (
        f"conversations/{CHANNEL};messageid={ref}/activities/{ref}"
    )


async def test_an_edit_that_teams_refuses_says_why_and_does_not_stop_the_next(here: Open) -> None:
    message = await shown(here)
    with pytest.raises(Rejected, match="404 ActivityNotFoundInConversation"):
        await here.door.edit(ANNA, "gone", Reply("One."))
    await here.door.edit(ANNA, message.id, Reply("Two."))
    assert message.words == "Two."


async def test_an_edit_that_was_not_taken_is_made_again(here: Open) -> None:
    message = await shown(here)
    here.teams.fail("edit", 412)
    await here.door.edit(ANNA, message.id, Reply("One."))
    assert (message.words, len(message.versions), len(here.rests)) == ("One.", 2, 1)


async def test_edits_in_one_conversation_are_to_be_three_seconds_apart(here: Open) -> None:
    assert here.door.spacing == 3.0


async def test_an_edit_where_we_are_not_sends_nothing(here: Open) -> None:
    with pytest.raises(Rejected, match="not in that conversation"):
        await here.door.edit(Place("teams", "19:nowhere@thread.v2"), "1", Reply("One."))
    assert here.teams.called("PUT") == []


def _danger() -> Button:
    return Button("Roll back", "rollback lab-results production", Style.DANGER)
