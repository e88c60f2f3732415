from __future__ import annotations

import asyncio
import json
import stat
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, text

from bot.audit import reading, verify
from bot.audit.export import WHOLE, Exported, Format, Part, bundle, export
from bot.audit.export import part as parts
from bot.audit.log import AuditLog
from bot.audit.note import unverified
from bot.audit.query import parse_query
from bot.audit.reading import Row
from bot.audit.tree import leaf_hash
from bot.errors import Conflict
from bot.storage.database import Database
from tests.audit.conftest import TurnedClock, in_a_file
from tests.audit.events import as_attacker, assert_whole, draft, head, rows
from tests.audit.export import readers
from tests.audit.export.samples import HOSTILE

SIZE = 330


@pytest.fixture
async def filled(log: AuditLog, database: Database) -> Database:
    texts = [*HOSTILE.values(), *map(str, range(SIZE - len(HOSTILE)))]
    people = ("engineer", "nurse", "lead")
    drafts = [draft(text=each, person=people[n % 3]) for n, each in enumerate(texts)]
    await asyncio.gather(*map(log.append, drafts))
    return database


def write(
    database: Database, file: Path, form: Format = Format.JSONL, part: Part = WHOLE
) -> Exported:
    return database.read_now(lambda connection: export(connection, file, form, part))


def names(folder: Path, pattern: str) -> list[str]:
    return [file.name for file in folder.glob(pattern)]


def searched(words: str, clock: TurnedClock, **limits: Any) -> Part:
    return Part(query=parse_query(words, now=clock.now()), asked=words, **limits)


READERS: dict[Format, Callable[[bytes], Iterator[tuple[str, str]]]] = {
    Format.FHIR: lambda data: (
        (found["entity.detail[body]"][0], found["entity.detail[leaf]"][0])
        for found in map(readers.read_json, data.splitlines(keepends=True))
    ),
    Format.OCSF: lambda data: (
        (found["raw_data"][0], found["unmapped.leaf"][0])
        for found in map(readers.read_json, data.splitlines(keepends=True))
    ),
    Format.CEF: lambda data: (
        (found["rawEvent"][0], found["wardroomLeaf"][0])
        for found in map(readers.read_cef, data.splitlines(keepends=True))
    ),
    Format.ATNA: lambda data: (
        (found["ParticipantObjectDetail[body]"][0], found["ParticipantObjectDetail[leaf]"][0])
        for found, _ in map(readers.read_atna, readers.frames(data))
    ),
}


@pytest.mark.parametrize("form", list(READERS))
async def test_the_records_of_every_format_add_up_to_the_logs_root(
    filled: Database, tmp_path: Path, form: Format
) -> None:
    made = write(filled, tmp_path / "log", form)
    read = list(READERS[form](made.file.read_bytes()))
    assert [body.encode() for body, _ in read] == [body for _, body, _ in rows(filled)]
    assert [leaf for _, leaf in read] == [leaf_hash(body.encode()).hex() for body, _ in read]
    assert (made.count, made.size) == (SIZE, SIZE)


@pytest.mark.parametrize("form", list(Format))
@in_a_file
async def test_a_bundle_is_of_one_snapshot(filled: Database, tmp_path: Path, form: Format) -> None:
    made = write(filled, tmp_path / "log", form)
    manifest = json.loads(made.manifest.read_bytes())
    checkpoint = unverified((tmp_path / "log.checkpoint").read_text())
    assert (checkpoint.size, checkpoint.root) == head(filled)
    assert (manifest["size"], manifest["root"]) == (SIZE, checkpoint.root.hex())
    assert (manifest["origin"], manifest["kind"]) == (checkpoint.origin, form.value)
    assert (manifest["first"], manifest["last"], manifest["events"]) == (1, SIZE, SIZE)
    assert {file.name for file in made.files} == set(names(tmp_path, "log*"))
    assert {stat.S_IMODE(file.stat().st_mode) for file in made.files} == {0o600}


@in_a_file
async def test_a_log_that_was_never_signed_is_exported_without_a_checkpoint(
    database: Database, tmp_path: Path
) -> None:
    made = write(database, tmp_path / "log")
    assert (made.size, made.file.read_bytes()) == (0, b"")
    assert set(names(tmp_path, "log*")) == {"log", "log.manifest.json"}
    assert json.loads(made.manifest.read_bytes())["origin"] == ""


@pytest.mark.parametrize("form", [Format.JSONL, Format.CSV])
async def test_a_range_verifies_by_a_proof_for_each_event(
    filled: Database, tmp_path: Path, form: Format, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bundle, "_NODES_FOR", 16)
    made = write(filled, tmp_path / "part", form, Part(200, 299))
    findings = verify.verify_file(made.file)
    assert findings.problems == []
    assert (made.count, findings.part) == (100, f"events 200 to 299 of {SIZE}")
    proofs = verify.proofs_of(made.file)
    lines = proofs.read_bytes().splitlines(keepends=True)
    proofs.write_bytes(b"".join([*lines[:50], lines[51], *lines[51:]]))
    assert not verify.verify_file(made.file).ok


