"""Drop folders and units of another host: a real SSH server, and who it has to be."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncssh
import pytest

from bot.api import Finding, Login
from integrations.probes import sftp, systemd
from tests.integrations.endpoint_peers import (
    FAILED,
    PASSED,
    PASSWORD,
    UNKNOWN,
    Talk,
    asked,
    closed,
    endless,
    garbage,
    hangs_up,
    listening,
    silent,
)

ACCOUNT = Login("drops", PASSWORD)
KEY = asyncssh.generate_private_key("ssh-ed25519")
OURS = asyncssh.generate_private_key("ssh-ed25519")
KNOWN: dict[str, Any] = {"host_key": KEY.get_fingerprint()}
UNIT: dict[str, Any] = {"unit": "mirth.service", **KNOWN}
Ran = Callable[[asyncssh.SSHServerProcess[str]], Awaitable[None]]


@dataclass(eq=False)
class _Door(asyncssh.SSHServer):
    """Lets one account in, by its password."""

    def password_auth_supported(self) -> bool:
        return True

    def validate_password(self, username: str, password: str) -> bool:
        return (username, password) == (ACCOUNT.user, ACCOUNT.password)


async def _nothing(process: asyncssh.SSHServerProcess[str]) -> None:
    process.exit(127)


@asynccontextmanager
async def server(folder: Path, run: Ran = _nothing) -> AsyncIterator[int]:
    """Serve a folder, and have commands answered so; yields the port."""
    trusted = folder.parent / f"{folder.name}-authorized"
    trusted.write_bytes(OURS.export_public_key())
    listener = await asyncssh.create_server(
        _Door,
        "127.0.0.1",
        0,
        server_host_keys=[KEY],
        authorized_client_keys=str(trusted),
        process_factory=run,
        sftp_factory=lambda channel: asyncssh.SFTPServer(channel, chroot=os.fsencode(folder)),
        allow_scp=False,
        agent_forwarding=False,
    )
    try:
        yield listener.get_port()
    finally:
        listener.close()
        await listener.wait_closed()


def dropped(folder: Path, **ages: float) -> Path:
    """Put files into a folder that are so many minutes old."""
    (folder / "out").mkdir(parents=True)
    for name, minutes in ages.items():
        file = folder / "out" / f"{name}.ZZTEST.hl7"
        file.write_text("")
        os.utime(file, (time.time() - minutes * 60,) * 2)
    return folder


async def looked(folder: Path, account: Login = ACCOUNT, **keys: Any) -> Finding:
    async with server(folder) as port:
        return await asked("sftp", port, account, **{**KNOWN, "path": "/out", **keys})


async def test_a_drop_says_how_old_its_files_are(tmp_path: Path) -> None:
    drop = dropped(tmp_path / "a", one=125, two=12, three=60)
    (drop / "out" / "done").mkdir()
    (drop / "out" / "readme.txt").write_text("")
    found = await looked(drop, files="*.hl7", newest_minutes=30, oldest_minutes=180)
    assert found.standing is PASSED
    assert found.detail == "has 3 files, the newest 12 min and the oldest 2 h 5 min old"
    assert (await looked(drop)).figures["files"] == "4"


@pytest.mark.parametrize(
    ("ages", "keys", "why"),
    [
        ({"one": 50}, {"newest_minutes": 30}, "stale"),
        ({}, {"newest_minutes": 30}, "stale"),
        ({"one": 5, "two": 300}, {"newest_minutes": 30, "oldest_minutes": 60}, "stuck"),
        ({"one": 5}, {"path": "/nowhere"}, "folder"),
        ({"one": 5}, {"path": "/out/one.ZZTEST.hl7"}, "folder"),
    ],
)
async def test_a_drop_that_is_stale_stuck_or_gone_has_failed(
    tmp_path: Path, ages: dict[str, float], keys: dict[str, Any], why: str
) -> None:
    found = await looked(dropped(tmp_path / "a", **ages), **keys)
    assert (found.standing, found.figures["why"]) == (FAILED, why)


async def test_an_empty_drop_is_well_where_everything_is_fetched(tmp_path: Path) -> None:
    found = await looked(dropped(tmp_path / "a"), oldest_minutes=60)
    assert (found.standing, found.detail) == (PASSED, "has no such file")


async def test_a_file_of_the_future_is_new(tmp_path: Path) -> None:
    found = await looked(dropped(tmp_path / "a", one=-5), newest_minutes=1)
    assert (found.standing, found.figures["newest_seconds"]) == (PASSED, "0")


def test_a_server_that_tells_no_kinds_has_files_all_the_same() -> None:
    unknown = asyncssh.FILEXFER_TYPE_UNKNOWN
    assert sftp.is_meant("a.hl7", unknown, "*.hl7")
    assert not sftp.is_meant("A.HL7", unknown, "*.hl7")
    assert not sftp.is_meant("..", unknown, "*")
    assert not sftp.is_meant("a.hl7", asyncssh.FILEXFER_TYPE_DIRECTORY, "*")


async def test_a_server_that_tells_no_times_cannot_be_judged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def timeless(_self: object, _path: bytes) -> AsyncIterator[asyncssh.SFTPName]:
        yield asyncssh.SFTPName(b"a.hl7", attrs=asyncssh.SFTPAttrs(permissions=0o100644))

    monkeypatch.setattr(asyncssh.SFTPServer, "scandir", timeless)
    found = await looked(dropped(tmp_path / "a", one=1))
    assert (found.standing, found.figures["why"]) == (FAILED, "no_times")


async def test_more_entries_than_anybody_reads_are_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sftp, "MOST_ENTRIES", 3)
    found = await looked(dropped(tmp_path / "a", one=1, two=2))
    assert (found.standing, found.figures["why"]) == (FAILED, "too_many")


async def test_an_account_signs_in_with_its_key(tmp_path: Path) -> None:
    drop = dropped(tmp_path / "a", one=1)
    plain = OURS.export_private_key().decode().strip()
    assert (await looked(drop, Login("drops", key=plain))).standing is PASSED
    locked = OURS.export_private_key("pkcs8-pem", passphrase=PASSWORD).decode().strip()
    opened = Login("drops", key=locked, passphrase=PASSWORD)
    assert (await looked(drop, opened)).standing is PASSED


@pytest.mark.parametrize(
    ("account", "standing", "why"),
    [
        (Login("drops", "wrong"), FAILED, "credentials"),
        (Login("drops", key=KEY.export_private_key().decode()), FAILED, "credentials"),
        (Login("drops", key="ZZTEST no key"), UNKNOWN, "key"),
    ],
)
async def test_an_account_that_is_not_let_in_is_told(
    tmp_path: Path, account: Login, standing: object, why: str
) -> None:
    found = await looked(dropped(tmp_path / "a"), account)
    assert (found.standing, found.figures["why"]) == (standing, why)


async def test_another_host_key_gets_no_password(tmp_path: Path) -> None:
    other: dict[str, Any] = {"host_key": OURS.get_fingerprint()}
    found = await looked(dropped(tmp_path / "a"), **other)
    assert (found.standing, found.figures["why"]) == (FAILED, "host_key")


async def test_a_host_is_known_by_a_file_too(tmp_path: Path) -> None:
    drop, file = dropped(tmp_path / "a"), tmp_path / "known_hosts"
    keys: dict[str, Any] = {"host_key": "", "known_hosts": str(file)}
    file.write_text(f"127.0.0.1 {KEY.export_public_key().decode()}")
    assert (await looked(drop, **keys)).standing is PASSED
    file.write_text(f"127.0.0.1 {OURS.export_public_key().decode()}")
    assert (await looked(drop, **keys)).figures["why"] in ("host_key", "no_cipher")
    file.write_text("")
    assert (await looked(drop, **keys)).figures["why"] == "host_key"
    file.unlink()
    gone = await looked(drop, **keys)
    assert (gone.standing, gone.figures["why"]) == (UNKNOWN, "known_hosts")


async def test_without_a_known_key_nobody_is_trusted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither is what the account that Wardroom runs under has in its own known_hosts."""
    home = tmp_path / "home"
    (home / ".ssh").mkdir(parents=True)
    (home / ".ssh" / "known_hosts").write_text(f"* {KEY.export_public_key().decode()}")
    monkeypatch.setenv("HOME", str(home))
    found = await looked(dropped(tmp_path / "a"), host_key="")
    assert (found.standing, found.figures["why"]) == (FAILED, "host_key")


