"""Where we may write: installed, uninstalled, blocked, and by which address."""

from __future__ import annotations

from typing import Any

import pytest

from bot.adapters.teams import Reference
from bot.errors import Rejected
from bot.model import Place, Reply, Visibility
from tests.adapters.teams.conftest import Open, installed
from tests.fakes.teams import activities
from tests.fakes.teams.activities import CHANNEL, GROUP

ANNA = Place("teams", "a:1-anna")
HELLO = Reply("Hello.")


async def settled(here: Open) -> None:
    """Wait until everything that was taken in is done."""
    await here.door._tasks.close(10)


# --- references --------------------------------------------------------------------------------


async def test_every_conversation_that_somebody_speaks_in_can_be_written_to_later(
    here: Open,
) -> None:
    await here.teams.say("help", where="channel", thread="1790")
    await here.teams.message()
    assert here.references.kept[CHANNEL] == Reference(
        conversation=CHANNEL,
        service_url=here.teams.service_url,
        tenant=here.teams.tenant,
        bot=here.teams.bot,
        team=CHANNEL,
    )
    ref = await here.door.post(Place("teams", CHANNEL), HELLO)
    posted = await here.teams.message(2)
    assert (posted.id, posted.conversation) == (ref, f"{CHANNEL};messageid={ref}")


async def test_a_personal_chat_is_remembered_as_that_persons(here: Open) -> None:
    await here.teams.say("help")
    await here.teams.message()
    kept = await here.references.personal(here.teams.tenant, "anna")
    assert kept is not None
    assert (kept.conversation, kept.user) == ("a:1-anna", "anna")


async def test_a_reference_is_written_once_and_again_where_the_address_changed(
    here: Open,
) -> None:
    for number in (1, 2):
        await here.teams.say("help")
        await here.teams.message(number)
    assert len(here.references.puts) == 1
    here.references.kept[ANNA.channel] = Reference("a:1-anna", "https://old.test/", "t", "28:old")
    await here.teams.say("help")
    await here.teams.message(3)
    assert here.references.kept[ANNA.channel].service_url == here.teams.service_url


async def test_a_place_that_is_not_known_is_rejected_and_nothing_is_sent(here: Open) -> None:
    with pytest.raises(Rejected, match="not in that conversation"):
        await here.door.post(Place("teams", "19:nowhere@thread.v2"), HELLO)
    assert here.teams.calls == []


async def test_a_reference_to_another_host_is_sent_nothing_not_even_a_token(here: Open) -> None:
    evil = Reference("a:1-anna", "http://127.0.0.1:9/", here.teams.tenant, here.teams.bot)
    await here.references.put(evil)
    with pytest.raises(Rejected, match="nothing was sent"):
        await here.door.post(ANNA, HELLO)
    assert here.teams.requests["login"] == 0


# --- coming and going --------------------------------------------------------------------------


@pytest.mark.parametrize("where", ["personal", "group", "channel"])
async def test_an_installation_is_remembered_and_a_removal_forgets_it(
    here: Open, where: str
) -> None:
    await here.teams.install(where=where)
    await settled(here)
    assert len(here.references.kept) == 1
    assert here.road.said == []
    await here.teams.uninstall(where=where)
    await settled(here)
    assert here.references.kept == {}


async def test_after_an_installation_we_can_write_first(here: Open) -> None:
    await installed(here)
    assert await here.door.post(ANNA, HELLO)


async def test_who_adds_the_app_is_welcomed_once_and_shown_where_to_begin(here: Open) -> None:
    await here.teams.install()
    await settled(here)
    [welcome] = here.teams.messages
    assert welcome.conversation == "a:1-anna"
    assert list(welcome.buttons) == ["What can I do?", "Show me around"]
    await here.teams.press("What can I do?", welcome)
    assert here.road.said[-1].text == "help"


@pytest.mark.parametrize("where", ["group", "channel"])
async def test_a_conversation_of_several_is_left_in_peace(here: Open, where: str) -> None:
    await here.teams.install(where=where)
    await settled(here)
    assert here.teams.messages == []


async def test_a_welcome_that_fails_takes_nothing_with_it(here: Open) -> None:
    here.teams.block(ANNA.channel)
    await here.teams.install()
    await settled(here)
    assert here.references.kept[ANNA.channel].is_blocked


async def test_removed_from_a_team_every_channel_of_it_is_forgotten(here: Open) -> None:
    other = "19:other@thread.tacv2"
    await here.teams.say("help", where="channel")
    await here.teams.message()
    known = here.references.kept[CHANNEL]
    await here.references.put(
        Reference(other, known.service_url, known.tenant, known.bot, "", CHANNEL)
    )
    await here.references.put(Reference(GROUP, known.service_url, known.tenant, known.bot))
    await here.teams.uninstall(where="channel")
    await settled(here)
    assert list(here.references.kept) == [GROUP]


async def test_added_to_a_team_we_can_announce_in_every_channel_of_it(here: Open) -> None:
    here.teams.channels = [CHANNEL, "19:second@thread.tacv2"]
    await here.teams.install(where="channel")
    await settled(here)
    ref = await here.door.post(Place("teams", "19:second@thread.tacv2"), HELLO)
    assert (await here.teams.message()).conversation == f"19:second@thread.tacv2;messageid={ref}"


async def test_a_team_whose_channels_cannot_be_listed_is_remembered_all_the_same(
    here: Open,
) -> None:
    here.teams.fail("channels", 403, "Forbidden", times=2)
    await here.teams.install(where="channel")
    await settled(here)
    assert list(here.references.kept) == [CHANNEL]


