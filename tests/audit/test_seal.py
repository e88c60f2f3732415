"""No commit without a signed checkpoint, and no head is continued that was not signed by us."""

from __future__ import annotations

import asyncio
import sqlite3
from pathlib import Path

import alembic.command
import alembic.config
import pytest
from sqlalchemy import Connection, text
from tlog_scales.signing import Vkey, VkeySet
from tlog_scales.tlog import Checkpoint as TheirCheckpoint

from bot.audit.keys import KeyFile, PrivateKey
from bot.audit.log import AuditLog
from bot.audit.nodes import Nodes
from bot.audit.note import Checkpoint, opened, signed
from bot.audit.seal import Seal
from bot.audit.tree import Frontier, leaf_hash, root_of
from bot.errors import AuditUnavailable
from bot.storage import database as storage
from bot.storage.database import Database
from tests.audit.conftest import TurnedClock, in_a_file
from tests.audit.events import a_log, as_attacker, assert_whole, draft, fill, head, rows
from tests.signing import ORIGIN, KnownKeys

KEY = KnownKeys().keys[0]


def note(database: Database) -> str:
    """The checkpoint that stands with the head."""

    def read(connection: Connection) -> str:
        found: str = connection.execute(text("SELECT checkpoint FROM audit_head")).scalar_one()
        return found

    return database.read_now(read)


def keyed(database: Database, clock: TurnedClock, keys: KnownKeys | KeyFile) -> AuditLog:
    """A log with these keys."""
    return AuditLog(database, clock=clock, software="1", replica="one", keys=keys, deadline=60)


async def test_every_commit_has_the_checkpoint_of_its_very_size(
    log: AuditLog, database: Database
) -> None:
    for size in range(1, 12):
        await log.append(draft())
        assert opened(note(database), [KEY.key]) == Checkpoint(ORIGIN, size, head(database)[1])


async def test_another_implementation_verifies_the_checkpoint_of_a_batch(
    log: AuditLog, database: Database
) -> None:
    await fill(log, *(draft(text=str(n)) for n in range(100)))
    theirs = TheirCheckpoint.from_text(note(database))
    assert len(VkeySet(Vkey.from_string(str(KEY.key))).verify(theirs.signatures, theirs)) == 1
    assert (theirs.size, theirs.root_hash) == (100, root_of(leaf for _, _, leaf in rows(database)))


async def test_a_reader_never_sees_an_unsigned_tail(log: AuditLog, database: Database) -> None:
    done = asyncio.Event()

    async def look() -> int:
        looks = 0
        while not done.is_set():
            size, root, found = await database.read(
                lambda c: tuple(
                    c.execute(text("SELECT size, root, checkpoint FROM audit_head")).one()
                )
            )
            if size:
                assert opened(found, [KEY.key]) == Checkpoint(ORIGIN, size, bytes(root))
                looks += 1
        return looks

    looking = asyncio.ensure_future(look())
    for _ in range(30):
        await fill(log, *(draft() for _ in range(3)))
    done.set()
    assert await looking > 0


@pytest.mark.parametrize(
    ("forge", "said"),
    [
        (lambda n, _: n[:-9] + "AAAAAAA=\n", "is not right"),
        (lambda n, _: n.replace("\n3\n", "\n2\n"), "is not right"),
        (lambda n, _: n.replace(KEY.key.name, "another.example/log"), "no key that we know"),
        (lambda n, _: n + "junk", "a signed note is"),
        (lambda _, r: signed(Checkpoint(ORIGIN, 3, r), PrivateKey.new(ORIGIN)), "no key that we"),
        (lambda _, r: signed(Checkpoint(ORIGIN, 4, r), KEY), "of 4 events and another root"),
        (lambda *_: signed(Checkpoint(ORIGIN, 3, bytes(32)), KEY), "of 3 events and another"),
        (lambda _, r: signed(Checkpoint("else/log", 3, r), KEY), "and another root"),
        (lambda *_: "", "has 3 events and no checkpoint"),
    ],
)
async def test_a_checkpoint_that_is_not_the_heads_stops_a_running_log_and_the_next_start(
    sqlite: Database, clock: TurnedClock, forge: object, said: str
) -> None:
    assert callable(forge)
    async with a_log(sqlite, clock) as log:
        for _ in range(3):
            await log.append(draft())
        forged = forge(note(sqlite), head(sqlite)[1])
        as_attacker(sqlite, text("UPDATE audit_head SET checkpoint = :n").bindparams(n=forged))
        with pytest.raises(AuditUnavailable, match=said):
            await log.append(draft())
    with pytest.raises(AuditUnavailable, match=said):
        a_log(sqlite, clock).start()
    assert len(rows(sqlite)) == 3


async def test_a_log_whose_key_is_gone_is_refused_with_the_mend(
    database: Database, clock: TurnedClock, tmp_path: Path
) -> None:
    keys = KeyFile(tmp_path / "audit.key", ORIGIN)
    async with keyed(database, clock, keys) as log:
        await log.append(draft())
    keys.file.unlink()
    with pytest.raises(AuditUnavailable, match="bring the key's file back"):
        keyed(database, clock, keys).start()
    assert not keys.file.exists()


