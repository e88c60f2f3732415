from __future__ import annotations

import asyncio
import dataclasses

from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Executable, text

from bot.audit import record, tree, verify
from bot.audit.log import AuditLog
from bot.audit.search import AuditSearch
from bot.model import Verdict
from bot.storage.database import Database
from tests.audit.events import as_attacker, draft, rows
from tests.examples import examples

SIZE = 600


def events(size: int) -> list[bytes]:
    """The bodies of a log that was never in a database."""
    stamp = record.Stamp(seq=0, ts=1, id="i", software="1", replica="r")
    return [
        record.encode(record.compose(draft(text=f"n{seq}"), dataclasses.replace(stamp, seq=seq)))
        for seq in range(1, size + 1)
    ]


BODIES = events(SIZE)
LEAVES = [tree.leaf_hash(body) for body in BODIES]
FRONTIER, TILES = tree.Frontier().extend(LEAVES)
HEAD = verify.Head(SIZE, FRONTIER.root(), TILES)

Stored = tuple[int | None, bytes, bytes | None]


def stored() -> list[Stored]:
    return [
        (seq, body, leaf)
        for seq, (body, leaf) in enumerate(zip(BODIES, LEAVES, strict=True), start=1)
    ]


def found(changed: list[Stored], head: verify.Head = HEAD) -> tuple[int | None, str]:
    findings = verify.check(changed, head)
    assert not findings.ok
    return findings.first_bad, "\n".join(findings.problems)


def forged(seq: int) -> bytes:
    return BODIES[seq - 1].replace(b'"text":"n', b'"text":"forged ')


def test_a_whole_log_is_whole() -> None:
    findings = verify.check(stored(), HEAD)
    assert (findings.ok, findings.size, findings.root) == (True, SIZE, HEAD.root.hex())
    assert findings.first_bad is None
    assert verify.check([], verify.Head(0, tree.root_of([]))).ok


def test_an_edited_event_is_named() -> None:
    changed = stored()
    changed[6] = (7, forged(7), LEAVES[6])
    first, said = found(changed)
    assert first == 7
    assert "event 7 does not match its hash" in said


def test_an_event_edited_together_with_its_hash_is_narrowed_to_its_tile() -> None:
    for seq, between in ((7, "1 to 256"), (300, "257 to 512"), (600, "513 to 600")):
        changed = stored()
        changed[seq - 1] = (seq, forged(seq), tree.leaf_hash(forged(seq)))
        first, said = found(changed)
        assert f"one of the events {between} was changed together with its hash" in said
        assert f"{HEAD.root.hex()} was recorded" in said
        assert first == int(between.split()[0])


def test_a_changed_hash_alone_is_told_from_a_changed_event() -> None:
    changed = stored()
    changed[6] = (7, BODIES[6], bytes(32))
    first, said = found(changed)
    assert first == 7
    assert "the events are those that were recorded" in said


def test_a_deleted_event_is_named() -> None:
    changed = stored()
    del changed[6]
    assert found(changed) == (7, "event 7 is missing")
    del changed[6:9]
    assert found(changed) == (7, "events 7 to 10 are missing")


def test_a_deleted_event_is_named_though_the_others_were_numbered_anew() -> None:
    changed = stored()
    del changed[6]
    renumbered: list[Stored] = [(seq, row[1], row[2]) for seq, row in enumerate(changed, start=1)]
    first, said = found(renumbered)
    assert first == 7
    assert "event 7 is not what it says: event 8" in said
    assert f"the log ends at event {SIZE - 1}: {SIZE} were recorded" in said


def test_an_inserted_event_is_named() -> None:
    changed = stored()
    changed.insert(6, (6, forged(6), tree.leaf_hash(forged(6))))
    first, said = found(changed)
    assert first == 6
    assert "event 6 stands a second time, or in the wrong place" in said


def test_an_event_before_the_first_is_named() -> None:
    assert found([(0, forged(1), tree.leaf_hash(forged(1))), *stored()])[0] == 0


def test_an_event_after_the_last_is_named() -> None:
    extra = BODIES[-1].replace(b'"seq":600', b'"seq":601')
    first, said = found([*stored(), (601, extra, tree.leaf_hash(extra))])
    assert (first, said) == (601, "events 601 to 601 were never recorded by the log")


def test_reordered_events_are_named() -> None:
    changed = stored()
    changed[6], changed[7] = changed[7], changed[6]
    first, said = found([(None, body, None) for _, body, _ in changed])
    assert first == 7
    assert "event 7 is missing" in said
    assert "event 7 stands a second time, or in the wrong place" in said
    swapped: list[Stored] = [(seq, row[1], row[2]) for seq, row in enumerate(changed, start=1)]
    assert "event 7 is not what it says: event 8" in found(swapped)[1]


def test_a_duplicated_event_is_named() -> None:
    changed: list[Stored] = [(None, body, None) for body in BODIES]
    first, said = found([*changed[:7], *changed[6:]])
    assert first == 7
    assert "event 7 stands a second time" in said


def test_a_cut_tail_is_named() -> None:
    assert found(stored()[:500]) == (501, f"the log ends at event 500: {SIZE} were recorded")
    assert found([])[0] == 1


def test_what_is_no_event_is_named() -> None:
    for junk in (b"", b"[]", b'{"seq":true}', b'{"seq":"7"}', b"\xff", b"[" * 9999):
        changed: list[Stored] = [(None, body, None) for body in BODIES]
        changed[6] = (None, junk, None)
        first, said = found(changed)
        assert first == 7
        assert "where event 7 belongs is something that is no event" in said


