"""A fresh, upgraded database for a test: SQLite always, PostgreSQL where there is one."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.storage.database import Database
from bot.workflow.engine import DurableEngine

POLL_SECONDS = 0.08
"""How often a test's engine looks for work: what it does is the same, a test waits less."""

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


@dataclass
class FixedClock:
    """A clock that a test turns by hand."""

    moment: datetime = NOON

    def now(self) -> datetime:
        return self.moment

    def turn(self, **ahead: float) -> datetime:
        self.moment += timedelta(**ahead)
        return self.moment


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An upgraded SQLite file to copy: migrating once is enough."""
    file = tmp_path_factory.mktemp("template") / "wardroom.db"
    database = Database.open(f"sqlite:///{file}")
    database.upgrade()
    database.close()
    return file


@pytest.fixture(scope="session")
def launched_template(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Such a file in which the engine has made its tables too."""
    file = tmp_path_factory.mktemp("launched") / "wardroom.db"
    shutil.copy(sqlite_template, file)
    asyncio.run(launch_once(f"sqlite:///{file}"))
    return file


async def launch_once(url: str) -> None:
    """Let the engine make its tables."""
    opened = Database.open(url)
    engine = DurableEngine(opened, poll_seconds=POLL_SECONDS)
    await engine.launch()
    await engine.close()
    opened.close()


@pytest.fixture
def launched_url(launched_template: Path, tmp_path: Path) -> str:
    """A fresh SQLite database in which the engine has worked before."""
    shutil.copy(launched_template, tmp_path / "wardroom.db")
    return f"sqlite:///{tmp_path / 'wardroom.db'}"


@pytest.fixture
def sqlite_url(sqlite_template: Path, tmp_path: Path) -> str:
    """A fresh SQLite database at the newest schema, in a folder of its own."""
    shutil.copy(sqlite_template, tmp_path / "wardroom.db")
    return f"sqlite:///{tmp_path / 'wardroom.db'}"


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def database_url(request: pytest.FixtureRequest) -> str:
    """The same test on each database that Wardroom supports."""
    url: str = request.getfixturevalue(f"{request.param}_url")
    return url


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """An open database."""
    opened = Database.open(database_url)
    yield opened
    opened.close()
