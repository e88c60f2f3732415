"""Rooms for one matter: a thread in the channel, or a channel that Microsoft Graph makes."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.adapters.teams.channel_names import LONGEST, names
from bot.errors import Rejected, Throttled, Unreachable
from bot.model import Place, Reply
from tests.adapters.teams.conftest import Open, opened
from tests.fakes.teams.activities import CHANNEL, GROUP
from tests.fakes.teams.graph import FORBIDDEN
from tests.fakes.teams.graph import GROUP as TEAM

TITLE = "INC-12 lab-results is down"


async def added(here: Open, where: str = "channel") -> None:
    """Add the app to a team, or to a group chat."""
    await here.teams.install(where=where)
    await here.door._tasks.close(10)
    here.teams.calls.clear()


@pytest.fixture
async def graph() -> AsyncIterator[Open]:
    """An open door in a team, whose rooms are channels."""
    async with opened(graph_url="{graph}") as door:
        await added(door)
        yield door


async def open_room(here: Open, title: str = TITLE, *members: str, beside: str = CHANNEL) -> Place:
    """Open a room."""
    return await here.door.open_room(title, beside=beside, members=members)


def names_made(here: Open) -> list[str]:
    """Return the names of the channels that were made."""
    return list(here.teams.graph.made.values())


# --- threads -----------------------------------------------------------------------------------


@pytest.mark.parametrize("beside", [CHANNEL, f"teams:{CHANNEL}", f"{CHANNEL};messageid=1790"])
async def test_a_room_is_a_thread_of_its_own_that_can_be_posted_to(here: Open, beside: str) -> None:
    await added(here)
    room = await open_room(here, beside=beside)
    opening = await here.teams.message()
    assert opening.words == TITLE
    assert room == Place("teams", CHANNEL, opening.id)
    await here.door.post(room, Reply("The queue grows."))
    posted = await here.teams.message(2)
    assert posted.conversation == opening.conversation == f"{CHANNEL};messageid={opening.id}"
    assert here.teams.graph.calls == []


async def test_what_is_typed_in_a_thread_comes_from_the_room(here: Open) -> None:
    await added(here)
    room = await open_room(here)
    await here.teams.say("whoami", where="channel", thread=room.thread)
    await here.teams.message(2)
    assert here.road.said[-1].place == room


async def test_a_group_chat_has_no_threads_so_the_room_is_the_chat(here: Open) -> None:
    await added(here, "group")
    assert await open_room(here, beside=GROUP) == Place("teams", GROUP)
    assert (await here.teams.message()).conversation == GROUP


async def test_members_are_called_in_by_mentions_and_no_title_can_make_one(here: Open) -> None:
    await added(here)
    here.teams.users["ben"] = {"member": {"name": "Ben </at><at>[Everyone](https://evil.test)"}}
    here.teams.users["ben-2"] = {"member": {"name": "Anna"}}
    await open_room(here, "<at>Eve</at> broke it", "anna", "ben", "ben-2")
    card = (await here.teams.message()).card
    assert [(m["mentioned"]["id"], m["text"]) for m in card["msteams"]["entities"]] == [
        ("29:anna", "<at>Anna</at>"),
        ("29:ben", "<at>Ben /at at Everyone (https://evil.test)</at>"),
        ("29:ben-2", "<at>Anna 2</at>"),
    ]
    *others, last = card["body"]
    assert last["text"] == " ".join(m["text"] for m in card["msteams"]["entities"])
    # Runs of text are shown as they are; nothing else of the card may be read as a mention.
    assert {part["type"] for part in others} == {"RichTextBlock"}


async def test_who_is_no_member_is_left_out_and_the_room_says_so(here: Open) -> None:
    await added(here)
    here.teams.users["cara"] = {"is_absent": True}
    await open_room(here, TITLE, "anna", "cara")
    opening = await here.teams.message()
    assert "1 of the 2 people asked for could not be called in" in opening.words
    assert [m["text"] for m in opening.card["msteams"]["entities"]] == ["<at>Anna</at>"]


async def test_a_room_beside_a_channel_that_we_are_not_in_is_refused(here: Open) -> None:
    with pytest.raises(Rejected, match="add it there first"):
        await open_room(here)
    assert here.teams.calls == []


# --- channels ----------------------------------------------------------------------------------


async def test_a_channel_is_made_beside_the_given_one_as_graph_documents(graph: Open) -> None:
    room = await open_room(graph, TITLE, "anna")
    [call] = graph.teams.graph.calls
    assert call.path == f"v1.0/teams/{TEAM}/channels"
    assert call.body == {
        "displayName": TITLE,
        "description": TITLE,
        "membershipType": "standard",
    }
    [(made, _)] = graph.teams.graph.made.items()
    assert room == Place("teams", made)
    opening = await graph.teams.message()
    assert (opening.conversation.partition(";")[0], opening.words.splitlines()[0]) == (made, TITLE)
    assert "<at>Anna</at>" in opening.words
    assert await graph.door.post(room, Reply("The queue grows."))


async def test_the_channel_belongs_to_its_team_and_is_forgotten_with_it(graph: Open) -> None:
    room = await open_room(graph)
    assert graph.references.kept[room.channel].team == CHANNEL
    await graph.teams.uninstall(where="channel")
    await graph.door._tasks.close(10)
    assert graph.references.kept == {}


async def test_graphs_token_is_its_own_and_never_goes_to_teams(graph: Open) -> None:
    await open_room(graph)
    theirs = {call.token for call in graph.teams.graph.calls}
    assert theirs == {f"Bearer {token}" for token in graph.teams.graph.tokens}
    assert not graph.teams.graph.tokens & {call.token for call in graph.teams.calls}


async def test_a_managed_identity_makes_channels_too() -> None:
    identity = "{identity}"
    async with opened(app_password="", managed_identity_url=identity, graph_url="{graph}") as here:
        await added(here)
        await open_room(here)
        assert names_made(here) == [TITLE]
        assert here.teams.requests["login"] == 0


async def test_a_name_that_is_taken_gets_a_number(graph: Open) -> None:
    rooms = [await open_room(graph) for _ in range(3)]
    assert names_made(graph) == [TITLE, f"{TITLE} 2", f"{TITLE} 3"]
    assert len(set(rooms)) == 3
    # Its own channels are listed, so that none is asked for in vain.
    assert len(graph.teams.graph.calls) == 3


async def test_the_name_of_a_deleted_channel_is_kept_from_use(graph: Open) -> None:
    graph.teams.graph.deleted = {TITLE.upper(), f"{TITLE} 2"}
    await open_room(graph)
    assert names_made(graph) == [f"{TITLE} 3"]


async def test_where_every_name_is_taken_it_is_said(graph: Open) -> None:
    graph.teams.graph.deleted = set(names(TITLE))
    with pytest.raises(Rejected, match="choose another title"):
        await open_room(graph)


async def test_without_consent_the_mend_is_named(graph: Open) -> None:
    graph.teams.graph.is_granted = False
    with pytest.raises(Rejected, match=r"grant Channel\.Create\.Group"):
        await open_room(graph)
    assert graph.teams.messages == []


async def test_where_graph_asks_for_patience_it_is_asked_again(graph: Open) -> None:
    graph.rests.clear()
    graph.teams.limit("graph", seconds=3)
    await open_room(graph)
    assert (graph.rests, names_made(graph)) == ([3.0], [TITLE])


async def test_a_long_patience_is_left_to_whoever_opens(graph: Open) -> None:
    graph.teams.limit("graph", seconds=77)
    with pytest.raises(Throttled) as told:
        await open_room(graph)
    assert told.value.seconds == 77


async def test_a_channel_whose_making_was_not_answered_is_looked_up(graph: Open) -> None:
    graph.teams.graph.loses = True
    room = await open_room(graph)
    assert graph.teams.graph.made == {room.channel: TITLE}
    assert (await graph.teams.message()).words.startswith(TITLE)


async def test_what_was_there_before_is_not_taken_for_the_new_one(graph: Open) -> None:
    await open_room(graph)
    graph.teams.fail("graph", 503)
    with pytest.raises(Unreachable):
        await open_room(graph)
    assert names_made(graph) == [TITLE]


async def test_a_room_in_which_nobody_could_be_called_is_a_room_all_the_same(graph: Open) -> None:
    graph.teams.fail("post", 403)
    room = await open_room(graph)
    assert list(graph.teams.graph.made) == [room.channel]


async def test_a_chat_has_no_team_to_make_a_channel_in(graph: Open) -> None:
    await added(graph, "group")
    with pytest.raises(Rejected, match=r"teams\.rooms: thread"):
        await open_room(graph, beside=GROUP)
    assert graph.teams.graph.calls == []


async def test_a_team_that_graph_does_not_know_is_refused_by_its_code(graph: Open) -> None:
    graph.teams.fail("graph", 404, "NotFound")
    with pytest.raises(Rejected, match="404 NotFound"):
        await open_room(graph)


# --- names -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("title", "name"),
    [
        (TITLE, TITLE),
        ('INC-7: "ADT" feed <silent>', "INC-7 ADT feed silent"),
        ("a/b\\c|d?", "a b c d"),
        ("_.hidden.", "hidden"),
        ("  two\n lines ", "two lines"),
        ("Forms", "Room Forms"),
        ("x_VTI_y", "x y"),
        ("...", "Room"),
        ("x" * 60, "x" * 50),
        ("\U0001f6a8" * 30, "\U0001f6a8" * 25),
    ],
)
def test_a_title_becomes_a_name_that_teams_takes(title: str, name: str) -> None:
    assert next(names(title)) == name


def test_a_number_has_room_at_the_end_of_a_long_name() -> None:
    assert list(names("x" * 60))[1] == "x" * 48 + " 2"


@given(st.text())
def test_no_title_makes_a_name_that_teams_refuses(title: str) -> None:
    made: list[Any] = list(names(title))
    assert len(set(made)) == len(made)
    for name in made:
        assert 0 < len(name.encode("utf-16-le")) <= 2 * LONGEST
        assert not FORBIDDEN.search(name)
        assert name == name.strip()
