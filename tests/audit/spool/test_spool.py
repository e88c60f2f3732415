from __future__ import annotations

import asyncio
import errno
import os
import stat
import threading

import pytest

from bot.audit.spool import lines
from bot.audit.spool.lines import Header
from bot.errors import AuditUnavailable
from bot.model import Kind, Reason
from tests.audit.events import assert_whole, draft
from tests.audit.spool.conftest import Desk

HEADER = Header("s", "one", "1")


def whole(count: int = 3) -> bytes:
    """A spool of some records."""
    stored = [lines.header_line(HEADER)]
    for n in range(1, count + 1):
        before = lines.head_of(stored[-1])
        stored.append(lines.record_line(draft(text=str(n)), n=n, ts=n, before=before))
    return b"\n".join(stored) + b"\n"


def test_what_is_kept_is_read_again() -> None:
    full = draft(
        text="ünd\ud800\x00",
        verb="",
        kind=Kind.REFUSED,
        reason=Reason.OK,
        params={"a": "b"},
    )
    line = lines.record_line(full, n=1, ts=5, before=lines.head_of(lines.header_line(HEADER)))
    content = lines.read(lines.header_line(HEADER) + b"\n" + line + b"\n")
    assert content.records[0].draft == full
    assert content.header == HEADER


def test_every_changed_byte_is_noticed_and_nothing_behind_it_is_believed() -> None:
    stored = whole()
    for at in range(len(stored) - 1):
        content = lines.read(stored[:at] + bytes([stored[at] ^ 1]) + stored[at + 1 :])
        before = stored[:at].count(b"\n")
        assert content.damage, at
        assert len(content.records) == max(before - 1, 0), at


def test_a_torn_last_line_is_no_record_and_no_damage() -> None:
    stored = whole()
    for cut in range(stored.rindex(b"\n", 0, -1) + 1, len(stored)):
        content = lines.read(stored[:cut])
        assert [kept.n for kept in content.records] == [1, 2]
        assert content.damage == ""
    assert lines.read(b"") == lines.Content(None)


async def test_what_was_acknowledged_is_on_the_disk_for_its_owner_alone(desk: Desk) -> None:
    desk.is_away, records = True, desk.spooled()
    assert not await records.record(draft(text="a"))
    (file,) = desk.files()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(desk.folder.stat().st_mode) == 0o700
    assert [kept.draft.text for kept in lines.read(file.read_bytes()).records] == ["a"]
    assert records.is_away


async def test_while_the_log_is_well_nothing_is_spooled(desk: Desk) -> None:
    assert await desk.spooled().record(draft())
    assert not desk.folder.exists()
    assert len(assert_whole(desk.database)) == 1


async def test_stamps_of_a_spool_never_go_back(desk: Desk) -> None:
    desk.is_away, records = True, desk.spooled()
    await records.record(draft())
    desk.clock.turn(hours=-1)
    await records.record(draft())
    first, second = lines.read(desk.files()[0].read_bytes()).records
    assert second.ts == first.ts


async def test_both_failing_refuses_and_says_both(desk: Desk) -> None:
    desk.is_away = True
    desk.folder.write_text("a file where the folder should be")
    with pytest.raises(
        AuditUnavailable, match=r"does not answer; the spool in .* cannot be written"
    ):
        await desk.spooled().record(draft())


async def test_a_full_disk_leaves_no_half_record_and_is_tried_again(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.is_away, records = True, desk.spooled()
    await records.record(draft(text="a"))
    real = os.pwrite

    def full(descriptor: int, content: bytes, at: int) -> int:
        if len(content) > 10:
            return real(descriptor, content[:10], at)
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "pwrite", full)
        with pytest.raises(AuditUnavailable, match="no room is left for the spool"):
            await records.record(draft(text="b"))
    await records.record(draft(text="c"))
    content = lines.read(desk.files()[0].read_bytes())
    assert ([kept.draft.text for kept in content.records], content.torn) == (["a", "c"], 0)


async def test_after_a_failed_sync_a_file_is_not_used_again(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.is_away, records = True, desk.spooled()
    await records.record(draft(text="a"))

    def broken(_: int) -> None:
        raise OSError(errno.EIO, "Input/output error")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fdatasync", broken)
        with pytest.raises(AuditUnavailable, match="could not be synced"):
            await records.record(draft(text="b"))
    (first,) = desk.files()
    before = first.read_bytes()
    await records.record(draft(text="c"))
    assert first.read_bytes() == before, "the disk that failed is not asked for the same file again"
    assert len(desk.files()) == 2


async def test_a_file_that_is_deleted_is_noticed_and_what_it_held_is_merged_all_the_same(
    desk: Desk,
) -> None:
    desk.is_away, records = True, desk.spooled()
    await records.record(draft(text="a"))
    desk.files()[0].unlink()
    with pytest.raises(AuditUnavailable, match="deleted or replaced"):
        await records.record(draft(text="b"))
    await records.record(draft(text="c"))
    desk.is_away = False
    await desk.merged_by(records)
    fields = assert_whole(desk.database)
    assert [each["text"] for each in fields if "late" in each] == ["a", "b", "c"]


async def test_a_disk_that_hangs_refuses_and_what_waited_behind_it_is_never_written(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.is_away, records = True, desk.spooled()
    assert records.spool is not None
    records.spool.within = 0.05
    told, real = threading.Event(), os.fdatasync

    def hanging(descriptor: int) -> None:
        told.wait(30)
        real(descriptor)

    with monkeypatch.context() as patch:
        patch.setattr(os, "fdatasync", hanging)
        tries = [records.record(draft(text=text)) for text in "abc"]
        refused = await asyncio.gather(*tries, return_exceptions=True)
        told.set()
    assert [type(each) for each in refused] == [AuditUnavailable] * 3
    records.spool.within = 30
    await records.record(draft(text="d"))
    texts = [kept.draft.text for kept in lines.read(desk.files()[0].read_bytes()).records]
    assert texts in (["a", "d"], ["d"])


async def test_what_the_log_would_refuse_is_refused_by_the_spool(desk: Desk) -> None:
    desk.is_away, records = True, desk.spooled()
    with pytest.raises(ValueError, match="too large"):
        await records.record(draft(params={str(n): "x" * 40_000 for n in range(30)}))
    with pytest.raises(ValueError, match="correlation"):
        await records.record(draft(correlation=""))