def test_another_root_is_found_though_every_event_is_right() -> None:
    first, said = found(stored(), verify.Head(SIZE, bytes(32), TILES))
    assert first == 513
    assert f"{bytes(32).hex()} was recorded" in said
    whole_tiles = stored()[:512]
    assert found(whole_tiles, verify.Head(512, bytes(32), TILES))[0] is None


def test_a_changed_tile_is_named() -> None:
    first, said = found(stored(), verify.Head(SIZE, HEAD.root, [TILES[0], bytes(32)]))
    assert (first, said) == (257, "the hash kept of events 257 to 512 was changed")


def test_a_log_must_have_grown_from_what_it_was() -> None:
    def kept(size: int, root: bytes) -> verify.Findings:
        return verify.check(stored(), HEAD, [verify.Head(size, root)])

    assert kept(100, tree.root_of(LEAVES[:100])).ok
    assert kept(SIZE, HEAD.root).ok
    assert kept(100, bytes(32)).problems == ["the first 100 events are not those that were noted"]
    assert kept(700, bytes(32)).problems == ["the log went back: it once had 700 events"]


def test_many_problems_are_counted_after_the_first_ones() -> None:
    findings = verify.check([(s, b, bytes(32)) for s, b, _ in stored()], HEAD)
    assert findings.first_bad == 1
    assert findings.more == SIZE - verify.MAX_PROBLEMS
    assert f"- and {findings.more} more" in verify.report(findings)


@settings(max_examples=examples(60), deadline=None)
@given(st.data())
def test_no_change_at_all_goes_unnoticed(data: st.DataObject) -> None:
    bodies = list(BODIES)
    kind = data.draw(st.sampled_from(["flip", "drop", "double", "swap", "cut"]))
    at = data.draw(st.integers(0, SIZE - 2))
    if kind == "flip":
        place = data.draw(st.integers(0, len(bodies[at]) - 1))
        changed = bytearray(bodies[at])
        changed[place] ^= data.draw(st.integers(1, 255))
        bodies[at] = bytes(changed)
    elif kind == "drop":
        del bodies[at]
    elif kind == "double":
        bodies.insert(at, bodies[at])
    elif kind == "swap":
        bodies[at], bodies[at + 1] = bodies[at + 1], bodies[at]
    else:
        del bodies[at + 1 :]
    findings = verify.check(((None, body, None) for body in bodies), HEAD)
    assert not findings.ok
    assert kind == "flip" or findings.first_bad in {at + 1, at + 2}


# --- in a database -----------------------------------------------------------------------------

FORGE = "UPDATE audit SET body = replace(body, 'n3', 'x3'){leaf} WHERE seq = 4"


async def verdict(log: AuditLog, database: Database, *statements: Executable) -> Verdict:
    await asyncio.gather(*(log.append(draft(text=f"n{n}")) for n in range(10)))
    as_attacker(database, *statements)
    verdict = await AuditSearch(database).verify()
    assert not verdict.ok
    return verdict


async def test_an_edit_in_the_database_is_found(log: AuditLog, database: Database) -> None:
    found = await verdict(log, database, text(FORGE.format(leaf="")))
    assert (found.first_bad, found.problems[0]) == (4, "event 4 does not match its hash")


async def test_an_edit_with_its_hash_in_the_database_is_found(
    log: AuditLog, database: Database
) -> None:
    await asyncio.gather(*(log.append(draft(text=f"n{n}")) for n in range(10)))
    body = rows(database)[3][1].replace(b'"n3"', b'"x3"')
    forge = text("UPDATE audit SET body = :body, leaf = :leaf WHERE seq = 4")
    as_attacker(database, forge.bindparams(body=body.decode(), leaf=tree.leaf_hash(body)))
    found = await AuditSearch(database).verify()
    assert (found.ok, found.first_bad) == (False, 1)
    assert "one of the events 1 to 10 was changed together with its hash" in found.problems[0]


async def test_a_deletion_in_the_database_is_found(log: AuditLog, database: Database) -> None:
    found = await verdict(log, database, text("DELETE FROM audit WHERE seq = 4"))
    assert (found.first_bad, found.problems[0]) == (4, "event 4 is missing")


async def test_a_cut_tail_in_the_database_is_found(log: AuditLog, database: Database) -> None:
    found = await verdict(log, database, text("DELETE FROM audit WHERE seq > 7"))
    assert found.first_bad == 8


async def test_an_insertion_in_the_database_is_found(log: AuditLog, database: Database) -> None:
    copy = "INSERT INTO audit (seq, body, leaf) SELECT 11, body, leaf FROM audit WHERE seq = 4"
    found = await verdict(log, database, text(copy))
    assert found.first_bad == 11
    assert "event 11 is not what it says: event 4" in found.problems


async def test_a_reordering_in_the_database_is_found(log: AuditLog, database: Database) -> None:
    move = text("UPDATE audit SET seq = :to WHERE seq = :seq")
    swap = [move.bindparams(seq=seq, to=to) for seq, to in ((4, -4), (5, 4), (-4, 5))]
    found = await verdict(log, database, *swap)
    assert found.first_bad == 4
    assert found.problems[0] == "event 4 is not what it says: event 5"


async def test_a_lost_head_is_found(log: AuditLog, database: Database) -> None:
    assert (await verdict(log, database, text("DELETE FROM audit_head"))).first_bad == 1
