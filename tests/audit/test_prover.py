"""What the log hands out as a proof, and what it refuses to prove."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import text

from bot.audit import proof
from bot.audit.keys import PrivateKey
from bot.audit.log import AuditLog
from bot.audit.note import Checkpoint, opened, signed
from bot.audit.prover import LogProver
from bot.audit.tree import leaf_hash
from bot.errors import BadInput, Conflict
from bot.storage.database import Database
from tests.audit.conftest import in_a_file
from tests.audit.events import as_attacker, draft, fill
from tests.signing import ORIGIN, KnownKeys

KEY = KnownKeys().keys[0]


@pytest.fixture
async def prover(log: AuditLog, database: Database) -> LogProver:
    """The prover of a log of 300 events."""
    await fill(log, *(draft(text=str(n)) for n in range(300)))
    return LogProver(database)


async def test_each_event_is_proved_with_its_bytes(prover: LogProver) -> None:
    for seq in (1, 2, 255, 256, 257, 300):
        made = await prover.inclusion(seq)
        assert made is not None
        found = proof.Inclusion.parse(made.text)
        head = opened(found.note, [KEY.key])
        assert (head.size, head.root.hex()) == (made.size, made.root)
        assert made.event is not None
        assert found.extra == made.event.body
        assert proof.includes(leaf_hash(found.extra), seq - 1, 300, found.path, head.root)
    for seq in (0, -1, 301, 2**60):
        assert await prover.inclusion(seq) is None


async def test_an_earlier_log_is_the_beginning_of_a_later_one(
    prover: LogProver, log: AuditLog
) -> None:
    kept = await prover.checkpoint()
    await log.append(draft())
    for old, new in ((kept, None), (300, None), (kept, 301), (1, 300), (0, 5), (7, 7)):
        made = await prover.consistency(old, new)
        found = proof.Consistency.parse(made.text) if made.is_signed else None
        assert made.is_signed == (new in {None, 301})
        assert made.old is not None
        if found:
            assert opened(found.note, [KEY.key]).size == made.size == 301
            roots = bytes.fromhex(made.old_root), bytes.fromhex(made.root)
            assert proof.grew(made.old, roots[0], made.size, roots[1], found.path)


@pytest.mark.parametrize(
    ("kept", "error", "said"),
    [
        (Checkpoint(ORIGIN, 7, bytes(32)), Conflict, "FORK: at 7 events"),
        (Checkpoint(ORIGIN, 301, bytes(32)), Conflict, "ROLLBACK: .* of 301 events"),
        (Checkpoint("other/log", 7, bytes(32)), BadInput, "of another log"),
    ],
)
@in_a_file
async def test_a_kept_checkpoint_that_the_log_does_not_continue_is_said(
    prover: LogProver, kept: Checkpoint, error: type[Exception], said: str
) -> None:
    with pytest.raises(error, match=said):
        await prover.consistency(signed(kept, KEY))


@pytest.mark.parametrize(
    ("statement", "ask"),
    [
        ("UPDATE audit SET leaf = x'00' WHERE seq = 9", lambda p: p.inclusion(9)),
        ("UPDATE audit SET leaf = zeroblob(32) WHERE seq = 8", lambda p: p.inclusion(9)),
        ("DELETE FROM audit WHERE seq = 8", lambda p: p.inclusion(9)),
        ("UPDATE audit_tile SET hash = zeroblob(32)", lambda p: p.inclusion(300)),
        ("UPDATE audit_tile SET hash = zeroblob(32)", lambda p: p.consistency(7)),
        ("UPDATE audit_head SET checkpoint = 'x'", lambda p: p.inclusion(9)),
        ("UPDATE audit_head SET checkpoint = :older", lambda p: p.inclusion(300)),
        ("UPDATE audit_head SET checkpoint = :older", lambda p: p.consistency(7)),
    ],
)
@in_a_file
async def test_nothing_is_proved_of_a_damaged_log(
    prover: LogProver,
    database: Database,
    statement: str,
    ask: Callable[[LogProver], object],
) -> None:
    attack = text(statement)
    if ":older" in statement:
        attack = attack.bindparams(older=signed(Checkpoint(ORIGIN, 20, bytes(32)), KEY))
    as_attacker(database, attack)
    with pytest.raises(Conflict, match=r"(?i)run `audit verify`"):
        await ask(prover)  # type: ignore[misc]  # one of the prover's own questions


@in_a_file
async def test_an_empty_log_has_nothing_to_prove(database: Database) -> None:
    prover = LogProver(database)
    assert await prover.inclusion(1) is None
    for ask in (prover.checkpoint(), prover.consistency(0)):
        with pytest.raises(BadInput, match="no checkpoint yet"):
            await ask


async def test_a_note_that_is_none_is_refused(prover: LogProver) -> None:
    for text_ in ("", "nonsense", PrivateKey.new(ORIGIN).secret):
        with pytest.raises(BadInput, match="no signed checkpoint"):
            await prover.consistency(text_)
