"""`wardroom doctor --only "search index"`: how much of the log is in no shard."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from bot.audit.index.builder import Builder
from bot.audit.index.folder import Index
from bot.audit.log import AuditLog
from bot.doctor import search_index
from bot.model import Draft, Kind
from bot.storage.database import Database
from tests.cli.clinic import Finding, doctor, nowhere
from tests.cli.conftest import configure
from tests.signing import KnownKeys

if TYPE_CHECKING:
    from pathlib import Path


class Now:
    """The machine's clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)


async def looked() -> Finding:
    return (await doctor("--only", "search index")).of("search index")


async def three_events(home: Path) -> Database:
    nowhere(home)
    database = Database.open(f"sqlite:///{home}/wardroom.db")
    database.upgrade()
    keys = KnownKeys()
    async with AuditLog(database, clock=Now(), software="1", replica="a", keys=keys) as log:
        for _ in range(3):
            await log.append(Draft(kind=Kind.SYSTEM, verb="start", correlation="c"))
    return database


async def test_events_that_no_shard_has_are_counted(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = await three_events(home)
    assert "is not there yet" in (await looked())["text"]
    index = Index(home / "index")
    index.folder.mkdir()
    found = await looked()
    assert (found["state"], found["text"]) == (
        "ok",
        "0 of 3 events in 0 shards; searches read the other 3",
    )
    monkeypatch.setattr(search_index, "MUCH", 2)
    assert (await looked())["state"] == "warn"
    builder = Builder(database, index, tail=1)
    while builder.step():
        pass
    builder.close()
    database.close()
    assert (await looked())["text"] == "3 of 3 events in 1 shards; searches read the other 0"


async def test_an_index_that_is_off_is_said(home: Path) -> None:
    (await three_events(home)).close()
    configure(home, audit={"index": False})
    found = await looked()
    assert (found["state"], found["mend"]) == (
        "skip",
        "set audit.index to a folder on this machine's disk",
    )