async def test_the_first_commit_makes_the_key_and_the_start_does_not(
    database: Database, clock: TurnedClock, tmp_path: Path
) -> None:
    keys = KeyFile(tmp_path / "audit.key", ORIGIN)
    async with keyed(database, clock, keys) as log:
        assert not keys.file.exists()
        await log.append(draft())
    assert opened(note(database), [keys.load()[0].key]).size == 1


async def test_a_key_that_others_can_read_stops_the_log(
    database: Database, clock: TurnedClock, tmp_path: Path
) -> None:
    keys = KeyFile(tmp_path / "audit.key", ORIGIN)
    async with keyed(database, clock, keys) as log:
        await log.append(draft())
    keys.file.chmod(0o644)
    with pytest.raises(AuditUnavailable, match="run: chmod 600"):
        keyed(database, clock, keys).start()


async def test_replicas_with_one_key_continue_each_other(
    database: Database, url: str, clock: TurnedClock, tmp_path: Path
) -> None:
    keys = KeyFile(tmp_path / "audit.key", ORIGIN)
    other = Database.open(url)
    async with keyed(database, clock, keys) as one, keyed(other, clock, keys) as two:
        await asyncio.gather(*(log.append(draft()) for _ in range(10) for log in (one, two)))
    other.close()
    assert len(assert_whole(database)) == 20
    assert opened(note(database), [keys.load()[0].key]).size == 20


async def test_a_replica_with_a_key_of_its_own_is_refused(
    database: Database, url: str, clock: TurnedClock
) -> None:
    other = Database.open(url)
    async with (
        keyed(database, clock, KnownKeys(1)) as one,
        keyed(other, clock, KnownKeys(2)) as two,
    ):
        await one.append(draft())
        with pytest.raises(AuditUnavailable, match="no key that we know"):
            await two.append(draft())
    other.close()


# --- logs of versions before checkpoints -----------------------------------------------------


def older(url: str, events: int) -> Database:
    """A database as the version before checkpoints left it."""
    database = Database.open(url)
    config = alembic.config.Config()
    folder = Path(storage.__file__).parent / "migrations"
    config.set_main_option("script_location", str(folder))
    frontier, nodes = Frontier().grow(leaf_hash(b"%d" % n) for n in range(events))
    with database.engine.begin() as connection:
        config.attributes["connection"] = connection
        alembic.command.upgrade(config, "0006")
        connection.execute(
            text("INSERT INTO audit (seq, body, leaf) VALUES (:seq, :body, :leaf)"),
            [{"seq": n + 1, "body": "{}", "leaf": leaf_hash(b"%d" % n)} for n in range(events)],
        )
        connection.execute(
            text("INSERT INTO audit_tile VALUES (:n, :hash)"),
            [{"n": node.n, "hash": node.hash} for node in nodes if node.level == 8],
        )
        connection.execute(
            text("UPDATE audit_head SET size = :size, root = :root, frontier = :frontier"),
            {"size": events, "root": frontier.root(), "frontier": frontier.packed()},
        )
    return database


async def test_a_log_of_an_older_version_gets_its_nodes_and_its_first_checkpoint(
    tmp_path: Path, clock: TurnedClock
) -> None:
    database = older(f"sqlite:///{tmp_path}/old.db", 65_536 + 300)
    database.upgrade()
    leaves = [leaf for _, _, leaf in rows(database)]
    sixteen = database.read_now(lambda c: Nodes(c).hash_of(16, 0))
    assert sixteen == root_of(leaves[:65_536])
    keys = KeyFile(tmp_path / "audit.key", ORIGIN)
    assert note(database) == ""
    async with keyed(database, clock, keys) as log:
        await log.append(draft())
    found = opened(note(database), [keys.load()[0].key])
    assert (found.size, found.root) == head(database)
    database.close()


async def test_a_log_without_a_checkpoint_is_not_signed_by_a_key_that_is_not_new(
    tmp_path: Path, clock: TurnedClock
) -> None:
    database = older(f"sqlite:///{tmp_path}/old.db", 300)
    database.upgrade()
    keys = KeyFile(tmp_path / "audit.key", ORIGIN)
    keys.make()
    with pytest.raises(AuditUnavailable, match="300 events and no checkpoint"):
        keyed(database, clock, keys).start()
    database.close()


@in_a_file
async def test_the_records_of_keys_are_found_by_their_index(database: Database) -> None:
    assert database.file is not None
    with sqlite3.connect(database.file) as connection:
        plan = connection.execute(
            "EXPLAIN QUERY PLAN SELECT seq, body FROM audit WHERE kind = 'key' ORDER BY seq"
        ).fetchall()
    connection.close()
    assert "audit_key" in str(plan)


def test_a_seal_signs_nothing_before_it_saw_a_head() -> None:
    seal = Seal(KnownKeys())
    with pytest.raises(AuditUnavailable, match="not known yet"):
        seal.note(Frontier(), bytes(32))
