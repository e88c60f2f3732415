"""Messages: in personal chats, groups and channels, each answered where and to whom it belongs."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from bot.adapters.teams import Patience
from bot.model import AccountKind, Button, Place, Reason, Reply, Visibility
from tests.adapters.teams.conftest import Open, opened
from tests.fakes.teams import activities
from tests.fakes.teams.activities import CHANNEL, GROUP, mention

PUBLIC = Visibility.PUBLIC


async def heard(here: Open, text: str = "help", **over: Any) -> str:
    """Say something in a personal chat; returns what came down the road."""
    await here.teams.say(text, **over)
    await here.teams.message()
    return here.road.said[-1].text


# --- who and where -----------------------------------------------------------------------------


async def test_a_message_is_acknowledged_at_once_and_answered_by_a_card(here: Open) -> None:
    here.road.gate = asyncio.Event()
    answer = await here.teams.say("help")
    assert (answer.status, answer.body) == (202, "")
    assert here.teams.messages == []
    here.road.gate.set()
    message = await here.teams.message()
    assert message.words == "You said help"
    assert message.conversation == "a:1-anna"


async def test_the_speaker_is_known_by_their_entra_object_and_tenant(here: Open) -> None:
    await heard(here)
    account = here.road.said[0].account
    assert (account.platform, account.user, account.tenant) == ("teams", "anna", here.teams.tenant)
    assert account.kind is AccountKind.MEMBER


async def test_a_channel_conversation_is_a_place_and_its_thread(here: Open) -> None:
    await here.teams.say("help", where="channel", thread="1790")
    await here.teams.message()
    assert here.road.said[0].place == Place("teams", CHANNEL, "1790")


async def test_a_group_and_a_personal_chat_have_no_threads(here: Open) -> None:
    await here.teams.say("help", where="group")
    await here.teams.say("help")
    await here.teams.message(2)
    places = {said.place for said in here.road.said}
    assert places == {Place("teams", GROUP), Place("teams", "a:1-anna")}


async def test_a_public_reply_goes_to_the_thread_it_was_asked_in(here: Open) -> None:
    here.road.replies["status"] = Reply("All well.", visibility=PUBLIC)
    await here.teams.say("status", where="channel", thread="1790")
    message = await here.teams.message()
    assert message.conversation == f"{CHANNEL};messageid=1790"
    assert message.to == ""


async def test_a_reply_with_a_topic_is_remembered_where_it_was_shown(here: Open) -> None:
    here.road.replies["deploy"] = Reply("Waits.", Reason.PENDING_APPROVAL, topic="REQ-1")
    await here.teams.say("deploy", where="channel", thread="1790")
    message = await here.teams.message()
    await here.door.close()
    place = Place("teams", CHANNEL, "1790")
    assert await here.topics.posts("REQ-1") == [(place, message.id)]


# --- private answers ---------------------------------------------------------------------------


async def test_a_private_reply_in_a_channel_is_a_targeted_message(here: Open) -> None:
    await here.teams.say("help", where="channel", thread="1790")
    message = await here.teams.message()
    assert message.to == "29:anna"
    assert message.conversation == f"{CHANNEL};messageid=1790"


async def test_where_nothing_can_be_targeted_the_answer_goes_to_the_persons_own_chat(
    here: Open,
) -> None:
    here.teams.takes_targeted = False
    await here.teams.say("help", where="group")
    message = await here.teams.message()
    assert message.conversation == "a:1-anna"
    [created] = here.teams.called("POST", "conversations")
    assert created.body["members"] == [{"id": "29:anna"}]
    assert created.body["tenantId"] == here.teams.tenant
    await here.teams.say("again", where="group")
    await here.teams.message(2)
    assert len(here.teams.called("POST", "conversations")) == 1


async def test_a_private_answer_is_never_shown_to_everybody_whatever_fails(here: Open) -> None:
    here.teams.takes_targeted = False
    here.teams.fail("create", 403, "Forbidden")
    await here.teams.say("help", where="channel")
    await here.teams.until(lambda: bool(here.teams.called("POST", "conversations")))
    await here.door.close()
    assert here.teams.messages == []


async def test_what_the_guard_stopped_is_private_even_where_it_says_public(here: Open) -> None:
    here.road.replies["mrn"] = Reply("Not here.", Reason.PHI_BLOCKED, visibility=PUBLIC)
    await here.teams.say("mrn", where="channel")
    assert (await here.teams.message()).to == "29:anna"


async def test_what_was_whispered_to_us_is_answered_in_a_whisper(here: Open) -> None:
    recipient = {**activities.bot(here.teams), "isTargeted": True}
    here.road.replies["status"] = Reply("All well.", visibility=PUBLIC)
    body = activities.said(here.teams, "status", where="channel", recipient=recipient)
    await here.teams.send({**body, "text": "/status", "entities": []})
    message = await here.teams.message()
    assert here.road.said[0].text == "status"
    assert message.to == "29:anna"


# --- what is said to us ------------------------------------------------------------------------


async def test_a_message_in_a_channel_that_does_not_mention_us_is_not_for_us(here: Open) -> None:
    body = activities.said(here.teams, "deploy x", where="channel")
    others = [mention("Ben", "29:ben")]
    await here.teams.send({**body, "text": "<at>Ben</at> deploy x", "entities": others})
    await here.teams.send({**body, "text": "<at>Wardroom</at> deploy x", "entities": []})
    await here.door.close()
    assert here.road.said == []


async def test_only_the_first_mention_of_us_is_taken_out_and_no_other_word(here: Open) -> None:
    text = "<at>Pulse</at> deploy pulse-api Pulse-worker for <at>Pulse</at>"
    body = activities.said(here.teams, "x", where="channel")
    ours = mention("Pulse", here.teams.bot)
    await here.teams.send({**body, "text": text, "entities": [ours, ours]})
    await here.teams.message()
    assert here.road.said[0].text == "deploy pulse-api Pulse-worker for @Pulse"


async def test_a_mention_of_somebody_who_is_called_like_us_stays(here: Open) -> None:
    text = "<at>Wardroom</at> page <at>Wardroom</at> now"
    body = activities.said(here.teams, "x")
    entities = [mention("Wardroom", "29:another")]
    await here.teams.send({**body, "text": text, "entities": entities})
    await here.teams.message()
    assert here.road.said[0].text == "@Wardroom page @Wardroom now"


async def test_an_entity_that_says_more_than_a_mention_takes_nothing_out(here: Open) -> None:
    body = activities.said(here.teams, "deploy lab-results 1.4.2 to test")
    sly = {**mention("x", here.teams.bot), "text": " to test"}
    await here.teams.send({**body, "entities": [sly]})
    await here.teams.message()
    assert here.road.said[0].text == "deploy lab-results 1.4.2 to test"


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("&nbsp;help", "help"),
        ("deploy&nbsp;x", "deploy\u00a0x"),
        ("say a &lt; b &amp;&amp; c", "say a < b && c"),
        ("page <at>Ben Ng</at> now", "page @Ben Ng now"),
        ('page <at id="0">Ben</at>', "page @Ben"),
        ("say &lt;at&gt;Ben&lt;/at&gt;", "say <at>Ben</at>"),
        ("/help", "help"),
        ("//help", "//help"),
        ("ci log 3 / 4", "ci log 3 / 4"),
        ("", ""),
    ],
)
async def test_teams_own_way_of_writing_is_read_as_it_was_meant(
    here: Open, typed: str, read: str
) -> None:
    assert await heard(here, typed) == read


async def test_a_mention_followed_by_a_comma_or_hard_space_leaves_the_command(here: Open) -> None:
    body = activities.said(here.teams, "x", where="group")
    await here.teams.send({**body, "text": "<at>Wardroom</at>,&nbsp; help"})
    await here.teams.message()
    assert here.road.said[0].text == "help"


async def test_a_mention_of_us_is_not_needed_but_taken_out_in_a_personal_chat(here: Open) -> None:
    entities = [mention("Wardroom", here.teams.bot)]
    assert await heard(here, "<at>Wardroom</at> help", entities=entities) == "help"


@pytest.mark.parametrize("kind", ["messageUpdate", "messageReaction", "typing", "event", "x"])
async def test_edits_reactions_and_the_like_are_taken_and_do_nothing(here: Open, kind: str) -> None:
    body = activities.said(here.teams, "deploy x")
    assert (await here.teams.send({**body, "type": kind})).status == 202
    await here.door.close()
    assert (here.road.said, here.teams.messages) == ([], [])


# --- once, and soon ----------------------------------------------------------------------------


async def test_a_delivery_has_the_same_id_each_time_and_is_answered_once(here: Open) -> None:
    body = activities.said(here.teams, "help")
    await here.teams.send(body)
    await here.teams.send(body)
    await here.teams.say("other")
    await here.teams.message(2)
    await here.door.close()
    first, second, other = [said.delivery for said in here.road.said]
    assert first == second != other
    assert first.startswith("teams:")
    assert len(here.teams.messages) == 2


async def test_the_same_id_in_two_chats_at_once_is_not_the_same_delivery(here: Open) -> None:
    for user in ("anna", "ben"):
        await here.teams.say("help", user=user, id="1790000000000")
    await here.teams.message(2)
    assert len({said.delivery for said in here.road.said}) == 2


async def test_an_answer_that_takes_longer_is_announced_by_typing() -> None:
    async with opened(patience=Patience(message=0.01)) as here:
        here.road.gate = asyncio.Event()
        await here.teams.say("help", where="channel", thread="1790")
        await here.teams.until(lambda: bool(here.teams.typings))
        assert here.teams.typings[0]["where"] == f"{CHANNEL};messageid=1790"
        assert here.teams.messages == []
        here.road.gate.set()
        await here.teams.message()


async def test_an_answer_that_comes_soon_needs_no_typing(here: Open) -> None:
    await heard(here)
    assert here.teams.typings == []


async def test_typing_that_teams_refuses_loses_no_answer() -> None:
    async with opened(patience=Patience(message=0.01)) as here:
        here.teams.fail("typing", 403, "Forbidden")
        here.road.gate = asyncio.Event()
        await here.teams.say("help")
        await here.teams.until(lambda: bool(here.teams.called("POST", "activities")))
        here.road.gate.set()
        await here.teams.message()


# --- what is sent ------------------------------------------------------------------------------


async def test_a_message_has_a_card_and_a_summary_and_never_a_text_beside_it(here: Open) -> None:
    await heard(here)
    [body] = here.teams.messages[0].versions
    assert body["summary"] == "You said help"
    assert "text" not in body
    assert body["attachments"][0]["contentType"] == "application/vnd.microsoft.card.adaptive"


async def test_the_largest_reply_is_taken_by_teams(here: Open) -> None:
    buttons = tuple(Button(f"B{n}", "x" * 1900) for n in range(25))
    huge = Reply("\u00e9" * 90_000, items=("y" * 9000,) * 90, code="z" * 90_000, buttons=buttons)
    here.road.replies["all"] = huge
    await here.teams.say("all")
    assert (await here.teams.message()).card


async def test_closing_waits_for_the_answers_under_way(here: Open) -> None:
    here.road.gate = asyncio.Event()
    await here.teams.say("help")
    closing = asyncio.create_task(here.door.close())
    await asyncio.sleep(0)
    here.road.gate.set()
    await closing
    assert len(here.teams.messages) == 1
