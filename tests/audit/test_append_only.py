from __future__ import annotations

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from bot.audit.log import AuditLog
from bot.storage.database import Database
from tests.audit.events import assert_whole, draft, head, rows

CHANGES = [
    "UPDATE audit SET body = '{}' WHERE seq = 1",
    "UPDATE audit SET leaf = body",
    "UPDATE audit SET seq = 9 WHERE seq = 2",
    "UPDATE audit SET person = 'innocent'",
    "DELETE FROM audit WHERE seq = 2",
    "DELETE FROM audit",
    "DELETE FROM audit_head",
    "UPDATE audit_head SET size = 1",
    "UPDATE audit_tile SET n = n + 5",
    "DELETE FROM audit_tile",
    "UPDATE audit_node SET n = n + 5",
    "DELETE FROM audit_node",
]
SQLITE_CHANGES = [
    "REPLACE INTO audit (seq, body, leaf) VALUES (1, '{}', x'')",
    (
        "INSERT INTO audit (seq, body, leaf) VALUES (1, '{}', x'') "
        "ON CONFLICT (seq) DO UPDATE SET body = excluded.body"
    ),
    "REPLACE INTO audit_head VALUES (1, 0, 0, x'', x'', '', '')",
    "REPLACE INTO audit_tile VALUES (0, x'')",
    "REPLACE INTO audit_node VALUES (16, 0, x'')",
    "INSERT INTO audit_head VALUES (2, 0, 0, x'', x'', '', '')",
]
POSTGRESQL_CHANGES = [
    "TRUNCATE audit",
    "TRUNCATE audit_head",
    "TRUNCATE audit_tile",
    "TRUNCATE audit_node",
    (
        "INSERT INTO audit (seq, body, leaf) VALUES (1, '{}', '') "
        "ON CONFLICT (seq) DO UPDATE SET body = excluded.body"
    ),
    "INSERT INTO audit_head VALUES (2, 0, 0, '', '', '', '')",
    "UPDATE audit SET person = DEFAULT",
]


@pytest.fixture
async def filled(log: AuditLog, database: Database) -> Database:
    for number in range(3):
        await log.append(draft(text=str(number)))
    keep = text("INSERT INTO audit_tile VALUES (0, :hash)")
    database.write_now(lambda c: c.execute(keep, {"hash": b"hash"}))
    keep_node = text("INSERT INTO audit_node VALUES (16, 0, :hash)")
    database.write_now(lambda c: c.execute(keep_node, {"hash": b"hash"}))
    return database


def assert_refused(database: Database, statement: str) -> None:
    before = rows(database), head(database)
    with pytest.raises(DBAPIError):
        database.write_now(lambda c: c.execute(text(statement)))
    assert (rows(database), head(database)) == before, statement


async def test_update_and_delete_fail_in_sql(filled: Database) -> None:
    for statement in CHANGES:
        assert_refused(filled, statement)


async def test_replace_and_truncate_fail_in_sql(filled: Database) -> None:
    for statement in SQLITE_CHANGES if filled.is_sqlite else POSTGRESQL_CHANGES:
        assert_refused(filled, statement)


async def test_what_people_filter_by_comes_from_the_stored_bytes(filled: Database) -> None:
    found = filled.read_now(
        lambda c: c.execute(
            text("SELECT ts, kind, person, verb, service, environment, reason FROM audit")
        ).first()
    )
    event = assert_whole(filled)[0]
    assert found is not None
    assert tuple(found) == (
        *(event["ts"], "intent", "engineer", "deploy", "lab-results", "test", None),
    )
