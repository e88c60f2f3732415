"""A console on a real server whose road says what the test wrote down."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime

from fastapi import FastAPI
from starlette.types import Receive, Scope, Send

from bot.adapters.web import Live, Parts, console
from bot.model import (
    Account,
    AuditCount,
    AuditPage,
    AuditQuery,
    Event,
    Invocation,
    Json,
    Place,
    Principal,
    Reason,
    Reply,
    Verdict,
)
from bot.ports import Messenger
from tests.serving import served

NOW = datetime(2026, 3, 9, 7, 30, tzinfo=UTC)
PEOPLE = (
    Principal("engineer", "Engineer", frozenset({"engineer"})),
    Principal("release-manager", "Release manager", frozenset({"release_manager"})),
    Principal("safety-officer", "Safety officer", frozenset({"clinical_safety_officer"})),
)
LINES = (
    "approvals",
    "audit search",
    "ci status lab-results",
    "deploy lab-results 1.4.2 to test",
    "deploy portal 1.4.2 to test",
    "help",
)
UNKNOWN = Reply("There is no command like that. Type `help`.", Reason.UNKNOWN_COMMAND)

Script = Reply | Callable[[Invocation], Reply]


class Clock:
    """Stands still."""

    def now(self) -> datetime:
        """Return the one time there is."""
        return NOW


class ScriptedRoad:
    """Answers what the test wrote down, the same delivery once; keeps what it heard."""

    def __init__(self) -> None:
        self.script: dict[str, Script] = {}
        self.heard: list[Invocation] = []
        self._first: dict[str, Reply] = {}
        self.hold: asyncio.Event | None = None

    async def handle(self, invocation: Invocation) -> Reply:
        """Return the first answer to a delivery, or the script's."""
        if self.hold is not None:
            await self.hold.wait()
        if invocation.delivery in self._first:
            return self._first[invocation.delivery]
        self.heard.append(invocation)
        said = self.script.get(invocation.text, UNKNOWN)
        reply = said if isinstance(said, Reply) else said(invocation)
        self._first[invocation.delivery] = reply
        return reply

    @property
    def lines(self) -> list[str]:
        """Return what was typed, in order."""
        return [one.text for one in self.heard]


class MemoryTopics:
    """Keeps topics in memory, as the store does in tables."""

    def __init__(self) -> None:
        self._replies: dict[str, tuple[Reply, int]] = {}
        self._posts: dict[str, dict[tuple[Place, str], None]] = {}

    async def put(self, topic: str, reply: Reply) -> int:
        """Keep the newest reply."""
        _, version = self._replies.pop(topic, (reply, 0))
        self._replies[topic] = (reply, version + 1)
        return version + 1

    async def get(self, topic: str) -> tuple[Reply, int] | None:
        """Return the newest reply and its version."""
        return self._replies.get(topic)

    async def recent(self, *, limit: int = 20) -> Sequence[tuple[str, Reply]]:
        """Return what changed last, oldest first."""
        return [(topic, reply) for topic, (reply, _) in self._replies.items()][-limit:]

    async def add_post(self, topic: str, place: Place, ref: str) -> None:
        """Remember where it was shown."""
        self._posts.setdefault(topic, {})[place, ref] = None

    async def posts(self, topic: str) -> Sequence[tuple[Place, str]]:
        """Return where it was shown."""
        return list(self._posts.get(topic, {}))


