from __future__ import annotations

import os
from pathlib import Path

import pytest

from bot.audit.spool import lines, merging
from bot.errors import AuditUnavailable
from bot.model import Kind
from tests.audit.events import assert_whole, draft
from tests.audit.spool.conftest import Desk


class Killed(BaseException):
    """The process ends here."""


async def spooled(desk: Desk, *texts: str) -> Path:
    """Spool some records as a process that is then gone; return its file."""
    desk.is_away, records = True, desk.spooled()
    for text in texts:
        await records.record(draft(text=text, correlation=f"c-{text}"))
    assert records.spool is not None
    (file,) = desk.files()
    records.spool.close()
    desk.made.remove(records.spool)
    desk.is_away = False
    return file


async def test_records_are_merged_in_order_and_say_when_and_where_they_were_spooled(
    desk: Desk,
) -> None:
    file = await spooled(desk, "a", "b", "c")
    known = lines.read(file.read_bytes()).records
    desk.clock.turn(minutes=10)
    await desk.merged()
    *late, closing = assert_whole(desk.database)
    assert [each["text"] for each in late] == ["a", "b", "c"]
    assert [each["late"] for each in late] == [
        {
            "spool": file.stem,
            "n": str(kept.n),
            "at": "2026-11-22T09:30:00.000000Z",
            "head": kept.head,
        }
        for kept in known
    ]
    assert (closing["kind"], closing["verb"]) == (Kind.SYSTEM, "spool")
    assert closing["params"]["records"] == "3"
    assert closing["params"]["head"] == known[-1].head
    assert desk.files() == []


@pytest.mark.parametrize("after", range(1, 6))
async def test_a_kill_at_any_point_of_a_merge_leaves_each_record_once(
    desk: Desk, after: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    await spooled(desk, "a", "b", "c")
    left = after

    def kill(*_: object) -> None:
        nonlocal left
        left -= 1
        if left == 0:
            raise Killed

    with monkeypatch.context() as patch:
        desk.after = kill
        patch.setattr(merging, "_erase", kill)
        with pytest.raises(Killed):
            await desk.merged()
    desk.after = lambda: None
    await desk.merged()
    assert [each["text"] for each in assert_whole(desk.database) if "late" in each] == [*"abc"]
    assert sum(each["verb"] == "spool" for each in assert_whole(desk.database)) == 1
    assert desk.files() == []


async def test_a_log_that_goes_away_again_gets_the_rest_the_next_time(desk: Desk) -> None:
    await spooled(desk, "a", "b")

    def away() -> None:
        desk.is_away = True

    desk.after = away
    merger = await desk.merged()
    assert merger.records.is_away
    desk.is_away, desk.after = False, lambda: None
    await merger.look()
    assert not merger.records.is_away
    assert [each["text"] for each in assert_whole(desk.database) if "late" in each] == ["a", "b"]


async def test_a_file_of_a_living_process_is_left_to_it(desk: Desk) -> None:
    desk.is_away, records = True, desk.spooled()
    await records.record(draft())
    desk.is_away = False
    await desk.merged()
    assert assert_whole(desk.database) == []
    await desk.merged_by(records)
    assert len(assert_whole(desk.database)) == 2


async def test_a_damaged_file_is_reported_and_kept_aside_and_what_is_sound_merged(
    desk: Desk,
) -> None:
    file = await spooled(desk, "a", "b", "c")
    stored = file.read_bytes()
    file.write_bytes(damaged := stored.replace(b'"text":"b"', b'"text":"x"'))
    merger = await desk.merged()
    *late, closing = assert_whole(desk.database)
    assert [each["text"] for each in late] == ["a"]
    assert closing["error"] == "damaged"
    (aside,) = desk.files()
    assert aside.read_bytes() == damaged
    assert f"damaged and not merged: {aside.name}" in merger.trouble
    await desk.merged()
    assert len(assert_whole(desk.database)) == 2, "and once only"


async def test_a_file_that_is_no_spool_at_all_is_kept_aside(desk: Desk) -> None:
    desk.folder.mkdir()
    (desk.folder / "odd.spool").write_bytes(b"hello\nworld\n")
    merger = await desk.merged()
    (event,) = assert_whole(desk.database)
    assert "its first line is no header" in event["text"]
    assert "odd.spool.damaged" in merger.trouble


async def test_a_record_that_was_torn_by_a_power_cut_is_told_of(desk: Desk) -> None:
    file = await spooled(desk, "a", "b")
    os.truncate(file, file.stat().st_size - 5)
    await desk.merged()
    late, closing = assert_whole(desk.database)
    assert late["text"] == "a"
    assert "bytes at its end were never a whole record" in closing["text"]


async def test_the_text_of_a_merged_file_is_overwritten(desk: Desk) -> None:
    file = await spooled(desk, "needle")
    with file.open("rb") as still:
        assert b"needle" in still.read()
        await desk.merged()
        still.seek(0)
        assert not still.read().strip(b"\0")


async def test_a_merge_that_cannot_reach_the_log_changes_nothing(desk: Desk) -> None:
    file = await spooled(desk, "a")
    desk.is_away = True
    merger = await desk.merged()
    assert merger.records.is_away
    assert desk.files() == [file]
    with pytest.raises(AuditUnavailable):
        await merger.records.log.append(draft())
