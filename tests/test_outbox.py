"""The outbox shows what waits: once, in order, no faster than allowed, after every outage."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest

from bot.errors import IntegrationError, Rejected, StoreFailed, Throttled, Unreachable
from bot.model import Place, Reply
from bot.notices import TopicNotices
from bot.outbox import FAULTS, Outbox
from bot.storage.database import Database
from bot.storage.letters import SqlLetters
from bot.storage.topics import SqlTopics
from tests.databases import FixedClock
from tests.house import until

CHANNEL, OTHER, TEAM = Place("slack", "C1"), Place("slack", "C2"), Place("teams", "19:a")


def worded(text: str, topic: str = "") -> Reply:
    """Return a word as a message that says something."""
    return Reply(f"It says {text}.", topic=topic)


def word(reply: Reply) -> str:
    """Return the word that such a message is about."""
    return reply.text.removeprefix("It says ").removesuffix(".")


@dataclass
class Platform:
    """A chat platform that fails as it is told, and drops what comes twice under one key."""

    name: str
    spacing: float = 0.0
    fails: list[Exception] = field(default_factory=list)
    is_down: bool = False
    shows: dict[str, str] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)
    keys: dict[str, str] = field(default_factory=dict)
    gate: asyncio.Event | None = None

    @property
    def platform(self) -> str:
        return self.name

    async def post(self, place: Place, reply: Reply, *, key: str = "") -> str:
        await self._asked(f"post {place.channel} {word(reply)}")
        ref = self.keys.setdefault(key, f"m{len(self.shows) + 1}")
        self.shows[ref] = word(reply)
        if self.gate is not None:
            await self.gate.wait()
        return ref

    async def edit(self, place: Place, ref: str, reply: Reply) -> None:
        await self._asked(f"edit {place.channel} {word(reply)}")
        self.shows[ref] = word(reply)

    async def _asked(self, call: str) -> None:
        self.calls.append(call)
        await asyncio.sleep(0)
        if self.is_down:
            raise Unreachable("Nobody answered.")
        if self.fails:
            raise self.fails.pop(0)


@dataclass
class Post:
    """An office with two platforms; `notices` is what the rest of the house uses."""

    database: Database
    letters: SqlLetters
    topics: SqlTopics
    clock: FixedClock
    slack: Platform
    teams: Platform
    outbox: Outbox
    notices: TopicNotices

    async def say(self, topic: str, text: str, *places: Place) -> None:
        await self.notices.publish(topic, worded(text, topic))
        for place in places:
            await self.notices.announce(topic, place)

    async def quiet(self) -> None:
        """Wait until nothing waits any more."""
        while await self.letters.waiting(("slack", "teams")):  # noqa: ASYNC110 - it is in the store
            await asyncio.sleep(0.01)

    async def asked(self, times: int, platform: Platform | None = None) -> None:
        asked = platform or self.slack
        await until(lambda: len(asked.calls) >= times)


@asynccontextmanager
async def office(database: Database, clock: FixedClock, **failover: Place) -> AsyncIterator[Post]:
    letters, topics = SqlLetters(database), SqlTopics(database)
    slack, teams = Platform("slack"), Platform("teams")
    outbox = Outbox(letters, {"slack": slack, "teams": teams}, clock, failover)
    notices = TopicNotices(
        topics, letters, clock, lambda reply: reply, {}, outbox.messengers, outbox.nudge
    )
    outbox.start()
    try:
        yield Post(database, letters, topics, clock, slack, teams, outbox, notices)
    finally:
        await outbox.close(0.1)


@pytest.fixture
async def post(sqlite: Database) -> AsyncIterator[Post]:
    async with office(sqlite, FixedClock()) as opened:
        yield opened


@pytest.fixture
def sqlite(sqlite_url: str) -> Iterator[Database]:
    database = Database.open(sqlite_url)
    yield database
    database.close()


async def test_a_topic_is_posted_everywhere_it_is_announced_and_edited_there(post: Post) -> None:
    await post.say("REQ-1", "waits", CHANNEL, TEAM)
    await post.quiet()
    await post.say("REQ-1", "approved")
    await post.quiet()
    assert post.slack.calls == ["post C1 waits", "edit C1 approved"]
    assert post.teams.calls == ["post 19:a waits", "edit 19:a approved"]


async def test_of_many_changes_the_first_and_the_newest_are_shown(post: Post) -> None:
    post.slack.gate = asyncio.Event()
    await post.say("DEP-1", "step 0", CHANNEL)
    await post.asked(1)
    for step in range(1, 20):
        await post.say("DEP-1", f"step {step}")
    post.slack.gate.set()
    await post.quiet()
    assert post.slack.calls == ["post C1 step 0", "edit C1 step 19"]


async def test_one_channel_does_not_wait_for_another(post: Post) -> None:
    post.slack.gate = asyncio.Event()
    await post.say("DEP-1", "one", CHANNEL)
    await post.say("DEP-2", "two", CHANNEL)
    await post.say("DEP-3", "three", OTHER)
    await post.asked(2)
    await asyncio.sleep(0.05)
    assert post.slack.calls == ["post C1 one", "post C2 three"]
    post.slack.gate.set()
    await post.quiet()
    assert post.slack.calls[2:] == ["post C1 two"]


async def test_what_is_urgent_goes_before_what_has_waited_longer(post: Post) -> None:
    post.slack.gate = asyncio.Event()
    await post.say("DEP-1", "one", CHANNEL)
    await post.asked(1)
    await post.say("DEP-2", "two", CHANNEL)
    await post.say("INC-1", "SEV1")
    await post.letters.begin("INC-1", CHANNEL, due=post.clock.now(), urgent=True)
    post.slack.gate.set()
    await post.quiet()
    assert post.slack.calls == ["post C1 one", "post C1 SEV1", "post C1 two"]


async def test_a_platform_that_says_when_is_asked_then_and_order_is_kept(post: Post) -> None:
    post.slack.fails.append(Throttled("Later.", 30))
    await post.say("DEP-1", "one", CHANNEL)
    await post.say("DEP-2", "two", CHANNEL)
    await post.asked(1)
    await asyncio.sleep(0.05)
    assert post.slack.calls == ["post C1 one"]
    assert post.outbox.trouble() == {}
    post.clock.turn(seconds=29)
    post.outbox.nudge()
    await asyncio.sleep(0.05)
    assert len(post.slack.calls) == 1
    post.clock.turn(seconds=2)
    post.outbox.nudge()
    await post.quiet()
    assert post.slack.calls == ["post C1 one", "post C1 one", "post C1 two"]


async def test_an_outage_of_five_minutes_is_said_after_two_and_over_when_it_is_over(
    post: Post,
) -> None:
    post.slack.is_down = True
    await post.say("DEP-1", "one", CHANNEL)
    await post.asked(1)
    assert post.outbox.trouble() == {}
    for asked in (2, 3, 4, 5):  # five minutes in all
        post.clock.turn(seconds=80)
        post.outbox.nudge()
        await post.asked(asked)
    assert "no answer since 2026-11-22 12:00 UTC" in post.outbox.trouble()["slack"]
    await post.say("DEP-1", "newest")
    post.slack.is_down = False
    post.clock.turn(seconds=80)
    post.outbox.nudge()
    await post.quiet()
    assert post.slack.shows == {"m1": "newest"}
    assert post.outbox.trouble() == {}


async def test_a_platform_that_asks_for_patience_is_not_down(post: Post) -> None:
    post.slack.fails += [Unreachable("Nobody answered."), Throttled("Later.", 30)]
    await post.say("DEP-1", "one", CHANNEL)
    for asked in (1, 2):
        await post.asked(asked)
        await until(lambda: not post.outbox._busy)
        post.clock.turn(seconds=5)
        post.outbox.nudge()
    post.clock.turn(minutes=3)
    assert post.outbox.trouble() == {}
    post.outbox.nudge()
    await post.quiet()
    assert post.slack.shows == {"m1": "one"}


async def test_a_letter_is_moved_once_however_long_the_outage(
    sqlite: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with office(sqlite, FixedClock(), slack=TEAM) as post:
        begun: list[Place] = []
        begin = post.letters.begin

        async def counted(topic: str, place: Place, **how: Any) -> None:
            begun.append(place)
            await begin(topic, place, **how)

        post.slack.is_down = True
        await post.say("INC-1", "lab results are silent", CHANNEL)
        await post.asked(1)
        monkeypatch.setattr(post.letters, "begin", counted)
        for asked in (2, 3, 4):
            post.clock.turn(minutes=3)
            post.outbox.nudge()
            await post.asked(asked)
        assert begun == [TEAM]


async def test_while_a_platform_is_down_the_other_one_shows_its_letters(sqlite: Database) -> None:
    async with office(sqlite, FixedClock(), slack=TEAM) as post:
        post.slack.is_down = True
        await post.say("INC-1", "lab results are silent", CHANNEL)
        await post.asked(1)
        assert post.teams.calls == []
        post.clock.turn(minutes=3)
        post.outbox.nudge()
        await post.asked(1, post.teams)
        assert post.teams.calls == ["post 19:a lab results are silent"]
        post.slack.is_down = False
        post.clock.turn(minutes=3)
        post.outbox.nudge()
        await post.quiet()
        assert post.slack.shows == {"m1": "lab results are silent"}
        await post.say("INC-1", "they flow again")
        await post.quiet()
        assert post.teams.shows == post.slack.shows == {"m1": "they flow again"}


async def test_what_a_platform_refuses_is_dead_visible_and_replayable(post: Post) -> None:
    post.slack.fails.append(Rejected("Slack refused it: is_archived."))
    await post.say("DEP-1", "one", CHANNEL)
    await post.say("DEP-2", "two", CHANNEL)
    await post.quiet()
    assert post.slack.calls == ["post C1 one", "post C1 two"]
    (dead,) = await post.letters.dead()
    assert (dead.topic, dead.trouble) == ("DEP-1", "Slack refused it: is_archived.")
    await post.database.write(post.letters.replay(dead.id, post.clock.now()))
    post.outbox.nudge()
    await post.quiet()
    assert post.slack.shows == {"m1": "two", "m2": "one"}


async def test_a_fault_of_ours_is_tried_a_few_times_then_dead(post: Post) -> None:
    post.slack.fails.extend([ValueError("a bug")] * FAULTS)
    await post.say("DEP-1", "one", CHANNEL)
    for asked in range(1, FAULTS + 1):
        await post.asked(asked)
        await until(lambda: not post.outbox._busy)
        post.clock.turn(hours=1)
        post.outbox.nudge()
    await post.quiet()
    (dead,) = await post.letters.dead()
    assert (dead.trouble, dead.tries) == ("ValueError", FAULTS)


async def test_killed_between_the_send_and_its_note_nothing_is_doubled(sqlite: Database) -> None:
    clock = FixedClock()
    async with office(sqlite, clock) as post:
        post.slack.gate = asyncio.Event()
        await post.say("REQ-1", "waits", CHANNEL)
        await post.asked(1)
        slack = post.slack
    slack.gate = None
    assert slack.shows == {"m1": "waits"}
    clock.turn(minutes=2)
    async with office(sqlite, clock) as post:
        post.outbox.messengers["slack"] = slack  # the same Slack as before
        post.outbox.nudge()
        await post.quiet()
    assert slack.calls == ["post C1 waits", "post C1 waits"]
    assert slack.shows == {"m1": "waits"}


async def test_what_a_door_shows_in_time_the_outbox_only_edits(post: Post) -> None:
    reply = worded("waits", "REQ-1")
    await post.database.write(post.notices.keep("REQ-1", reply))
    await post.database.write(post.notices.promise("REQ-1", CHANNEL, by_door=True))
    await post.notices.tell("REQ-1")
    await post.notices.shown("REQ-1", CHANNEL, "171.9", reply)
    await post.say("REQ-1", "approved")
    await post.quiet()
    post.clock.turn(seconds=20)
    post.outbox.nudge()
    await asyncio.sleep(0.05)
    assert post.slack.calls == ["edit C1 approved"]


async def test_what_a_door_said_otherwise_is_not_said_again(post: Post) -> None:
    await post.database.write(post.notices.keep("REQ-1", worded("waits", "REQ-1")))
    await post.database.write(post.notices.promise("REQ-1", CHANNEL, by_door=True))
    await post.notices.withdraw("REQ-1", CHANNEL)
    post.clock.turn(seconds=20)
    post.outbox.nudge()
    await asyncio.sleep(0.05)
    assert post.slack.calls == []
    assert await post.letters.dead() == []


async def test_what_a_door_did_not_show_the_outbox_shows(post: Post) -> None:
    await post.database.write(post.notices.keep("REQ-1", worded("waits", "REQ-1")))
    await post.database.write(post.notices.promise("REQ-1", CHANNEL, by_door=True))
    post.outbox.nudge()
    await asyncio.sleep(0.05)
    assert post.slack.calls == []
    post.clock.turn(seconds=16)
    post.outbox.nudge()
    await post.quiet()
    assert post.slack.calls == ["post C1 waits"]


@pytest.mark.parametrize("error", [Unreachable("Down."), Throttled("Later.", 1)])
async def test_nothing_is_lost_while_a_store_of_ours_fails(
    post: Post, monkeypatch: pytest.MonkeyPatch, error: IntegrationError
) -> None:
    broken: list[Callable[..., object]] = []

    async def breaks(*_: object) -> None:
        broken.append(breaks)
        raise StoreFailed("the disk is full")

    post.slack.fails.append(error)
    with monkeypatch.context() as patch:
        patch.setattr(post.letters, "delay", breaks)
        await post.say("DEP-1", "one", CHANNEL)
        await until(lambda: broken)
    post.clock.turn(minutes=2)
    post.outbox.nudge()
    await post.quiet()
    assert post.slack.shows == {"m1": "one"}