class MemoryNotices:
    """Edits messages in place, as the engine's do."""

    def __init__(self, topics: MemoryTopics, messenger: Messenger) -> None:
        self._topics, self._messenger = topics, messenger

    async def publish(self, topic: str, reply: Reply) -> None:
        """Keep the reply and edit it where it was shown; the console shows every topic."""
        await self._topics.put(topic, reply)
        posts = await self._topics.posts(topic)
        for place, ref in posts or [(Place(self._messenger.platform), topic)]:
            await self._messenger.edit(place, ref, reply)

    async def announce(self, topic: str, place: Place) -> None:
        """Show a topic's message in a place."""
        found = await self._topics.get(topic)
        if found is not None:
            ref = await self._messenger.post(place, found[0])
            await self._topics.add_post(topic, place, ref)

    async def shown(self, topic: str, place: Place, ref: str, reply: Reply) -> None:
        """Remember a post, and mend it when a newer reply exists."""
        await self._topics.add_post(topic, place, ref)
        found = await self._topics.get(topic)
        if found is not None and found[0] != reply:
            await self._messenger.edit(place, ref, found[0])

    async def withdraw(self, topic: str, place: Place) -> None:
        """Promise nothing there, as nothing ever was."""

    async def is_shown(self, topic: str, place: Place, ref: str) -> bool:
        """Say whether a message shows a topic."""
        return (place, ref) in await self._topics.posts(topic)

    async def thread(self, topic: str, place: Place) -> str:  # noqa: ARG002 - a page has no threads
        """Return no thread."""
        return ""

    async def current(self, topic: str) -> Reply | None:
        """Return the newest reply."""
        found = await self._topics.get(topic)
        return found[0] if found else None


class People:
    """The directory of three people."""

    def identify(self, account: Account) -> Principal | None:
        """Return whose account it is."""
        return self.person(account.user)

    def person(self, person_id: str) -> Principal | None:
        """Return a person by id."""
        return next((one for one in PEOPLE if one.id == person_id), None)

    def people(self) -> Sequence[Principal]:
        """Return everybody."""
        return PEOPLE


class OneEvent:
    """A log of one event, number 7."""

    data: Mapping[str, Json] = {
        "actor": {"person": "engineer"},
        "policies": ["a", "b"],
        "request": "REQ-12",
        "verb": "deploy <b>",
    }
    body = json.dumps(data, separators=(",", ":")).encode()

    def __init__(self) -> None:
        self.leaf = hashlib.sha256(b"\x00" + self.body).digest()

    async def search(self, query: AuditQuery) -> AuditPage:
        """Return nothing: the console searches through the road."""
        raise AssertionError(query)

    async def count(self, query: AuditQuery, *, most: int | None = None) -> AuditCount:
        """Count nothing, for the same reason."""
        raise AssertionError(query, most)

    async def show(self, seq: int) -> Event | None:
        """Return the event."""
        return Event(7, NOW, self.body, self.leaf, self.data) if seq == len("seventh") else None

    async def verify(self) -> Verdict:
        """Say that one event is whole."""
        return Verdict(ok=True, size=1, root="")


@dataclass
class House:
    """A running console and everything behind it."""

    url: str
    road: ScriptedRoad
    topics: MemoryTopics
    notices: MemoryNotices
    live: Live
    audit: OneEvent
    say: dict[str, Script] = field(init=False)

    def __post_init__(self) -> None:
        self.say = self.road.script


def complete(line: str) -> list[str]:
    """Return the lines that continue a line."""
    return [one for one in LINES if one.startswith(line)]


async def anchored() -> str:
    """Say how well the log is anchored."""
    return "Last anchored 42 s ago by 2 of 3."


def build(mode: str = "sandbox", *, keep_alive_seconds: float = 10.0) -> tuple[FastAPI, House]:
    """Return an application with a console, and what is behind it."""
    clock = Clock()
    live, road, topics, audit = Live(clock), ScriptedRoad(), MemoryTopics(), OneEvent()
    notices = MemoryNotices(topics, live)
    parts = Parts(
        live=live,
        road=road,
        notices=notices,
        topics=topics,
        directory=People(),
        audit=audit,
        anchored=anchored,
        complete=complete,
        mode=mode,
        public_url="http://127.0.0.1",
        clock=clock,
        keep_alive_seconds=keep_alive_seconds,
    )
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    app.include_router(console(parts))
    return app, House("", road, topics, notices, live, audit)


class Switch:
    """A server's application that is another one in each test: starting a server takes longer."""

    app: FastAPI

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand the request to the application of now."""
        await self.app(scope, receive, send)


@asynccontextmanager
async def serving(
    mode: str = "sandbox", *, port: int = 0, keep_alive_seconds: float = 10.0
) -> AsyncIterator[House]:
    """Serve a console of its own on a port of this machine."""
    app, house = build(mode, keep_alive_seconds=keep_alive_seconds)
    async with served(app, port) as house.url:
        try:
            yield house
        finally:
            house.live.close()
