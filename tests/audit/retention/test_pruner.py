"""What is old enough leaves the log for an archive, and every proof goes on to hold."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from bot.audit import verify
from bot.audit.export import Format, Part, export
from bot.audit.onefile import one_file
from bot.audit.prover import LogProver
from bot.audit.pruned import Pruned
from bot.audit.retention import pruner
from bot.errors import BadInput, Conflict
from bot.model import Draft, Kind
from bot.ports import Drafting, Effect, Recorded
from tests.audit.conftest import in_a_file
from tests.audit.events import as_attacker, rows
from tests.audit.retention.aged import DAY, DUE, Aged
from tests.signing import KnownKeys

MOMENT = timedelta(microseconds=1)


@dataclass
class Overtaken:
    """A log in which something happens right before this pruner would record that it prunes."""

    aged: Aged
    happens: Callable[[], Awaitable[object]]
    is_over: bool = False

    async def append(self, draft: Drafting, *effects: Effect[object]) -> Recorded:
        if isinstance(draft, Draft) and draft.kind is Kind.PRUNE and not self.is_over:
            self.is_over = True
            await self.happens()
        return await self.aged.log.append(draft, *effects)


async def test_six_years_and_thirty_days_keep_the_day_before_and_prune_the_day_after(
    aged: Aged,
) -> None:
    await aged.record("first", "second")
    aged.clock.turn(days=1)
    await aged.record("a day later")
    aged.clock.at = DUE
    assert (await aged.prune()).count == 0
    aged.clock.at = DUE + MOMENT
    outcome = await aged.prune()
    assert (outcome.count, outcome.through, aged.gone()) == (2, 2, [1, 2])
    aged.clock.at = DUE + timedelta(days=1)
    assert (await aged.prune()).count == 0
    aged.clock.at += MOMENT
    assert (await aged.prune()).count == 1
    assert aged.gone() == [1, 2, 3]


async def test_the_log_verifies_after_pruning_and_says_what_is_gone(aged: Aged) -> None:
    await aged.record(*map(str, range(300)))
    before = await LogProver(aged.database).checkpoint()
    kept = verify.Head(300, verify.Note.parse(before.encode()).root)
    aged.clock.at = DUE + MOMENT
    (archive,) = (await aged.prune()).archives
    findings = aged.verified(kept)
    assert findings.problems == []
    assert findings.anchored == 300
    integrity, _, said = verify.report(findings)
    assert "300 of them pruned, up to event 300" in integrity
    assert said == (
        f"events 1 to 300 pruned on 2032-12-22 (event 302), archive {archive.name}, "
        f"sha256 {archive.sha256}"
    )


async def test_what_was_pruned_is_in_an_archive_that_verifies_alone(aged: Aged) -> None:
    await aged.record(*map(str, range(20)))
    stored = [body for _, body, _ in rows(aged.database)]
    aged.clock.at = DUE + MOMENT
    await aged.pruner(most=8).prune()
    files = aged.files()
    assert [each.parent.name for each in files] == ["1-8.21", "9-16.23", "17-20.25"]
    assert b"".join(each.read_bytes() for each in files).splitlines() == stored
    for file in files:
        assert verify.verify_file(file).ok
        assert file.parent.stat().st_mode & 0o077 == 0
    assert aged.gone() == list(range(1, 21))
    assert aged.verified().problems == []


async def test_sensitive_texts_leave_with_their_event_sealed_as_they_were(aged: Aged) -> None:
    await aged.record("a", "b")
    insert = text("INSERT INTO audit_opening VALUES (2, 0, 'text', 'k', :nonce, :ciphertext)")
    values = {"nonce": b"\x01", "ciphertext": b"\x02"}
    aged.database.write_now(lambda c: c.execute(insert, values))
    aged.clock.at = DUE + MOMENT
    await aged.prune()
    (line,) = (aged.files()[0].parent / "sealed.jsonl").read_text().splitlines()
    assert json.loads(line) == {
        "seq": 2,
        "idx": 0,
        "field": "text",
        "key": "k",
        "nonce": "01",
        "ciphertext": "02",
    }
    left = text("SELECT count(*) FROM audit_opening")
    assert aged.database.read_now(lambda c: c.execute(left).scalar()) == 0


async def test_proofs_of_before_hold_and_a_pruned_event_still_proves_its_hash(aged: Aged) -> None:
    await aged.record(*map(str, range(9)))
    prover = LogProver(aged.database)
    old = await prover.checkpoint()
    leaf = rows(aged.database)[4][2]
    aged.clock.at = DUE + MOMENT
    await aged.prune()
    grown = await prover.consistency(old)
    assert (grown.old, grown.is_signed) == (9, True)
    proved = await prover.inclusion(5)
    assert proved is not None
    assert (proved.event, proved.leaf) == (None, leaf)
    assert (await prover.inclusion(11)) is not None


@pytest.mark.parametrize("form", [Format.JSONL, Format.CSV])
async def test_archive_and_pruned_export_verify_with_one_file_of_plain_python(
    aged: Aged, form: Format, tmp_path: Path
) -> None:
    await aged.record(*map(str, range(9)))
    aged.clock.at = DUE + MOMENT
    await aged.prune()
    whole = aged.database.read_now(lambda c: export(c, tmp_path / "whole", form))
    part = aged.database.read_now(lambda c: export(c, tmp_path / "part", form, Part(5)))
    assert (whole.count, whole.pruned, whole.minimum) == (11, 9, 9)
    assert (part.count, part.pruned) == (2, 5)
    (archive,) = aged.files()
    alone = tmp_path / "verify_export.py"
    alone.write_text(one_file(), "utf-8")
    (key,) = (str(each.key) for each in KnownKeys().load())
    for file, said in (
        (whole.file, "11 events (9 of them pruned, up to event 9)"),
        (part.file, "events 10 to 11 of 11"),
        (archive, "events 1 to 9 of 10"),
    ):
        command = [sys.executable, "-I", "-S", str(alone), str(file), "--key", key]
        told = await asyncio.to_thread(
            subprocess.run, command, check=False, capture_output=True, text=True
        )
        assert (told.returncode, told.stderr) == (0, ""), told.stdout
        assert said in told.stdout


@in_a_file
async def test_the_proof_of_a_pruned_event_verifies_with_its_line_of_the_archive(
    aged: Aged,
) -> None:
    await aged.record(*map(str, range(9)))
    aged.clock.at = DUE + MOMENT
    await aged.prune()
    proved = await LogProver(aged.database).inclusion(5)
    assert proved is not None
    proof, event = aged.archives / "proof", aged.archives / "event"
    proof.write_text(proved.text)
    lines = aged.files()[0].read_bytes().splitlines()
    event.write_bytes(lines[4])
    findings, said = verify.verify_proof(proof, event=event)
    assert findings.ok
    assert said == lines[4].decode()
    event.write_bytes(lines[5])
    assert not verify.verify_proof(proof, event=event)[0].ok


async def test_a_kind_may_be_kept_longer_or_for_ever(aged: Aged) -> None:
    await aged.record("a")
    await aged.record("b", kind=Kind.REFUSED)
    await aged.record("c", kind=Kind.SYSTEM)
    await aged.record("d")
    rules: dict[str, Any] = {"kinds": {"refused": "7 years", "system": "never"}}
    aged.clock.at = DUE + MOMENT
    await aged.prune(**rules)
    assert aged.gone() == [1, 4]
    aged.clock.turn(days=365)
    await aged.prune(**rules)
    assert aged.gone() == [1, 2, 4]
    assert aged.verified().problems == []


async def test_nothing_is_pruned_that_the_rules_keep(aged: Aged) -> None:
    await aged.record("a")
    aged.clock.at = DUE
    with pytest.raises(BadInput, match="older than 2026-11-22"):
        await aged.prune(before=aged.clock.at)
    with pytest.raises(BadInput, match="let be pruned nothing"):
        await aged.prune(before=DAY, prune_after="never")
    assert (await aged.prune(prune_after="never")).count == 0
    assert aged.gone() == []


async def test_no_more_is_pruned_than_was_asked_for(aged: Aged) -> None:
    await aged.record("a")
    aged.clock.turn(hours=1)
    await aged.record("b")
    aged.clock.at = DUE + timedelta(days=1)
    await aged.prune(before=DAY + MOMENT)
    assert aged.gone() == [1]


async def test_keys_and_prunings_are_never_pruned(aged: Aged) -> None:
    await aged.record("a", kind=Kind.KEY)
    await aged.record("b")
    aged.clock.at = DUE + MOMENT
    await aged.prune()
    aged.clock.turn(days=9_999)
    await aged.prune()
    kept = [body for _, body, _ in rows(aged.database) if body != b"{}"]
    assert [b'"kind":"key"' in kept[0], b'"kind":"prune"' in kept[1]] == [True, True]
    assert aged.gone() == [2, 3]
    assert aged.verified().problems == []


async def test_killed_in_the_middle_of_pruning_it_goes_on(
    aged: Aged, monkeypatch: pytest.MonkeyPatch
) -> None:
    await aged.record(*map(str, range(9)))
    aged.clock.at = DUE + MOMENT
    done: list[int] = []
    whole = pruner._empty

    def killed(connection: object, first: int, last: int) -> None:
        if done:
            raise KeyboardInterrupt
        done.append(first)
        whole(connection, first, last)  # type: ignore[arg-type] # passed on

    monkeypatch.setattr(pruner, "AT_ONCE", 4)
    monkeypatch.setattr(pruner, "_empty", killed)
    with pytest.raises(KeyboardInterrupt):
        await aged.prune()
    assert aged.gone() == [1, 2, 3, 4]
    assert aged.verified().problems == []
    monkeypatch.setattr(pruner, "_empty", whole)
    outcome = await aged.prune()
    assert (outcome.count, aged.gone()) == (0, list(range(1, 10)))
    assert aged.verified().problems == []


async def test_two_replicas_do_not_prune_the_same_events_twice(aged: Aged) -> None:
    await aged.record(*map(str, range(9)))
    aged.clock.at = DUE + MOMENT
    slow = replace(aged.pruner(), ledger=Overtaken(aged, aged.prune))
    with pytest.raises(Conflict, match="pruned meanwhile"):
        await slow.prune()
    assert len(aged.files()) == 1
    prunings = aged.database.read_now(Pruned.read).prunings
    assert [list(each.runs) for each in prunings] == [[(1, 9)]]


async def test_a_hold_that_comes_between_plan_and_pruning_is_heeded(aged: Aged) -> None:
    await aged.record("a", "b", person="held")
    aged.clock.at = DUE + MOMENT
    slow = aged.pruner()
    slow = replace(slow, ledger=Overtaken(aged, lambda: aged.hold(person="held")))
    with pytest.raises(Conflict, match="holds have changed meanwhile"):
        await slow.prune()
    assert (aged.gone(), list(aged.archives.iterdir())) == ([], [])
    assert (await aged.prune()).held == 2


async def test_nothing_is_pruned_without_an_archive(aged: Aged) -> None:
    await aged.record("a")
    aged.clock.at = DUE + MOMENT
    known = aged.pruner()
    rules = known.retention.model_copy(update={"archive": None})
    with pytest.raises(BadInput, match=r"set `audit\.retention\.archive`"):
        await replace(known, retention=rules).prune()
    assert aged.gone() == []


async def test_a_damaged_event_is_not_pruned_away(aged: Aged) -> None:
    await aged.record("a", "b", "c")
    change = text("UPDATE audit SET body = replace(body, 'b', 'c') WHERE seq = 2")
    as_attacker(aged.database, change)
    aged.clock.at = DUE + MOMENT
    with pytest.raises(Conflict, match="Event 2 is damaged"):
        await aged.prune()
