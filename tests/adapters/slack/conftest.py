"""A Slack door on a real port, with a real small Slack behind it and a scripted road."""

from __future__ import annotations

import asyncio
import contextlib
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, cast

import pytest
from fastapi import FastAPI

from bot.adapters.slack import Slack, Sources, Tokens, Workspace, routes
from bot.model import Reply
from tests.fakes import slack as fake
from tests.fakes.notices import DirectNotices
from tests.house import chat, site
from tests.serving import served

if TYPE_CHECKING:
    from bot.model import Invocation, Place
    from bot.ports import Notices


__all__ = ["chat", "site"]


@dataclass
class ScriptedRoad:
    """Answers a text with the reply set for it, and keeps what it was asked."""

    replies: dict[str, Reply] = field(default_factory=dict)
    said: list[Invocation] = field(default_factory=list)
    gate: asyncio.Event | None = None

    async def handle(self, invocation: Invocation) -> Reply:
        """Answer, once the gate is open."""
        self.said.append(invocation)
        if self.gate is not None:
            await self.gate.wait()
        return self.replies.get(invocation.text, Reply(f"You said {invocation.text}"))


@dataclass
class MemoryTopics:
    """Topics in memory, for one test."""

    kept: dict[str, tuple[Reply, int]] = field(default_factory=dict)
    shown: dict[str, list[tuple[Place, str]]] = field(default_factory=lambda: defaultdict(list))

    async def put(self, topic: str, reply: Reply) -> int:
        version = self.kept.get(topic, (reply, 0))[1] + 1
        self.kept[topic] = (reply, version)
        return version

    async def get(self, topic: str) -> tuple[Reply, int] | None:
        return self.kept.get(topic)

    async def recent(self, *, limit: int = 20) -> Sequence[tuple[str, Reply]]:
        return [(topic, reply) for topic, (reply, _) in self.kept.items()][-limit:]

    async def add_post(self, topic: str, place: Place, ref: str) -> None:
        if (place, ref) not in self.shown[topic]:
            self.shown[topic].append((place, ref))

    async def posts(self, topic: str) -> Sequence[tuple[Place, str]]:
        return self.shown[topic]


class TurnedClock:
    """The machine's clock, moved by what a test says."""

    def __init__(self) -> None:
        self.ahead = timedelta()

    def now(self) -> datetime:
        return datetime.now(UTC) + self.ahead


@dataclass
class Open:
    """An open door: what stands before it, behind it, and what it was told."""

    slack: fake.Slack
    door: Slack
    road: ScriptedRoad
    notices: DirectNotices
    topics: MemoryTopics
    clock: TurnedClock
    rests: list[float]


@asynccontextmanager
async def opened(
    *,
    app_token: str | None = None,
    arrange: Callable[[fake.Slack], None] = lambda _: None,
    sources: Sources | None = None,
    tokens: Tokens | None = None,
    **over: Any,
) -> AsyncIterator[Open]:
    """Open a door to a small Slack of its own, arranged before the door looks at it."""
    async with contextlib.AsyncExitStack() as stack:
        slack = await stack.enter_async_context(fake.Slack.running())
        arrange(slack)
        road, topics, clock = ScriptedRoad(), MemoryTopics(), TurnedClock()
        notices = DirectNotices(topics, lambda reply: reply)
        workspace = Workspace(
            signing_secret=slack.secret,
            bot_token=slack.token,
            app_token=app_token,
            api_url=slack.api_url,
            console_url="http://console.test/",
            **over,
        )
        rests: list[float] = []

        async def rest(seconds: float) -> None:
            rests.append(seconds)
            await asyncio.sleep(0)

        door = Slack(
            workspace,
            road=road,
            notices=cast("Notices", notices),
            clock=clock,
            sources=sources,
            tokens=tokens,
            sleep=rest,
        )
        notices.messengers[door.platform] = door
        app = FastAPI()
        app.routes.extend(routes(door))
        await door.start()
        stack.push_async_callback(door.close)
        url = await stack.enter_async_context(served(app))
        slack.door = f"{url}/slack/events"
        yield Open(slack, door, road, notices, topics, clock, rests)


@pytest.fixture
async def here() -> AsyncIterator[Open]:
    """An open door, over HTTP."""
    async with opened() as door:
        yield door
