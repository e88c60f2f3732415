"""The live messages: order, gaps, slow readers, and the event stream itself."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from httpx import Response

from bot.adapters.web import Live
from bot.adapters.web.chat import lines
from bot.adapters.web.live import MAX_WATCHERS, REMEMBERED, WAITING
from bot.errors import StoreFailed
from bot.model import Place, Reply
from tests.adapters.web.house import Clock, House, serving
from tests.serving import NO_TLS

pytestmark = pytest.mark.asyncio(loop_scope="session")

PLACE = Place("web", "console")


class Stream:
    """Reads an event stream as a browser does."""

    def __init__(self, response: Response) -> None:
        self._lines = response.aiter_lines()
        self.last = ""

    async def greeted(self) -> None:
        """Read the greeting."""
        kind, _ = await self._event()
        assert kind == "hello"

    async def next(self) -> dict[str, Any]:
        """Return the next message."""
        kind, data = await self._event()
        assert kind == "message"
        return dict(json.loads(data))

    async def ends(self) -> bool:
        """Read until the server ends the stream."""
        async for _ in self._lines:
            pass
        return True

    async def _event(self) -> tuple[str, str]:
        kind, data = "message", ""
        async for line in self._lines:
            name, _, value = line.partition(": ")
            if name == "event":
                kind = value
            elif name == "data":
                data = value
            elif name == "id":
                self.last = value
            elif not line and data:
                break
        return kind, data


@asynccontextmanager
async def streaming(house: House, last: str = "") -> AsyncIterator[Stream]:
    """Open an event stream, and wait until the server has greeted it."""
    headers = {"last-event-id": last} if last else {}
    async with (
        httpx.AsyncClient(base_url=house.url, trust_env=False, verify=NO_TLS, timeout=20) as client,
        client.stream("GET", "/api/events", headers=headers) as response,
    ):
        assert response.headers["content-type"].startswith("text/event-stream")
        stream = Stream(response)
        await stream.greeted()
        yield stream


def reply(text: str, topic: str = "DEP-1") -> Reply:
    return Reply(text, topic=topic)


async def test_a_message_with_a_topic_is_known_by_it() -> None:
    live = Live(Clock())
    assert await live.post(PLACE, reply("Started.")) == "DEP-1"
    first = await live.post(PLACE, Reply("Just so."))
    assert first != await live.post(PLACE, Reply("Just so."))
    assert live.platform == "web"


async def test_a_page_is_given_exactly_what_it_missed() -> None:
    live = Live(Clock())
    updates = [live.show("DEP-1", reply(str(n))) for n in range(5)]
    assert live.since(updates[1].id) == updates[2:]
    assert live.since(updates[4].id) == []


@pytest.mark.parametrize("last", ["", "nonsense", "other-5", "-1", "abc-99999999999999999"])
async def test_a_page_from_elsewhere_has_to_start_over(last: str) -> None:
    live = Live(Clock())
    live.show("DEP-1", reply("x"))
    assert live.since(last) is None


async def test_a_page_that_was_away_too_long_has_to_start_over() -> None:
    live = Live(Clock())
    start = live.last_id
    for n in range(REMEMBERED):
        live.show("DEP-1", reply(str(n)))
    assert len(live.since(start) or []) == REMEMBERED
    live.show("DEP-1", reply("one more"))
    assert live.since(start) is None


async def test_a_reader_that_falls_behind_is_sent_away_to_come_back() -> None:
    live = Live(Clock())
    with live.watch() as watcher:
        for n in range(WAITING + 1):
            live.show("DEP-1", reply(str(n)))
        assert watcher.queue.get_nowait() is None


async def test_closing_ends_every_stream_at_once_and_lets_no_new_one_wait() -> None:
    live = Live(Clock())
    with live.watch() as before:
        live.close()
        assert await before.queue.get() is None
    with live.watch() as after:
        assert await after.queue.get() is None


async def test_what_was_shown_while_the_store_was_read_is_newer() -> None:
    live = Live(Clock())
    read_at = live.number
    live.show("DEP-1", reply("newer"))
    assert not live.is_news("DEP-1", reply("older, from the store"), read_at=read_at)
    assert live.is_news("DEP-1", reply("newest, from the store"), read_at=live.number)
    assert not live.is_news("DEP-1", reply("newer"), read_at=live.number)


async def test_an_edit_arrives_on_the_stream(house: House) -> None:
    async with streaming(house) as stream:
        await house.live.edit(PLACE, "DEP-1", reply("Half way."))
        message = await stream.next()
    assert message["ref"] == "DEP-1"
    assert message["text"] == "Half way."
    assert message["summary"] == "DEP-1: Half way."


async def test_a_page_that_comes_back_gets_what_it_missed(house: House) -> None:
    async with streaming(house) as stream:
        await house.live.edit(PLACE, "DEP-1", reply("one"))
        await stream.next()
        last = stream.last
    await house.live.edit(PLACE, "DEP-1", reply("two"))
    await house.live.edit(PLACE, "DEP-1", reply("three"))
    async with streaming(house, last) as stream:
        assert [(await stream.next())["text"] for _ in range(2)] == ["two", "three"]


async def test_after_a_restart_a_page_gets_the_topics_as_they_are_now(house: House) -> None:
    await house.topics.put("REQ-1", reply("Waiting.", "REQ-1"))
    await house.topics.put("DEP-2", reply("Running.", "DEP-2"))
    async with streaming(house, "before-17") as stream:
        found = [await stream.next() for _ in range(2)]
    assert [one["ref"] for one in found] == ["REQ-1", "DEP-2"]


async def test_what_another_door_published_arrives_without_having_been_shown_here() -> None:
    async with serving(keep_alive_seconds=0.05) as house, streaming(house) as stream:
        await house.topics.put("DEP-8", reply("From Slack.", "DEP-8"))
        assert (await stream.next())["text"] == "From Slack."
        await house.notices.publish("DEP-8", reply("And its edit.", "DEP-8"))
        assert (await stream.next())["text"] == "And its edit."


async def test_a_store_that_is_down_for_a_while_does_not_end_the_stream(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with serving(keep_alive_seconds=0.02) as house, streaming(house) as stream:
        asked = asyncio.Event()

        async def broken(**_: object) -> None:
            asked.set()
            raise StoreFailed("down")

        monkeypatch.setattr(house.topics, "recent", broken)
        await asked.wait()
        await house.live.edit(PLACE, "DEP-1", reply("Still here."))
        assert (await stream.next())["text"] == "Still here."


async def test_the_server_stops_while_pages_are_open() -> None:
    async with serving() as house, streaming(house) as stream:
        house.live.close()
        assert await stream.ends()


async def test_too_many_pages_are_told_so(house: House) -> None:
    held = [house.live.watch() for _ in range(MAX_WATCHERS)]
    for one in held:
        one.__enter__()
    async with httpx.AsyncClient(base_url=house.url, trust_env=False, verify=NO_TLS) as client:
        answer = await client.get("/api/events")
    assert answer.status_code == 503
    assert "Too many pages" in answer.json()["text"]


@pytest.mark.parametrize(
    ("line", "candidates", "expected"),
    [
        ("dep", ["deploy", "deploy list"], ["deploy", "deploy list"]),
        ("deploy lab", ["lab-results"], ["deploy lab-results"]),
        ("deploy lab", ["deploy lab-results"], ["deploy lab-results"]),
        ("help", ["help"], []),
        ("", ["a", "a"], ["a"]),
    ],
)
async def test_a_candidate_is_a_whole_line_or_the_word_being_typed(
    line: str, candidates: list[str], expected: list[str]
) -> None:
    assert lines(line, candidates) == expected
