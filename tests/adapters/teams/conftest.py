"""A Teams door on a real port, with a real small Bot Framework behind it and a scripted road."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from bot.adapters.teams import Patience, Reference, Registration, Teams, routes
from bot.adapters.teams.keys import Keys
from tests.adapters.slack.conftest import MemoryTopics, ScriptedRoad
from tests.adapters.teams.checked import Checked, TurnedClock, tokens
from tests.fakes import teams as fake
from tests.fakes.notices import DirectNotices
from tests.serving import NO_TLS, served


@dataclass
class MemoryReferences:
    """References in memory, for one test."""

    kept: dict[str, Reference] = field(default_factory=dict)
    puts: list[Reference] = field(default_factory=list)

    async def put(self, reference: Reference) -> None:
        self.kept[reference.conversation] = reference
        self.puts.append(reference)

    async def get(self, conversation: str) -> Reference | None:
        return self.kept.get(conversation)

    async def personal(self, tenant: str, user: str) -> Reference | None:
        found = [r for r in self.kept.values() if user and (r.tenant, r.user) == (tenant, user)]
        return found[-1] if found else None

    async def forget(self, conversation: str) -> None:
        gone = [r for r in self.kept.values() if conversation in (r.conversation, r.team)]
        for reference in gone:
            del self.kept[reference.conversation]


@dataclass
class Open:
    """An open door: what stands before it, behind it, and what it was told."""

    teams: fake.Teams
    door: Teams
    road: ScriptedRoad
    notices: DirectNotices
    topics: MemoryTopics
    clock: TurnedClock
    references: MemoryReferences
    rests: list[float]
    http: httpx.AsyncClient


def registration(teams: fake.Teams, **over: Any) -> Registration:
    """Return our app as it is registered with the small Teams."""
    given: dict[str, Any] = {
        "app_id": teams.app_id,
        "app_password": teams.password,
        "tenant_id": teams.tenant,
        "openid_metadata_url": teams.openid_url,
        "login_url": teams.login_url,
        "allowed_service_urls": (teams.base,),
        "console_url": "http://console.test/",
    }
    over = {
        name: value.format(identity=teams.identity_url, graph=teams.graph_url)
        if isinstance(value, str)
        else value
        for name, value in over.items()
    }
    return Registration(**{**given, **over})


@asynccontextmanager
async def opened(*, patience: Patience | None = None, **over: Any) -> AsyncIterator[Open]:
    """Open a door to a small Teams of its own."""
    async with contextlib.AsyncExitStack() as stack:
        teams = await stack.enter_async_context(fake.Teams.running())
        http = await stack.enter_async_context(httpx.AsyncClient(verify=NO_TLS))
        road, topics, clock = ScriptedRoad(), MemoryTopics(), TurnedClock()
        references, rests = MemoryReferences(), list[float]()
        notices = DirectNotices(topics, lambda reply: reply)

        async def rest(seconds: float) -> None:
            rests.append(seconds)
            await asyncio.sleep(0)

        door = Teams(
            registration(teams, **over),
            road=road,
            notices=notices,
            clock=clock,
            http=http,
            references=references,
            patience=patience or Patience(message=30, invoke=30),
            sleep=rest,
        )
        notices.messengers[door.platform] = door
        app = FastAPI()
        app.routes.extend(routes(door))
        await door.start()
        stack.push_async_callback(door.close)
        url = await stack.enter_async_context(served(app))
        teams.door = f"{url}/api/messages"
        yield Open(teams, door, road, notices, topics, clock, references, rests, http)


@asynccontextmanager
async def restarted(here: Open) -> AsyncIterator[Teams]:
    """Open the door of another process that has the same stores; Teams posts there from now on."""
    async with contextlib.AsyncExitStack() as stack:
        door = Teams(
            registration(here.teams),
            road=here.road,
            notices=here.notices,
            clock=here.clock,
            http=here.http,
            references=here.references,
            patience=Patience(message=30, invoke=30),
        )
        app = FastAPI()
        app.routes.extend(routes(door))
        await door.start()
        stack.push_async_callback(door.close)
        here.teams.door = f"{await stack.enter_async_context(served(app))}/api/messages"
        here.notices.messengers[door.platform] = door
        yield door


async def installed(here: Open) -> None:
    """Add the app to Anna's own chat, and forget that she was welcomed."""
    await here.teams.install()
    await here.door._tasks.close(10)
    here.teams.messages.clear()
    here.teams.calls.clear()
    here.rests.clear()


@pytest.fixture
async def here() -> AsyncIterator[Open]:
    """An open door."""
    async with opened() as door:
        yield door


@pytest.fixture
async def check() -> AsyncIterator[Checked]:
    """A check that has not asked for any key yet."""
    async with fake.Teams.running() as teams, httpx.AsyncClient(verify=NO_TLS) as http:
        clock = TurnedClock()
        keys = Keys(http, teams.openid_url, clock)
        yield Checked(teams, tokens(teams, keys, clock), keys, clock)
        await keys.close()
