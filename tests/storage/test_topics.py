"""Topics keep their newest message and where it is shown."""

from __future__ import annotations

import asyncio

import pytest

from bot.model import Button, Reply, Step, StepState
from bot.storage.database import Database
from bot.storage.topics import SqlTopics


@pytest.fixture
def topics(database: Database) -> SqlTopics:
    return SqlTopics(database)


async def test_a_topic_counts_its_versions_and_keeps_the_newest(topics: SqlTopics) -> None:
    asked = Reply("waiting", topic="REQ-1", buttons=(Button("Approve", "approve REQ-1"),))
    done = Reply("done", topic="REQ-1", progress=(Step("Probe", StepState.DONE),))
    assert await topics.get("REQ-1") is None
    assert await topics.keep("REQ-1", asked) == 1
    assert await topics.get("REQ-1") == (asked, 1)
    assert await topics.keep("REQ-1", done) == 2
    assert await topics.get("REQ-1") == (done, 2)
    assert await topics.keep("REQ-2", asked) == 1


async def test_puts_at_once_all_count(topics: SqlTopics) -> None:
    versions = await asyncio.gather(*(topics.keep("DEP-1", Reply(str(n))) for n in range(8)))
    assert sorted(versions) == list(range(1, 9))
    newest = await topics.get("DEP-1")
    assert newest is not None
    assert versions[int(newest[0].text)] == 8


async def test_recent_topics_come_in_the_order_they_changed(topics: SqlTopics) -> None:
    for topic in ("REQ-1", "REQ-2", "REQ-3", "REQ-1"):
        await topics.keep(topic, Reply(topic))
    assert [topic for topic, _ in await topics.recent()] == ["REQ-2", "REQ-3", "REQ-1"]
    assert await topics.recent(limit=1) == [("REQ-1", Reply("REQ-1"))]
