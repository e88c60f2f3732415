from __future__ import annotations

import asyncio
import contextlib
import csv
import json
import random
import stat
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from sqlalchemy import text

from bot.audit import verify
from bot.audit.disclosure.vault import Vault
from bot.audit.export import Exported, Format, export
from bot.audit.folder import LogFolder, open_log_folder
from bot.audit.log import AuditLog
from bot.audit.onefile import one_file
from bot.errors import AuditUnavailable, ConfigurationError
from bot.model import AuditQuery
from bot.storage.database import Database
from tests.audit.conftest import TurnedClock, in_a_file
from tests.audit.events import as_attacker, assert_whole, draft, rows
from tests.signing import KnownKeys, KnownRing

VAULT = Vault(KnownRing())

VERIFIED = [Format.JSONL, Format.CSV]
FORMULAS = ["=cmd|' /C calc'!A0", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"]


@pytest.fixture
async def filled(log: AuditLog, database: Database) -> Database:
    texts = [*FORMULAS, "Grüße\nvom\r\nSystem", 'a "quoted", text', *map(str, range(300))]
    await asyncio.gather(*(log.append(draft(text=each)) for each in texts))
    return database


def write(database: Database, file: Path, form: Format = Format.JSONL) -> Exported:
    return database.read_now(lambda connection: export(connection, file, form))


def run_alone(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the verifier as an auditor does: a copy of one file, away from everything of ours."""
    alone = folder / "verify_export.py"
    alone.write_text(one_file(), "utf-8")
    command = [sys.executable, "-I", "-S", str(alone), *arguments]
    return subprocess.run(command, check=False, capture_output=True, text=True, cwd=folder)


@pytest.mark.parametrize("form", VERIFIED)
async def test_an_export_verifies_offline_with_one_file_of_plain_python(
    filled: Database, tmp_path: Path, form: Format
) -> None:
    exported = write(filled, tmp_path / "log", form)
    told = run_alone(tmp_path, "log")
    assert (told.returncode, told.stderr) == (0, "")
    assert told.stdout.startswith(f"integrity: whole: {exported.size} events, root {exported.root}")


@in_a_file
async def test_jsonl_has_the_stored_bytes(filled: Database, tmp_path: Path) -> None:
    write(filled, tmp_path / "log")
    lines = (tmp_path / "log").read_bytes().splitlines()
    assert lines == [body for _, body, _ in rows(filled)]


@in_a_file
async def test_csv_has_columns_to_read_and_the_stored_bytes(
    filled: Database, tmp_path: Path
) -> None:
    write(filled, tmp_path / "log", Format.CSV)
    with (tmp_path / "log").open(newline="") as file:
        shown = list(csv.DictReader(file))
    assert [row["body"].encode() for row in shown] == [body for _, body, _ in rows(filled)]
    assert shown[0]["time"] == "2026-11-22T09:30:00.000000+00:00"
    assert (shown[0]["person"], shown[0]["service"], shown[0]["roles"]) == (
        *("engineer", "lab-results", "engineer"),
    )
    assert "Grüße\nvom\r\nSystem" in [row["text"] for row in shown]


@in_a_file
async def test_no_cell_of_a_csv_is_a_formula(filled: Database, tmp_path: Path) -> None:
    write(filled, tmp_path / "log", Format.CSV)
    with (tmp_path / "log").open(newline="") as file:
        cells = [cell for row in csv.reader(file) for cell in row]
    assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@", "\t", "\r"))]
    assert {f"'{formula}" for formula in FORMULAS} <= set(cells)


@in_a_file
async def test_a_csv_that_shows_something_else_than_it_holds_does_not_verify(
    filled: Database, tmp_path: Path
) -> None:
    file = tmp_path / "log"
    write(filled, file, Format.CSV)
    file.write_bytes(file.read_bytes().replace(b",engineer,", b",innocent,", 1))
    findings = verify.verify_file(file)
    assert findings.first_bad == 1
    assert findings.problems[0] == "the row of event 1 does not show what its body says"


@pytest.mark.parametrize("form", VERIFIED)
@in_a_file
async def test_no_flipped_byte_verifies(filled: Database, tmp_path: Path, form: Format) -> None:
    file = tmp_path / "log"
    exported = write(filled, file, form)
    choose = random.Random(11)  # noqa: S311 - chooses test data
    for target in [file] * 25 + [exported.manifest] * 25:
        original = target.read_bytes()
        changed = bytearray(original)
        changed[choose.randrange(len(changed))] ^= 1 << choose.randrange(8)
        target.write_bytes(changed)
        with contextlib.suppress(verify.Unreadable):
            assert not verify.verify_file(file).ok or same_manifest(original, bytes(changed))
        target.write_bytes(original)
    assert verify.verify_file(file).ok


def same_manifest(original: bytes, changed: bytes) -> bool:
    """A flipped byte may say the same: a hex digit in another case, or another white space."""
    try:
        one, other = json.loads(original), json.loads(changed)
    except ValueError:
        return False
    return bool(json.dumps(one).lower() == json.dumps(other).lower())


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda lines: lines[:-1], "the log ends at event 307: 308 were recorded"),
        (lambda lines: lines[:4] + lines[5:], "event 5 is missing"),
        (lambda lines: [*lines[:5], lines[4], *lines[5:]], "event 5 stands a second time"),
        (lambda lines: [*lines[:-1], lines[-1][:-1]], "the last line is cut short"),
    ],
)
@in_a_file
async def test_what_was_done_to_an_export_is_said(
    filled: Database,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    change: Callable[[list[bytes]], list[bytes]],
    said: str,
) -> None:
    file = tmp_path / "log"
    write(filled, file)
    file.write_bytes(b"".join(change(file.read_bytes().splitlines(keepends=True))))
    assert verify.main([str(file)]) == 1
    told = capsys.readouterr().out
    assert told.startswith("integrity: NOT whole")
    assert said in told
    assert "log is not the file that its manifest describes" in told


@in_a_file
async def test_an_export_is_compared_with_a_root_that_was_noted_elsewhere(
    filled: Database, log: AuditLog, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    noted = write(filled, tmp_path / "earlier")
    await log.append(draft())
    write(filled, tmp_path / "log")
    given = [str(tmp_path / "log"), "--size", str(noted.size)]
    assert verify.main([*given, "--root", noted.root]) == verify.UNANCHORED
    assert verify.main([*given, "--root", "00" * 32]) == 1
    told = capsys.readouterr().out
    assert f"the first {noted.size} events are not those that were noted" in told
    with pytest.raises(SystemExit, match="2"):
        verify.main(given)


@pytest.mark.parametrize("manifest", [None, b"", b"{}", b"[]", b'{"format": "other/1"}', b"\xff"])
def test_an_export_without_its_manifest_cannot_be_verified(
    tmp_path: Path, manifest: bytes | None, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "log").write_bytes(b"{}\n")
    if manifest is not None:
        (tmp_path / "log.manifest.json").write_bytes(manifest)
    assert verify.main([str(tmp_path / "log")]) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert "log.manifest.json: " in told.err


@in_a_file
async def test_a_manifest_without_its_export_cannot_be_verified(
    filled: Database, tmp_path: Path
) -> None:
    write(filled, tmp_path / "log").file.unlink()
    with pytest.raises(verify.Unreadable, match="log: No such file"):
        verify.verify_file(tmp_path / "log")


@in_a_file
async def test_a_csv_without_its_columns_does_not_verify(filled: Database, tmp_path: Path) -> None:
    file = tmp_path / "log"
    write(filled, file, Format.CSV)
    file.write_bytes(file.read_bytes().replace(b"seq,time", b"seq,date", 1))
    assert "the first line does not name the columns" in verify.verify_file(file).problems[0]


async def test_an_export_while_the_log_grows_is_whole(
    filled: Database, log: AuditLog, tmp_path: Path
) -> None:
    growing = asyncio.gather(*(log.append(draft()) for _ in range(200)))
    for number in range(5):
        file = tmp_path / str(number)
        await asyncio.to_thread(write, filled, file)
        assert verify.verify_file(file).ok
    await growing


@in_a_file
async def test_an_export_is_for_its_owner_alone_and_replaces_nothing(
    filled: Database, tmp_path: Path
) -> None:
    exported = write(filled, tmp_path / "log")
    for file in (exported.file, exported.manifest):
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
    with pytest.raises(FileExistsError):
        write(filled, tmp_path / "log")
    exported.file.unlink()
    with pytest.raises(FileExistsError):
        write(filled, tmp_path / "log")


async def test_an_export_of_a_damaged_log_leaves_nothing_out_and_does_not_verify(
    filled: Database, tmp_path: Path
) -> None:
    forge = text("UPDATE audit SET body = '{\"seq\"\\:5}' WHERE seq = 5")
    as_attacker(filled, forge)
    for form in VERIFIED:
        exported = write(filled, tmp_path / form, form)
        findings = verify.verify_file(exported.file)
        assert (findings.ok, findings.size, findings.first_bad) == (False, 308, 1)
        assert exported.root in "\n".join(findings.problems)


# --- the log folder ----------------------------------------------------------------------------


@pytest.fixture
async def folder(url: str, filled: Database, clock: TurnedClock) -> AsyncIterator[LogFolder]:
    async with open_log_folder(
        url, keys=KnownKeys(), clock=clock, software="1", replica="cli", reader="root", vault=VAULT
    ) as folder:
        yield folder


async def test_reading_the_log_is_recorded_in_it(
    folder: LogFolder, database: Database, tmp_path: Path
) -> None:
    page = await folder.search(AuditQuery(words=("quoted",)), asked="quoted")
    assert len(page.events) == 1
    assert (await folder.show(1)) is not None
    assert (await folder.export(tmp_path / "log", Format.JSONL)).size == 311
    assert (await folder.verify()).ok
    readings = assert_whole(database)[308:]
    assert [(each["kind"], each["verb"]) for each in readings] == [
        ("system", "audit search"),
        ("system", "audit show"),
        ("system", "audit export"),
        ("system", "audit verify"),
    ]
    assert set(readings[0]["params"]) == {"_sd", "found"}  # what was asked for is a free text
    assert {each["actor"]["account"] for each in readings} == {"root"}
    assert verify.verify_file(tmp_path / "log").ok


async def test_a_log_folder_appends_beside_a_running_server(
    folder: LogFolder, log: AuditLog, database: Database
) -> None:
    for _ in range(10):
        await asyncio.gather(log.append(draft()), folder.search(AuditQuery(), asked=""))
    assert len(assert_whole(database)) == 328


@in_a_file
async def test_a_damaged_log_can_be_verified_and_not_read_unrecorded(
    folder: LogFolder, database: Database
) -> None:
    as_attacker(database, text("DELETE FROM audit WHERE seq > 300"))
    findings = await folder.verify()
    assert findings.first_bad == 301
    with pytest.raises(AuditUnavailable):
        await folder.search(AuditQuery(), asked="")


async def test_a_folder_without_a_log_is_said(tmp_path: Path, clock: TurnedClock) -> None:
    empty = f"sqlite:///{tmp_path}/empty.db"
    Database.open(empty).close()
    for url, said in ((empty, "no audit log"), (f"sqlite:///{tmp_path}/none.db", "no file")):
        opened = open_log_folder(
            url,
            keys=KnownKeys(),
            clock=clock,
            software="1",
            replica="cli",
            reader="root",
            vault=VAULT,
        )
        with pytest.raises(ConfigurationError, match=said):
            await opened.__aenter__()
    assert not (tmp_path / "none.db").exists()