@pytest.mark.parametrize(
    ("talk", "why"), [(garbage, "garbage"), (endless, "garbage"), (hangs_up, "closed")]
)
async def test_what_is_no_ssh_is_told_apart(talk: Talk, why: str) -> None:
    async with listening(talk) as port:
        found = await asked("sftp", port, ACCOUNT, path="/out", **KNOWN)
    assert (found.standing, found.figures["why"]) == (FAILED, why)


async def test_a_silent_and_a_closed_ssh_server_are_told_apart() -> None:
    async with listening(silent) as port:
        quiet = await asked("sftp", port, ACCOUNT, path="/out", seconds=0.1, **KNOWN)
    assert (quiet.standing, quiet.figures["why"]) == (FAILED, "timeout")
    shut = await asked("sftp", closed(), ACCOUNT, path="/out", **KNOWN)
    assert (shut.standing, shut.figures["why"]) == (FAILED, "refused")


# A unit of systemd on another host


def showing(answer: str, status: int = 0) -> Ran:
    async def run(process: asyncssh.SSHServerProcess[str]) -> None:
        assert process.command == " ".join((*systemd.ASKED, "mirth.service"))
        assert process.get_extra_info("connection").get_agent_path() is None
        process.stdout.write(answer)
        process.exit(status)

    return run


WELL = "LoadState=loaded\nActiveState=active\nSubState=running\nResult=success\nNRestarts=0\n"


@pytest.mark.parametrize(
    ("run", "standing", "why"),
    [
        (showing(WELL), PASSED, None),
        (showing(WELL.replace("=active", "=failed")), FAILED, "not_active"),
        (showing("", 1), UNKNOWN, "no_systemd"),
        (showing("bash: ZZTEST: command not found\n", 127), UNKNOWN, "no_systemd"),
        (showing("ZZTEST\n" * 9), FAILED, "garbage"),
        (showing("ZZTEST\n" * 9000), FAILED, "garbage"),
    ],
)
async def test_a_unit_of_another_host_is_asked_over_ssh(
    tmp_path: Path, run: Ran, standing: object, why: str | None
) -> None:
    async with server(tmp_path, run) as port:
        found = await asked("systemd", port, ACCOUNT, **UNIT)
    assert (found.standing, found.figures.get("why")) == (standing, why)


async def test_a_host_that_does_not_end_its_answer_is_not_waited_for(tmp_path: Path) -> None:
    async def run(process: asyncssh.SSHServerProcess[str]) -> None:
        process.stdout.write(WELL)
        await asyncio.sleep(60)

    async with server(tmp_path, run) as port:
        found = await asked("systemd", port, ACCOUNT, seconds=0.5, **UNIT)
    assert (found.standing, found.figures["why"]) == (FAILED, "timeout")
