"""What the log keeps of sensitive texts: digests in the record, sealed openings beside it."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from bot.audit import record
from bot.audit.disclosure.hiding import hide
from bot.audit.disclosure.sdjwt import digests_of
from bot.audit.disclosure.vault import Sealed, Vault
from bot.audit.log import AuditLog
from bot.audit.whole import verify_log
from bot.storage.database import Database
from tests.audit.conftest import TurnedClock
from tests.audit.events import a_log, assert_whole, draft, make_notes, note, notes, rows
from tests.signing import KnownKeys, KnownRing

CANARY = "canary-4711"
VAULT = Vault(KnownRing())
STAMP = record.Stamp(1, 1, "id", "1", "one")
REASON = frozenset({"params.reason"})
REASONED = draft(params={"reason": CANARY, "version": "1.4.2"}, sensitive=REASON)


def a_sealing_log(database: Database, clock: TurnedClock) -> AuditLog:
    """A log that keeps sensitive texts."""
    return AuditLog(
        database,
        clock=clock,
        software="1",
        replica="one",
        keys=KnownKeys(),
        vault=VAULT,
        deadline=60,
    )


def openings(database: Database) -> list[Sealed]:
    """Everything in the side table."""
    query = text(
        "SELECT seq, idx, field, key, nonce, ciphertext FROM audit_opening ORDER BY seq, idx"
    )
    return [tuple(row) for row in database.read_now(lambda c: c.execute(query).all())]


async def test_the_record_has_a_digest_and_the_side_table_what_opens_it(
    database: Database, clock: TurnedClock
) -> None:
    async with a_sealing_log(database, clock) as log:
        plain = (await log.append(draft(params={"version": "1.4.2"}))).event
        event = (await log.append(REASONED)).event
    assert_whole(database)
    assert CANARY.encode() not in b"".join(body for _, body, _ in rows(database))
    assert CANARY not in str(event.data)
    assert not list(digests_of(plain.data))
    (row,) = openings(database)
    opened = VAULT.open(row)
    assert (row[0], row[2], opened.name, opened.value) == (2, "params.reason", "reason", CANARY)
    assert list(digests_of(event.data)) == [(("params",), opened.digest)]
    assert event.data["_sd_alg"] == "sha-256"
    assert event.data["v"] == 2


async def test_an_event_that_is_undone_leaves_no_opening(
    database: Database, clock: TurnedClock
) -> None:
    make_notes(database)

    def failing(_: object) -> None:
        raise ValueError("no")

    async with a_sealing_log(database, clock) as log:
        with pytest.raises(ValueError, match="no"):
            await log.append(REASONED, note("a"), failing)
        await log.append(REASONED, note("b"))
    assert (notes(database), [row[0] for row in openings(database)]) == (["b"], [1])


async def test_a_log_without_a_vault_refuses_a_sensitive_text_and_goes_on(
    database: Database, clock: TurnedClock
) -> None:
    async with a_log(database, clock) as log:
        with pytest.raises(ValueError, match="nowhere to keep"):
            await log.append(REASONED)
        await log.append(draft())
    assert len(assert_whole(database)) == 1


async def checked(database: Database) -> list[str]:
    """What verifying the log and its openings finds."""
    findings = database.read_now(lambda connection: verify_log(connection, vault=VAULT))
    return findings.problems


@pytest.mark.parametrize(
    ("attack", "said"),
    [
        ("UPDATE audit_opening SET ciphertext = nonce", "it is not what was sealed"),
        ("UPDATE audit_opening SET field = 'params.version'", "it is not what was sealed"),
        ("UPDATE audit_opening SET key = 'other'", "its key is not in the file"),
        ("DELETE FROM audit_opening", "the openings of event 2 are gone, and nobody redacted"),
        (
            "INSERT INTO audit_redaction VALUES (2, 0, 'params.reason', 'known', 'REQ-7', 0)",
            "REQ-7 says nothing of that in the log",
        ),
    ],
)
async def test_an_opening_that_was_tampered_with_is_found(
    database: Database, clock: TurnedClock, attack: str, said: str
) -> None:
    async with a_sealing_log(database, clock) as log:
        await log.append(draft())
        await log.append(REASONED)
    assert await checked(database) == []
    database.write_now(lambda connection: connection.execute(text(attack)))
    (problem,) = await checked(database)
    assert said in problem
    assert database.read_now(verify_log).ok, "the log itself is as whole as before"


async def test_an_opening_sealed_for_another_event_is_found(
    database: Database, clock: TurnedClock
) -> None:
    other = draft(params={"reason": "other"}, sensitive=REASON)
    async with a_sealing_log(database, clock) as log:
        await log.append(REASONED)
    (row,) = VAULT.seal(1, hide(record.compose(other, STAMP), REASON))
    newer = text("UPDATE audit_opening SET nonce = :nonce, ciphertext = :ciphertext")
    changed = {"nonce": row[4], "ciphertext": row[5]}
    database.write_now(lambda connection: connection.execute(newer, changed))
    (problem,) = await checked(database)
    assert "the event has no such digest" in problem