async def test_a_search_exports_what_it_finds(
    filled: Database, tmp_path: Path, clock: TurnedClock
) -> None:
    made = write(filled, tmp_path / "part", Format.JSONL, searched("person:nurse", clock))
    shown = [json.loads(line) for line in made.file.read_bytes().splitlines()]
    expected = [each for each in assert_whole(filled) if each["actor"]["person"] == "nurse"]
    assert shown == expected
    assert verify.verify_file(made.file).ok
    manifest = json.loads(made.manifest.read_bytes())
    assert (manifest["query"], manifest["events"]) == ("person:nurse", len(expected))


@in_a_file
async def test_a_search_within_a_range_and_one_that_finds_nothing(
    filled: Database, tmp_path: Path, clock: TurnedClock
) -> None:
    made = write(filled, tmp_path / "one", Format.JSONL, searched("cmd", clock, first=1, last=50))
    assert made.count == 1
    made = write(filled, tmp_path / "none", Format.CSV, searched("person:nobody", clock))
    assert made.count == 0
    assert verify.verify_file(made.file).ok
    assert made.file.read_bytes().startswith(b"seq,time,")
    made = write(filled, tmp_path / "beyond", Format.JSONL, Part(SIZE - 1, 10_000))
    assert made.count == 2
    assert verify.verify_file(made.file).ok


async def test_a_damaged_event_is_shown_and_named_whatever_was_searched(
    filled: Database, tmp_path: Path, clock: TurnedClock
) -> None:
    as_attacker(filled, text("UPDATE audit SET body = '{\"seq\"\\:5}' WHERE seq = 5"))
    part = searched("person:nurse", clock)
    for form in Format:
        made = write(filled, tmp_path / form, form, part)
        assert made.damaged == (5,)
        assert json.loads(made.manifest.read_bytes())["damaged"] == [5]
    shown = (tmp_path / "cef").read_text().splitlines()
    assert [line for line in shown if "damaged:system" in line and 'rawEvent={"seq":5}' in line]
    assert not verify.verify_file(tmp_path / "jsonl").ok


@in_a_file
async def test_an_event_whose_hash_was_changed_is_damaged_too(
    filled: Database, tmp_path: Path, clock: TurnedClock
) -> None:
    as_attacker(filled, text("UPDATE audit SET leaf = zeroblob(32) WHERE seq = 6"))
    made = write(filled, tmp_path / "log", Format.OCSF, searched("person:nurse", clock))
    assert made.damaged == (6,)
    assert made.count == SIZE // 3 + 1


@in_a_file
async def test_where_the_tree_has_a_hole_no_bundle_is_made(
    filled: Database, tmp_path: Path
) -> None:
    as_attacker(filled, text("DELETE FROM audit WHERE seq = 320"))
    with pytest.raises(Conflict, match="audit verify"):
        write(filled, tmp_path / "part", part=Part(300, 310))
    assert not (tmp_path / "part.manifest.json").exists()


@pytest.mark.parametrize("there", ["part", "part.manifest.json", "part.proofs", "part.checkpoint"])
@in_a_file
async def test_an_export_replaces_nothing(filled: Database, tmp_path: Path, there: str) -> None:
    (tmp_path / there).write_text("here first")
    with pytest.raises(FileExistsError):
        write(filled, tmp_path / "part", part=Part(1, 3))
    assert (tmp_path / there).read_text() == "here first"
    assert names(tmp_path, "part*") == [there]


@pytest.mark.parametrize("form", list(Format))
@in_a_file
async def test_an_export_holds_a_chunk_of_rows_at_most(
    filled: Database, tmp_path: Path, form: Format, monkeypatch: pytest.MonkeyPatch
) -> None:
    held: list[int] = []
    fetch = reading.fetch

    def counted(connection: Connection, query: Any) -> list[Row]:
        found = fetch(connection, query)
        held.append(len(found))
        return found

    monkeypatch.setattr(parts, "CHUNK", 16)
    monkeypatch.setattr("bot.audit.export.part.fetch", counted)
    made = write(filled, tmp_path / "log", form, Part(2))
    assert made.count == SIZE - 1
    assert max(held) == 16
    assert sum(held) == SIZE - 1


@in_a_file
@pytest.mark.thorough
async def test_an_export_needs_no_more_memory_for_more_events(
    filled: Database, log: AuditLog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parts, "CHUNK", 64)

    def peak(name: str) -> int:
        # The lesser of two: a thread that another test left may take some meanwhile.
        found = []
        for attempt in range(2):
            tracemalloc.start()
            write(filled, tmp_path / f"{name}-{attempt}", Format.OCSF)
            found.append(tracemalloc.get_traced_memory()[1])
            tracemalloc.stop()
        return min(found)

    write(filled, tmp_path / "warm", Format.OCSF)
    little = peak("little")
    await asyncio.gather(*(log.append(draft(text="again")) for _ in range(5 * SIZE)))
    assert peak("much") < little * 1.5
    assert (tmp_path / "much-0").stat().st_size > 5 * (tmp_path / "little-0").stat().st_size


def test_a_manifest_has_a_bounded_number_of_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    tiles = [bytes([number]) * 32 for number in range(9)]
    assert bundle._folded(tiles) == (tiles, 256)
    monkeypatch.setattr(bundle, "_TILES", 2)
    folded, span = bundle._folded(tiles)
    assert (len(folded), span) == (2, 1024)