async def test_a_new_channel_is_remembered_and_a_deleted_one_forgotten(here: Open) -> None:
    made = "19:made@thread.tacv2"
    data = {"tenant": {"id": here.teams.tenant}, "team": {"id": CHANNEL}, "channel": {"id": made}}
    for event, known in (("channelCreated", [made]), ("channelDeleted", [])):
        over: dict[str, Any] = {"channelData": {**data, "eventType": event}}
        await here.teams.send(
            activities.activity(here.teams, "conversationUpdate", "anna", "channel", **over)
        )
        await settled(here)
        assert list(here.references.kept) == known


async def test_a_deleted_team_is_forgotten_with_every_channel_and_known_when_it_is_back(
    here: Open,
) -> None:
    here.teams.channels = [CHANNEL, "19:second@thread.tacv2"]
    await here.teams.install(where="channel")
    await settled(here)
    for event, known in (("teamDeleted", []), ("teamRestored", here.teams.channels)):
        data = {"tenant": {"id": here.teams.tenant}, "team": {"id": CHANNEL}, "eventType": event}
        over: dict[str, Any] = {"channelData": data}
        await here.teams.send(
            activities.activity(here.teams, "conversationUpdate", "anna", "channel", **over)
        )
        await settled(here)
        assert list(here.references.kept) == known


async def test_an_activity_that_does_not_name_the_team_takes_no_channel_out_of_it(
    here: Open,
) -> None:
    await here.teams.install(where="channel")
    data: dict[str, Any] = {"tenant": {"id": here.teams.tenant}, "channel": {"id": CHANNEL}}
    await here.teams.say("help", where="channel", channelData=data)
    await here.teams.message()
    assert here.references.kept[CHANNEL].team == CHANNEL


async def test_taken_out_of_a_conversation_as_a_member_it_is_forgotten(here: Open) -> None:
    await here.teams.install(where="group")
    await settled(here)
    gone: dict[str, Any] = {"membersRemoved": [activities.bot(here.teams)]}
    await here.teams.send(
        activities.activity(here.teams, "conversationUpdate", "anna", "group", **gone)
    )
    await settled(here)
    assert here.references.kept == {}


@pytest.mark.parametrize("change", ["membersAdded", "membersRemoved"])
async def test_other_peoples_coming_and_going_changes_nothing(here: Open, change: str) -> None:
    await here.teams.install(where="group")
    await settled(here)
    before = dict(here.references.kept)
    ben: dict[str, Any] = {change: [activities.person(here.teams, "ben")]}
    await here.teams.send(
        activities.activity(here.teams, "conversationUpdate", "anna", "group", **ben)
    )
    await settled(here)
    assert here.references.kept == before


# --- blocked -----------------------------------------------------------------------------------


async def test_a_blocked_conversation_is_remembered_and_not_asked_again(here: Open) -> None:
    await installed(here)
    here.teams.block(ANNA.channel)
    for _ in range(2):
        with pytest.raises(Rejected, match="blocked or removed"):
            await here.door.post(ANNA, HELLO)
    assert len(here.teams.called("POST", "activities")) == 1
    assert here.references.kept[ANNA.channel].is_blocked
    assert here.rests == []


async def test_an_edit_that_is_blocked_is_remembered_too(here: Open) -> None:
    await installed(here)
    ref = await here.door.post(ANNA, HELLO)
    here.teams.block(ANNA.channel)
    with pytest.raises(Rejected, match="blocked or removed"):
        await here.door.edit(ANNA, ref, Reply("Newer."))
    assert here.references.kept[ANNA.channel].is_blocked


async def test_who_speaks_again_is_not_blocked_any_more(here: Open) -> None:
    await installed(here)
    here.teams.block(ANNA.channel)
    with pytest.raises(Rejected):
        await here.door.post(ANNA, HELLO)
    here.teams.block(ANNA.channel, blocked=False)
    await here.teams.say("help")
    await here.teams.message()
    assert await here.door.post(ANNA, HELLO)


async def test_a_private_answer_to_who_blocked_us_is_not_shown_in_the_channel(here: Open) -> None:
    await installed(here)
    here.teams.takes_targeted = False
    here.teams.block(ANNA.channel)
    for _ in range(2):
        await here.teams.say("help", where="channel")
        await settled(here)
    assert here.teams.messages == []
    assert not here.teams.called("POST", "conversations")
    assert len(here.teams.called("POST", "a:1-anna/activities")) == 1


async def test_a_personal_chat_that_is_gone_is_asked_for_again(here: Open) -> None:
    stale = Reference(
        "a:gone", here.teams.service_url, here.teams.tenant, here.teams.bot, user="anna"
    )
    await here.references.put(stale)
    here.teams.fail("post", 400, "BadSyntax")  # no targeted messages here
    here.teams.fail("post", 404, "ConversationNotFound")
    await here.teams.say("help", where="group")
    message = await here.teams.message()
    assert message.conversation == "a:1-anna"


async def test_a_public_answer_where_we_may_not_write_reaches_the_person_at_least(
    here: Open,
) -> None:
    here.road.replies["status"] = Reply("All well.", visibility=Visibility.PUBLIC)
    here.teams.fail("post", 403, "BotNotInConversationRoster")
    await here.teams.say("status", where="group")
    assert (await here.teams.message()).to == "29:anna"
