"""Databases and engines for the tests of durable work."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator, Iterator, Mapping
from typing import Protocol

import pytest

from bot.ports import Workflow
from bot.storage.database import Database
from bot.workflow.engine import DurableEngine
from tests.databases import POLL_SECONDS, launch_once
from tests.postgres import Server


class Launch(Protocol):
    """Launches an engine with bodies by name; it is closed after the test."""

    async def __call__(
        self,
        bodies: Mapping[str, Workflow] | None = None,
        *,
        concurrency: int = 32,
        grace_seconds: float = 3.0,
    ) -> DurableEngine: ...


@pytest.fixture
def sqlite_url(launched_url: str) -> str:
    """A fresh database in which the engine has made its tables: doing that once is enough."""
    return launched_url


@pytest.fixture(scope="session")
def postgres_template(postgres_server: Server) -> Iterator[str]:
    """The same on PostgreSQL: the name of a database to copy."""
    name = f"launched_{uuid.uuid4().hex}"
    postgres_server.execute(f"CREATE DATABASE {name} TEMPLATE {postgres_server.template}")
    asyncio.run(launch_once(postgres_server.database(name)))
    yield name
    postgres_server.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def postgres_url(postgres_server: Server, postgres_template: str) -> Iterator[str]:
    """A fresh database in which the engine has made its tables."""
    name = f"t_{uuid.uuid4().hex}"
    postgres_server.execute(f"CREATE DATABASE {name} TEMPLATE {postgres_template}")
    yield postgres_server.database(name)
    postgres_server.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
async def launch(database: Database) -> AsyncIterator[Launch]:
    """See `Launch`."""
    launched: list[DurableEngine] = []

    async def start(
        bodies: Mapping[str, Workflow] | None = None,
        *,
        concurrency: int = 32,
        grace_seconds: float = 3.0,
    ) -> DurableEngine:
        engine = DurableEngine(
            database,
            concurrency=concurrency,
            grace_seconds=grace_seconds,
            poll_seconds=POLL_SECONDS,
        )
        for name, body in (bodies or {}).items():
            engine.register(name, body)
        launched.append(engine)
        await engine.launch()
        return engine

    yield start
    for engine in launched:
        await engine.close()
