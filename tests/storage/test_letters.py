"""A letter waits until its place shows its topic's newest version."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.model import Place, Reply
from bot.storage.database import Database
from bot.storage.letters import SqlLetters
from bot.storage.topics import SqlTopics
from bot.stores import Letter
from tests.databases import NOON

CHANNEL, THREAD = Place("slack", "C1"), Place("slack", "C1", "171.2")
TEAM = Place("teams", "19:abc")
BOTH = ("slack", "teams")


@pytest.fixture
def letters(database: Database) -> SqlLetters:
    return SqlLetters(database)


@pytest.fixture
async def topics(database: Database) -> SqlTopics:
    topics = SqlTopics(database)
    for topic in ("REQ-1", "REQ-2"):
        await topics.keep(topic, Reply(f"{topic} waits"))
    return topics


async def one(letters: SqlLetters) -> Letter:
    (letter,) = await letters.waiting(BOTH)
    return letter


async def taken(letters: SqlLetters) -> tuple[Letter, Reply]:
    found = await letters.take(await one(letters), NOON)
    assert found is not None
    return found


async def test_a_letter_waits_until_it_is_sent_and_again_when_its_topic_changes(
    letters: SqlLetters, topics: SqlTopics
) -> None:
    await letters.begin("REQ-1", CHANNEL, due=NOON)
    letter, reply = await taken(letters)
    assert (letter.place, letter.ref, reply.text) == (CHANNEL, "", "REQ-1 waits")
    await letters.sent(letter, "171.9")
    assert await letters.waiting(BOTH) == []
    for text in ("first", "newest"):
        await topics.keep("REQ-1", Reply(text))
    letter, reply = await taken(letters)
    assert (letter.ref, reply.text) == ("171.9", "newest")


async def test_what_changed_while_it_was_sent_waits_again(
    letters: SqlLetters, topics: SqlTopics
) -> None:
    await letters.begin("REQ-1", CHANNEL, due=NOON)
    letter = await one(letters)
    await topics.keep("REQ-1", Reply("newer"))
    await letters.sent(letter, "171.9")
    assert (await taken(letters))[1].text == "newer"


@pytest.mark.usefixtures("topics")
async def test_a_topic_has_one_letter_in_a_place(letters: SqlLetters) -> None:
    for _ in range(2):
        await letters.begin("REQ-1", CHANNEL, due=NOON)
    await letters.begin("REQ-1", THREAD, due=NOON)
    await letters.begin("REQ-2", CHANNEL, due=NOON)
    places = [(each.topic, each.place) for each in await letters.waiting(BOTH)]
    assert places == [("REQ-1", CHANNEL), ("REQ-1", THREAD), ("REQ-2", CHANNEL)]
    assert len({each.key for each in await letters.waiting(BOTH)}) == 3


@pytest.mark.usefixtures("topics")
async def test_what_a_door_showed_is_no_more_to_be_posted(letters: SqlLetters) -> None:
    await letters.begin("REQ-1", CHANNEL, due=NOON)
    await letters.shown("REQ-1", CHANNEL, "171.9", 1)
    await letters.shown("REQ-1", THREAD, "171.10", 1)
    await letters.begin("REQ-1", THREAD, due=NOON)
    assert await letters.waiting(BOTH) == []
    await letters.shown("REQ-1", CHANNEL, "171.9", 0)
    assert (await one(letters)).ref == "171.9"


@pytest.mark.usefixtures("topics")
async def test_a_message_is_known_by_its_id_in_whatever_thread_of_its_channel(
    letters: SqlLetters,
) -> None:
    await letters.begin("REQ-2", CHANNEL, due=NOON)
    await letters.shown("REQ-1", CHANNEL, "171.9", 1)
    assert await letters.is_shown("REQ-1", CHANNEL, "171.9")
    assert await letters.is_shown("REQ-1", THREAD, "171.9")
    others = [("REQ-2", CHANNEL, "171.9"), ("REQ-1", TEAM, "171.9"), ("REQ-1", CHANNEL, "171.8")]
    assert not any([await letters.is_shown(*other) for other in others])


@pytest.mark.usefixtures("topics")
async def test_the_thread_of_a_topic_begins_at_its_message_or_is_the_one_it_stands_in(
    letters: SqlLetters,
) -> None:
    await letters.begin("REQ-1", CHANNEL, due=NOON)
    assert await letters.thread("REQ-1", CHANNEL) == ""
    await letters.shown("REQ-1", CHANNEL, "171.9", 1)
    await letters.shown("REQ-2", THREAD, "171.10", 1)
    assert await letters.thread("REQ-1", THREAD) == "171.9"
    assert await letters.thread("REQ-2", CHANNEL) == THREAD.thread
    assert await letters.thread("REQ-1", TEAM) == ""


@pytest.mark.usefixtures("topics")
async def test_urgent_letters_come_first_and_only_those_asked_for(letters: SqlLetters) -> None:
    await letters.begin("REQ-1", CHANNEL, due=NOON)
    await letters.begin("REQ-1", TEAM, due=NOON)
    await letters.begin("REQ-2", CHANNEL, due=NOON, urgent=True)
    order = [(each.topic, each.place.platform) for each in await letters.waiting(BOTH)]
    assert order == [("REQ-2", "slack"), ("REQ-1", "teams"), ("REQ-1", "slack")]
    assert [each.place for each in await letters.waiting(["teams"])] == [TEAM]
    assert await letters.count() == {"slack": 2, "teams": 1}


async def test_a_slow_channel_in_which_much_waits_keeps_nobody_out(
    letters: SqlLetters, topics: SqlTopics
) -> None:
    for number in range(3, 9):
        await topics.keep(f"REQ-{number}", Reply("waits"))
    threads = [Place("slack", "C1", f"171.{number}") for number in range(3)]
    for number in range(1, 7):  # two for each thread of one channel
        await letters.begin(f"REQ-{number}", threads[number % 3], due=NOON)
    await letters.begin("REQ-7", TEAM, due=NOON)
    await letters.begin("REQ-8", Place("slack", "C2"), due=NOON)
    await letters.begin("REQ-8", threads[0], due=NOON, urgent=True)
    found = [(each.topic, each.place.thread) for each in await letters.waiting(BOTH, limit=5)]
    assert found[:3] == [("REQ-8", "171.0"), ("REQ-7", ""), ("REQ-8", "")]
    assert found[3:] == [("REQ-1", "171.1"), ("REQ-2", "171.2")]
    rest = [each.topic for each in (await letters.waiting(BOTH))[5:]]
    assert rest == ["REQ-3", "REQ-4", "REQ-5", "REQ-6"]


@pytest.mark.usefixtures("topics")
async def test_of_two_replicas_one_takes_a_letter(letters: SqlLetters) -> None:
    await letters.begin("REQ-1", CHANNEL, due=NOON)
    letter = await one(letters)
    until = NOON + timedelta(minutes=1)
    assert await letters.take(letter, until) is not None
    assert await letters.take(letter, until) is None
    assert (await one(letters)).due == until


async def test_what_is_taken_shows_the_newest_of_its_topic(
    letters: SqlLetters, topics: SqlTopics
) -> None:
    await letters.begin("REQ-1", CHANNEL, due=NOON)
    letter = await one(letters)
    await topics.keep("REQ-1", Reply("newer"))
    found = await letters.take(letter, NOON)
    assert found is not None
    assert found[1].text == "newer"
    await letters.sent(found[0], "171.9")
    assert await letters.waiting(BOTH) == []


@pytest.mark.usefixtures("topics")
async def test_a_dead_letter_is_seen_and_can_be_replayed(
    letters: SqlLetters, database: Database
) -> None:
    await letters.begin("REQ-1", CHANNEL, due=NOON)
    await letters.delay(await one(letters), NOON + timedelta(seconds=5), "no answer")
    letter = await one(letters)
    assert (letter.tries, letter.trouble) == (1, "no answer")
    await letters.bury(letter, "channel_not_found")
    assert await letters.waiting(BOTH) == []
    (dead,) = await letters.dead()
    assert (dead.is_dead, dead.trouble) == (True, "channel_not_found")
    assert await database.write(letters.replay(dead.id, NOON))
    assert not await database.write(letters.replay(dead.id, NOON))
    assert (await one(letters)).tries == 0


async def test_promising_is_part_of_the_callers_transaction(
    letters: SqlLetters, topics: SqlTopics, database: Database
) -> None:
    def fails(tx: object) -> None:
        topics.put("REQ-1", Reply("lost"))(tx)  # type: ignore[arg-type] # as the writer calls it
        letters.add("REQ-1", CHANNEL, due=NOON)(tx)  # type: ignore[arg-type] # as above
        raise ValueError("undone")

    with pytest.raises(ValueError, match="undone"):
        await database.write(fails)
    assert await letters.waiting(BOTH) == []
    assert await topics.get("REQ-1") == (Reply("REQ-1 waits"), 1)
