"""`wardroom audit` hands out checkpoints and proofs, and looks after the key that signs."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from typing import TYPE_CHECKING

import pytest

from bot.audit import proof
from bot.audit.keys import KeyFile, PrivateKey
from bot.audit.log import AuditLog
from bot.audit.note import VerifierKey, cosigned, opened, verified
from bot.audit.tree import leaf_hash
from bot.cli.machine import MachineClock
from bot.model import Draft, Kind
from bot.storage.database import Database

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from click.testing import Result

    Typing = Callable[..., Result]


@pytest.fixture
def key(home: Path) -> VerifierKey:
    """Return the key of a log of three events in the data folder."""
    keys = KeyFile(home / "audit.key", "wardroom-sandbox/audit")
    database = Database.open(f"sqlite:///{home}/wardroom.db")
    database.upgrade()

    async def fill() -> None:
        async with AuditLog(
            database, clock=MachineClock(), software="0", replica="here", keys=keys
        ) as log:
            for number in range(3):
                await log.append(Draft(kind=Kind.INTENT, verb="page", correlation=f"c-{number}"))

    asyncio.run(fill())
    database.close()
    return keys.load()[0].key


def _events(wardroom: Typing, query: str) -> list[str]:
    found = json.loads(wardroom("audit", "search", query, "--json").stdout)
    return [event["data"]["verb"] for event in found["events"]]


def test_a_checkpoint_covers_the_record_of_its_own_reading(
    wardroom: Typing, key: VerifierKey
) -> None:
    result = wardroom("audit", "checkpoint")

    assert result.exit_code == 0, result.output
    assert opened(result.stdout, [key]).size == 4
    assert _events(wardroom, 'verb:"audit checkpoint"') == ["audit checkpoint"]


def test_a_countersigned_checkpoint_is_printed_where_there_is_one(
    wardroom: Typing, key: VerifierKey, home: Path
) -> None:
    none = wardroom("audit", "checkpoint", "--countersigned")
    assert (none.exit_code, none.stderr) == (2, "No checkpoint was countersigned yet.\n")
    far = PrivateKey.new("kms.hospital.example/audit")
    note = wardroom("audit", "checkpoint").stdout
    both = cosigned(note, far.key, far.sign(note.partition("\n\n")[0].encode() + b"\n"))
    with sqlite3.connect(home / "wardroom.db") as database:
        database.execute("UPDATE audit_head SET countersigned = ?", (both,))
    database.close()

    result = wardroom("audit", "checkpoint", "--countersigned")

    assert (result.exit_code, result.stdout) == (0, both)
    assert verified(result.stdout, [key, far.key])[1] == (key, far.key)


def test_a_proof_in_a_file_holds_the_events_bytes_and_is_for_its_owner(
    wardroom: Typing, key: VerifierKey, home: Path
) -> None:
    result = wardroom("audit", "prove", "2", "--out", "event.tlog-proof")

    assert result.exit_code == 0, result.output
    file = home / "event.tlog-proof"
    assert file.stat().st_mode & 0o777 == 0o600
    found = proof.Inclusion.parse(file.read_text("utf-8"))
    head = opened(found.note, [key])
    assert proof.includes(leaf_hash(found.extra), 1, head.size, found.path, head.root)
    again = wardroom("audit", "prove", "2", "--out", "event.tlog-proof")
    assert (again.exit_code, "file exists" in again.output) == (1, True)
    assert wardroom("audit", "prove", "2").stdout.startswith("c2sp.org/tlog-proof@v1\nextra ")


def test_an_event_that_is_not_there_cannot_be_proved(wardroom: Typing, key: VerifierKey) -> None:
    result = wardroom("audit", "prove", "99")

    assert (result.exit_code, result.output) == (2, "There is no event 99.\n"), key


def test_the_log_goes_on_from_a_checkpoint_that_was_kept(
    wardroom: Typing, key: VerifierKey, home: Path
) -> None:
    kept = home / "kept.checkpoint"
    assert wardroom("audit", "checkpoint", "--out", str(kept)).exit_code == 0

    result = wardroom("audit", "consistency", "--file", str(kept))

    assert result.exit_code == 0, result.output
    assert "begins with its first 4" in result.stderr
    found = proof.Consistency.parse(result.stdout)
    before, after = opened(kept.read_text("utf-8"), [key]), opened(found.note, [key])
    assert proof.grew(before.size, before.root, after.size, after.root, found.path)
    unsigned = wardroom("audit", "consistency", "1", "3")
    assert (unsigned.exit_code, "this one is not" in unsigned.stderr) == (0, True)


def test_a_log_that_does_not_go_on_from_it_is_told(
    wardroom: Typing, key: VerifierKey, home: Path
) -> None:
    kept = home / "kept.checkpoint"
    note = wardroom("audit", "checkpoint").stdout
    kept.write_text(note.replace("\n4\n", "\n3\n"), "utf-8")
    forked = wardroom("audit", "consistency", "--file", str(kept))
    kept.write_text(note.replace("\n4\n", "\n400\n"), "utf-8")
    cut = wardroom("audit", "consistency", "--file", str(kept))

    assert (forked.exit_code, "FORK: at 3 events" in forked.stderr) == (1, True), key
    assert (cut.exit_code, "ROLLBACK" in cut.stderr) == (1, True)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("consistency",), "name the earlier log once"),
        (("consistency", "1", "--file", "wardroom.yaml"), "name the earlier log once"),
        (("consistency", "--file", "wardroom.yaml"), "no signed checkpoint"),
        (("consistency", "--file", "audit.bin"), "cannot be read as a checkpoint"),
        (("consistency", "500"), "events now"),
        (("adopt",), "--why"),
        (("adopt", "--why", "patient John Smith MRN 1234567"), "delete it"),
    ],
)
def test_bad_input_is_told_with_the_mend(
    wardroom: Typing, key: VerifierKey, home: Path, words: tuple[str, ...], said: str
) -> None:
    (home / "audit.bin").write_bytes(b"\xff\xfe")

    result = wardroom("audit", *words)

    assert (result.exit_code, said in result.output) == (2, True), (key, result.output)


def test_a_key_is_rotated_and_every_key_has_its_sizes(
    wardroom: Typing, key: VerifierKey, home: Path
) -> None:
    assert wardroom("audit", "keys").stdout == f"{key}\n"

    rotated = wardroom("audit", "rotate-key")

    assert rotated.exit_code == 0, rotated.output
    following = VerifierKey.parse(rotated.stdout.splitlines()[-1])
    assert wardroom("audit", "keys").stdout.splitlines() == [f"{key}@..4", f"{following}@4.."]
    assert opened(wardroom("audit", "checkpoint").stdout, [following]).size == 5
    assert sorted(path.name for path in home.glob("audit.key*")) == ["audit.key"]


def test_a_lost_key_is_told_and_the_log_can_be_adopted(
    wardroom: Typing, key: VerifierKey, home: Path
) -> None:
    (home / "audit.key").unlink()
    refused = wardroom("audit", "checkpoint")
    adopted = wardroom("audit", "adopt", "--why", "the disk of the key broke")

    assert (refused.exit_code, "bring the key's file back" in refused.output) == (1, True)
    assert adopted.exit_code == 0, adopted.output
    new = VerifierKey.parse(adopted.stdout.splitlines()[-1])
    assert new != key
    assert opened(wardroom("audit", "checkpoint").stdout, [new]).size == 5
