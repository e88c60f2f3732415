"""Drafts, effects and readings that the tests of the log share."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import Connection, Executable, text

from bot.audit import record, tree
from bot.audit.ballast import Ballast
from bot.audit.log import AuditLog
from bot.errors import AuditUnavailable
from bot.model import Account, Draft, Kind, Place
from bot.ports import Clock, Transaction
from bot.storage.database import Database, sql
from tests.signing import KnownKeys


def draft(**changes: Any) -> Draft:
    """An event like most: somebody asks for something in a channel."""
    usual: dict[str, Any] = {
        "kind": Kind.INTENT,
        "verb": "deploy",
        "correlation": "c-1",
        "person": "engineer",
        "roles": ("engineer",),
        "account": Account("slack", "U1", "T1"),
        "place": Place("slack", "C1"),
        "service": "lab-results",
        "environment": "test",
    }
    return Draft(**(usual | changes))


def a_log(
    database: Database,
    clock: Clock,
    *,
    replica: str = "one",
    deadline: float = 60,
    ballast: Ballast | None = None,
) -> AuditLog:
    """A log whose callers are patient: the machine that tests may be busy."""
    return AuditLog(
        database,
        clock=clock,
        software="1.0",
        replica=replica,
        keys=KnownKeys(),
        deadline=deadline,
        ballast=ballast,
    )


def rows(database: Database) -> list[tuple[int, bytes, bytes]]:
    """Everything stored, in order."""

    def read(connection: Connection) -> list[tuple[int, bytes, bytes]]:
        found = connection.execute(text("SELECT seq, body, leaf FROM audit ORDER BY seq"))
        return [(seq, body.encode(), bytes(leaf)) for seq, body, leaf in found]

    return database.read_now(read)


def head(database: Database) -> tuple[int, bytes]:
    """The size and root that the log has recorded."""

    def read(connection: Connection) -> tuple[int, bytes]:
        size, root = connection.execute(text("SELECT size, root FROM audit_head")).one()
        return size, bytes(root)

    return database.read_now(read)


def assert_whole(database: Database) -> list[dict[str, Any]]:
    """Check numbers, leaves and root from first principles; return the events' fields."""
    stored = rows(database)
    assert [seq for seq, _, _ in stored] == list(range(1, len(stored) + 1))
    fields: list[dict[str, Any]] = [dict(record.parse(body)) for _, body, _ in stored]
    assert [each["seq"] for each in fields] == [seq for seq, _, _ in stored]
    assert all(leaf == tree.leaf_hash(body) for _, body, leaf in stored)
    assert head(database) == (len(stored), tree.root_of(leaf for _, _, leaf in stored))
    times = [each["ts"] for each in fields]
    assert times == sorted(times)
    return fields


def as_attacker(database: Database, *statements: Executable) -> None:
    """Change what nobody may change, the way somebody with the database would."""

    def attack(connection: Connection) -> None:
        if database.is_sqlite:
            names = text("SELECT name FROM sqlite_master WHERE type = 'trigger'")
            for name in connection.execute(names).scalars().all():
                connection.execute(text(f"DROP TRIGGER {name}"))
        else:
            for table in ("audit", "audit_head", "audit_tile", "audit_node"):
                connection.execute(text(f"ALTER TABLE {table} DISABLE TRIGGER ALL"))
        for statement in statements:
            connection.execute(statement)

    database.write_now(attack)


async def eventually_appends(log: AuditLog, said: str) -> None:
    """Append once the log answers again; what it refused until then was never written."""
    while True:
        with contextlib.suppress(AuditUnavailable):
            await log.append(draft(text=said))
            return


async def fill(log: AuditLog, *drafts: Draft) -> None:
    """Append several events at once."""
    await asyncio.gather(*(log.append(each) for each in drafts))


def make_notes(database: Database) -> None:
    """Make a table for effects to write to."""
    create = text("CREATE TABLE note (name TEXT PRIMARY KEY)")
    database.write_now(lambda connection: connection.execute(create))


def note(name: str) -> Callable[[Transaction], str]:
    """An effect: keep a name, which must be new."""

    def effect(tx: Transaction) -> str:
        sql(tx).execute(text("INSERT INTO note VALUES (:name)"), {"name": name})
        return name

    return effect


def notes(database: Database) -> Sequence[str]:
    """What the effects kept."""
    query = text("SELECT name FROM note ORDER BY name")
    return database.read_now(lambda connection: connection.execute(query).scalars().all())
