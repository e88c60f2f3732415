"""A database of each kind, a clock that can be turned, and a running log."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest

from bot.audit.log import AuditLog
from bot.audit.search import AuditSearch
from bot.storage.database import Database
from tests.audit.events import a_log

BACKENDS = ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)]

in_a_file = pytest.mark.parametrize("url", ["sqlite"], indirect=True)
"""For what does not depend on the database: one of them is enough."""


@dataclass
class TurnedClock:
    """A clock that stands still until a test turns it."""

    at: datetime = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)

    def now(self) -> datetime:
        """Return the time it was turned to."""
        return self.at

    def turn(self, **by: float) -> None:
        """Turn it forward, or back by a negative amount."""
        self.at += timedelta(**by)


@pytest.fixture
def clock() -> TurnedClock:
    """A clock at a fixed time."""
    return TurnedClock()


@pytest.fixture(params=BACKENDS)
def url(request: pytest.FixtureRequest) -> str:
    """The URL of an upgraded database: SQLite and PostgreSQL in turn."""
    given: str = request.getfixturevalue(f"{request.param}_url")
    return given


@pytest.fixture
def database(url: str) -> Iterator[Database]:
    """The database, opened."""
    database = Database.open(url)
    yield database
    database.close()


@pytest.fixture
def sqlite(sqlite_url: str) -> Iterator[Database]:
    """A database in a file, for what only a file can suffer."""
    database = Database.open(sqlite_url)
    yield database
    database.close()


@pytest.fixture
async def log(database: Database, clock: TurnedClock) -> AsyncIterator[AuditLog]:
    """A running log over the database."""
    async with a_log(database, clock) as log:
        yield log


@pytest.fixture
def search(database: Database) -> AuditSearch:
    """A search over the database that takes the time it needs."""
    return AuditSearch(database, deadline=60)
