"""Attacks on the log where it is kept: on its rows, its head, its checkpoint, its indexes."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Executable, text

from bot.audit import note, verify
from bot.audit.keys import PrivateKey
from bot.audit.log import AuditLog
from bot.audit.search import AuditSearch
from bot.audit.tree import Frontier, leaf_hash
from bot.audit.whole import pinned, verify_log
from bot.errors import AuditUnavailable
from bot.storage.database import Database
from tests.audit.conftest import TurnedClock, in_a_file
from tests.audit.events import a_log, as_attacker, draft, rows
from tests.signing import ORIGIN, KnownKeys

SIZE = 300
KEYS = KnownKeys()
STOLEN = KEYS.load()[0]
OTHER = PrivateKey.of(ORIGIN, bytes([99]) * 32)


@pytest.fixture
async def filled(log: AuditLog, database: Database) -> Database:
    await asyncio.gather(*(log.append(draft(person=f"p{n}", text=f"n{n}")) for n in range(SIZE)))
    return database


def checkpoint(database: Database) -> str:
    query = text("SELECT checkpoint FROM audit_head")
    return str(database.read_now(lambda connection: connection.execute(query).scalar_one()))


def kept(database: Database) -> verify.Head:
    said = verify.Note.parse(checkpoint(database).encode())
    return verify.Head(said.size, said.root, origin=said.origin)


def found(database: Database, *older: verify.Head) -> verify.Findings:
    return database.read_now(lambda c: verify_log(c, older, pinned(KEYS)))


def set_to(table: str, where: str = "", **values: Any) -> Executable:
    columns = ", ".join(f"{name} = :{name}" for name in values)
    update = f"UPDATE {table} SET {columns} {where}"  # noqa: S608 - the tests' own words
    return text(update).bindparams(**values)


def rewrite(database: Database, seq: int, signer: PrivateKey | None) -> None:
    """Forge an event, and everything that follows from it; sign it if a key is given."""
    bodies = [body for _, body, _ in rows(database)]
    bodies[seq - 1] = bodies[seq - 1].replace(b'"text":"n', b'"text":"forged')
    frontier, tiles = Frontier().extend(map(leaf_hash, bodies))
    forged = bodies[seq - 1].decode()
    statements: list[Executable] = [
        set_to("audit", f"WHERE seq = {seq}", body=forged, leaf=leaf_hash(bodies[seq - 1])),
        set_to("audit_head", root=frontier.root(), frontier=frontier.packed()),
        *(set_to("audit_tile", f"WHERE n = {n}", hash=tile) for n, tile in enumerate(tiles)),
    ]
    if signer:
        signed = note.signed(note.Checkpoint(ORIGIN, len(bodies), frontier.root()), signer)
        statements.append(set_to("audit_head", checkpoint=signed))
    as_attacker(database, *statements)


async def test_the_log_is_whole_and_signed(filled: Database) -> None:
    findings = found(filled, kept(filled))
    assert (findings.names, findings.exit_code) == ([], verify.WHOLE)
    assert findings.signed_by == [f"{ORIGIN}+{STOLEN.key.key_id.hex()}"]


async def test_people_are_told_both_verdicts_and_who_signed(filled: Database) -> None:
    verdict = await AuditSearch(filled, keys=KEYS).verify()
    assert verdict.ok
    assert verdict.integrity.startswith("whole: 300 events, root ")
    assert verdict.integrity.endswith(f"signed by {ORIGIN}+{STOLEN.key.key_id.hex()}")
    assert verdict.completeness.startswith("UNANCHORED 1..300: nothing kept elsewhere")
    unsigned = await AuditSearch(filled).verify()
    assert "no key was given" in unsigned.integrity


@pytest.mark.parametrize("seq", [7, 280])
async def test_a_rewrite_of_everything_but_the_signature(filled: Database, seq: int) -> None:
    before = kept(filled)
    rewrite(filled, seq, None)
    findings = found(filled, before)
    assert set(findings.names) == {"HASHES", "ROOT", "FORK"}
    assert "the head of the log does not say what its checkpoint says" in findings.problems


async def test_a_rewrite_signed_with_another_key(filled: Database) -> None:
    before = kept(filled)
    rewrite(filled, 7, OTHER)
    assert found(filled, before).names == ["SIGNATURE", "FORK"]
    assert found(filled).names == ["SIGNATURE"]


async def test_a_rewrite_signed_with_the_stolen_key_needs_an_anchor(filled: Database) -> None:
    before = kept(filled)
    rewrite(filled, 7, STOLEN)
    assert found(filled).ok, "with nothing kept elsewhere nobody can tell"
    assert found(filled, before).names == ["FORK"]


async def test_a_rewrite_after_the_anchor_is_in_the_unanchored_window(
    filled: Database, log: AuditLog
) -> None:
    before = kept(filled)
    await log.append(draft(text="n300"))
    rewrite(filled, SIZE + 1, STOLEN)
    findings = found(filled, before)
    assert (findings.ok, findings.exit_code) == (True, verify.UNANCHORED)
    assert findings.unanchored == (SIZE + 1, SIZE + 1)


async def test_a_copy_of_an_earlier_day_is_a_rollback(filled: Database, log: AuditLog) -> None:
    size, frontier = SIZE, Frontier().extend(leaf for _, _, leaf in rows(filled))[0]
    signed = checkpoint(filled)
    await log.append(draft())
    newer = kept(filled)
    as_attacker(
        filled,
        text("DELETE FROM audit WHERE seq > :size").bindparams(size=size),
        set_to(
            "audit_head",
            size=size,
            root=frontier.root(),
            frontier=frontier.packed(),
            checkpoint=signed,
        ),
    )
    assert found(filled).ok, "it is what the log was"
    assert found(filled, newer).names == ["ROLLBACK"]


@pytest.mark.parametrize(
    "change",
    [
        lambda _: "",
        lambda said: said.replace("300\n", "301\n", 1),
        lambda said: said.replace("\n", "\r\n"),
        lambda said: f"{said}junk",
        lambda said: said.replace(ORIGIN, "x.example"),
    ],
)
@in_a_file
async def test_a_checkpoint_that_was_taken_away_or_changed(filled: Database, change: Any) -> None:
    as_attacker(filled, set_to("audit_head", checkpoint=change(checkpoint(filled))))
    findings = found(filled)
    assert findings.names == ["SIGNATURE"]
    assert findings.size == SIZE


@in_a_file
async def test_a_true_checkpoint_of_another_size(filled: Database, log: AuditLog) -> None:
    older = checkpoint(filled)
    await log.append(draft())
    as_attacker(filled, set_to("audit_head", checkpoint=older))
    findings = found(filled)
    assert set(findings.names) == {"HASHES", "SIZE"}
    assert "events 301 to 301 were never recorded by the log" in findings.problems


async def test_a_leaf_column_edited_together_with_its_event(filled: Database) -> None:
    _, body, _ = rows(filled)[6]
    forged = body.replace(b'"person":"p6"', b'"person":"p7"')
    as_attacker(
        filled, set_to("audit", "WHERE seq = 7", body=forged.decode(), leaf=leaf_hash(forged))
    )
    findings = found(filled)
    assert (findings.names, findings.first_bad) == (["ROOT"], 1)
    assert findings.problems[0] == ("one of the events 1 to 256 was changed together with its hash")


# --- SQLite's own pages ------------------------------------------------------------------------


async def closed(database: Database, clock: TurnedClock, *people: str) -> Path:
    """Record something of each person, and leave nothing of it in a journal."""
    async with a_log(database, clock) as log:
        for person in people:
            await log.append(draft(person=person))
    database.read_now(lambda c: c.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)"))
    assert database.file is not None
    return database.file


async def test_an_index_that_hides_an_event_is_found(sqlite: Database, clock: TurnedClock) -> None:
    file = await closed(sqlite, clock, "innocent", "guilty-one", "innocent")
    content = file.read_bytes()
    in_body, found_at = b'"person":"guilty-one"', []
    at = content.find(b"guilty-one")
    while at >= 0:
        if content[at - len(b'"person":"') : at] != in_body[: len(b'"person":"')]:
            found_at.append(at)
        at = content.find(b"guilty-one", at + 1)
    assert found_at, "the index holds the name beside the row's number"
    for place in found_at:
        content = content[:place] + b"guilty-two" + content[place + 10 :]
    file.write_bytes(content)

    findings = found(sqlite)

    assert findings.names == ["DATABASE"]
    assert "row 2 missing from index" in findings.problems[0]


async def test_a_page_of_the_log_that_is_no_page_is_found(
    sqlite: Database, clock: TurnedClock
) -> None:
    file = await closed(sqlite, clock, *(f"p{n}" for n in range(200)))
    content = bytearray(file.read_bytes())
    size = int.from_bytes(content[16:18], "big")
    pages = range(size, len(content), size)
    bodies = [at for at in pages if b'"person":"p150"' in content[at : at + size]]
    content[bodies[0] : bodies[0] + 16] = b"\xff" * 16
    file.write_bytes(content)

    findings = found(sqlite)

    assert "DATABASE" in findings.names
    assert not findings.ok


# --- what is no attack -------------------------------------------------------------------------


class NoKeys(KnownKeys):
    """A key file that cannot be read."""

    def load(self) -> list[PrivateKey]:
        raise AuditUnavailable("others can read it")


async def test_without_a_readable_key_nothing_is_said_of_signatures(filled: Database) -> None:
    assert pinned(NoKeys()) == []
    assert pinned(None) == []
    verdict = await AuditSearch(filled, keys=NoKeys()).verify()
    assert verdict.ok
    assert "no key was given" in verdict.integrity


async def test_a_log_that_is_still_empty_is_whole(database: Database) -> None:
    assert found(database).exit_code == verify.WHOLE


@in_a_file
async def test_another_error_of_the_database_is_not_damage(filled: Database) -> None:
    rename = text("ALTER TABLE audit_tile RENAME TO audit_elsewhere")
    as_attacker(filled, rename)
    with pytest.raises(Exception, match=r"no such table|failed"):
        found(filled)
