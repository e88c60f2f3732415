"""What search and show do with a log that somebody changed."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import text

from bot.audit.log import AuditLog
from bot.audit.search import AuditSearch
from bot.audit.tree import leaf_hash
from bot.errors import Conflict
from bot.model import AuditQuery
from bot.storage.database import Database
from tests.audit.conftest import TurnedClock
from tests.audit.events import a_log, as_attacker, draft, fill


async def test_damaged_events_are_named_and_never_shown_as_events(
    log: AuditLog, database: Database, search: AuditSearch
) -> None:
    await fill(log, *(draft(text=f"word {n}") for n in range(6)))
    as_attacker(
        database,
        text("UPDATE audit SET body = replace(body, 'word 1', 'word 9') WHERE seq = 2"),
        text("UPDATE audit SET leaf = :leaf WHERE seq = 4").bindparams(leaf=b"x"),
    )
    page = await search.search(AuditQuery(words=("word",)))
    assert [event.seq for event in page.events] == [6, 5, 3, 1]
    assert page.damaged == (4, 2)
    for seq in (2, 4):
        with pytest.raises(Conflict, match=f"Event {seq} is damaged"):
            await search.show(seq)


async def test_what_no_log_writes_is_damaged_though_its_hash_is_right(
    log: AuditLog, database: Database, search: AuditSearch
) -> None:
    await fill(log, *(draft() for _ in range(3)))
    forge = text("UPDATE audit SET body = :body, leaf = :leaf WHERE seq = 2")
    for body in (b"{}", b'{"seq":2,"ts":null}', b'{"a":1.5}', b'{"seq":2,"seq":2}'):
        as_attacker(database, forge.bindparams(body=body.decode(), leaf=leaf_hash(body)))
        page = await search.search(AuditQuery())
        assert ([event.seq for event in page.events], page.damaged) == ([3, 1], (2,))


async def test_an_event_moved_to_another_number_is_damaged(
    log: AuditLog, database: Database, search: AuditSearch
) -> None:
    await fill(log, *(draft() for _ in range(3)))
    as_attacker(
        database,
        text("DELETE FROM audit WHERE seq = 2"),
        text("UPDATE audit SET seq = 2 WHERE seq = 3"),
    )
    page = await search.search(AuditQuery())
    assert ([event.seq for event in page.events], page.damaged) == ([1], (2,))


def flip(file: Path, old: bytes, new: bytes) -> None:
    """Change a file as a failing disk would."""
    content = file.read_bytes()
    assert content.count(old) == 1
    file.write_bytes(content.replace(old, new))


async def test_a_body_that_is_no_json_any_more_does_not_stop_the_search(
    sqlite: Database, clock: TurnedClock
) -> None:
    async with a_log(sqlite, clock) as own:
        await fill(own, *(draft(person=f"p{n}") for n in range(4)))
    assert sqlite.file is not None
    sqlite.write_now(lambda c: c.execute(text("DROP INDEX audit_person")))
    sqlite.read_now(lambda c: c.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)"))
    flip(sqlite.file, b'"person":"p1"', b'\xff\x00erson":"p1"')
    page = await AuditSearch(sqlite).search(AuditQuery(person="p3"))
    assert ([event.seq for event in page.events], page.damaged) == ([4], (2,))


async def test_a_filter_column_cannot_be_made_to_lie(
    log: AuditLog, database: Database, search: AuditSearch
) -> None:
    await fill(log, draft(person="guilty"))
    with pytest.raises(Exception, match=r"(?i)generated column|can only be updated to DEFAULT"):
        as_attacker(database, text("UPDATE audit SET person = 'innocent'"))
    page = await search.search(AuditQuery(person="guilty"))
    assert [event.seq for event in page.events] == [1]
