"""`wardroom audit prune`, and searching the archives that it makes."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from bot.audit.keys import KeyFile
from bot.audit.log import AuditLog
from bot.model import Draft, Kind, Reason
from bot.storage.database import Database
from tests.cli.conftest import configure
from tests.databases import FixedClock

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from click.testing import Result

    Typing = Callable[..., Result]


@pytest.fixture
def old(home: Path, sqlite_template: Path) -> Path:
    """Return a data folder with three deploys of twenty years ago."""
    (home / "wardroom.db").write_bytes(sqlite_template.read_bytes())
    database = Database.open(f"sqlite:///{home}/wardroom.db")

    async def fill() -> None:
        keys, clock = KeyFile(home / "audit.key", "wardroom-sandbox/audit"), FixedClock()
        clock.moment = datetime(2006, 1, 1, tzinfo=UTC)
        async with AuditLog(database, clock=clock, software="0", replica="a", keys=keys) as log:
            for number in (1, 2, 3):
                draft = Draft(
                    kind=Kind.OUTCOME,
                    verb="deploy",
                    correlation=f"c-{number}",
                    person="engineer",
                    service="lab-results",
                    reason=Reason.OK,
                    text=f"deployed 1.4.{number}",
                )
                await log.append(draft)

    asyncio.run(fill())
    database.close()
    return home


def test_prune_archives_and_says_so_and_the_log_still_verifies(wardroom: Typing, old: Path) -> None:
    dry = wardroom("audit", "prune", "--dry-run")
    assert dry.output == "3 events from 1 to 3 would be pruned.\n"
    assert not (old / "archives").exists()
    done = wardroom("audit", "prune")
    assert done.exit_code == 0, done.output
    assert done.output.startswith("3 events were pruned, up to event 3.\n")
    assert wardroom("audit", "prune").output == "Nothing was pruned: 6 years 30 days.\n"
    verified = wardroom("audit", "verify")
    assert verified.exit_code == 0, verified.output
    assert "(3 of them pruned, up to event 3)" in verified.output
    (file,) = (old / "archives").glob("*/audit.jsonl")
    alone = wardroom("audit", "verify", str(file))
    assert (alone.exit_code, "events 1 to 3 of " in alone.output) == (0, True), alone.output

    shown = wardroom("audit", "search", "deployed")
    assert "What was pruned of the events up to 3 is in archives" in shown.output
    found = wardroom("audit", "search", "--in", str(file), "deployed", "--limit", "2")
    assert [line[:8].strip() for line in found.output.splitlines()] == ["3", "2", "Older on"]
    rest = wardroom("audit", "search", "--in", str(file), "by:engineer", "--before", "2")
    assert "deployed 1.4.1" in rest.output

    whole = old / "whole.jsonl"
    exported = wardroom("audit", "export", "--format", "jsonl", "--out", str(whole))
    assert "3 of the events up to 3 were pruned" in exported.output
    assert wardroom("audit", "verify", str(whole)).exit_code == 0


def test_an_archive_that_was_changed_is_not_searched(wardroom: Typing, old: Path) -> None:
    wardroom("audit", "prune")
    (file,) = (old / "archives").glob("*/audit.jsonl")
    file.write_bytes(file.read_bytes().replace(b"deployed", b"removed!"))
    told = wardroom("audit", "search", "--in", str(file), "removed")
    assert told.exit_code == 1
    assert "does not verify" in told.output
    assert wardroom("audit", "verify").exit_code == 0


def test_prune_says_what_it_needs(wardroom: Typing, old: Path) -> None:
    young = wardroom("audit", "prune", "--before", f"{datetime.now(UTC):%Y-%m-%d}")
    assert (young.exit_code, "let be pruned what is older than" in young.output) == (1, True)
    (old / "archives").write_text("in the way")
    told = wardroom("audit", "prune")
    assert (told.exit_code, "cannot write" in told.output) == (1, True), told.output
    configure(old, audit={"retention": {"prune_after": "never"}})
    assert wardroom("audit", "prune").output == "Nothing was pruned: never.\n"
