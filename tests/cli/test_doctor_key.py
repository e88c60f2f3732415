"""`wardroom doctor --only key`: the key that signs the log, and each way it can be wrong."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from bot.audit.keys import KeyFile
from tests.cli.clinic import doctor, nowhere
from tests.cli.conftest import configure

if TYPE_CHECKING:
    from collections.abc import Callable

    from click.testing import Result

    Typing = Callable[..., Result]

ORIGIN = "wardroom-sandbox/audit"
OTHER_DISKS = [p for p in (Path("/dev/shm"), Path(tempfile.gettempdir())) if p.is_dir()]  # noqa: S108 - a disk


@pytest.fixture(autouse=True)
def keys(home: Path) -> KeyFile:
    """A site on a port that nobody listens at, and where its key would be."""
    nowhere(home)
    return KeyFile(home / "audit.key", ORIGIN)


def in_production(home: Path) -> None:
    """Let the site be a real one."""
    server = {"port": 8080, "public_url": "https://wardroom.hospital.example/ops"}
    configure(home, mode="production", server=server, integrations=None)
    (home / "wardroom.yaml").chmod(0o600)


async def test_a_key_that_is_not_made_yet_is_well_and_stays_unmade(keys: KeyFile) -> None:
    found = (await doctor("--only", "key")).of("key")

    assert found["state"] == "ok"
    assert found["text"].endswith(f"the first event makes it, for {ORIGIN}")
    assert not keys.file.exists()


async def test_a_key_of_its_owner_alone_is_well(keys: KeyFile) -> None:
    keys.make()

    found = (await doctor("--only", "key")).of("key")

    assert (found["state"], found["mend"]) == ("ok", "")
    assert f"signs for {ORIGIN}" in found["text"]


async def test_a_key_that_others_can_read_fails_with_the_command_that_mends_it(
    keys: KeyFile,
) -> None:
    keys.make()
    keys.file.chmod(0o640)

    report = await doctor("--only", "key")

    assert (report.code, report.of("key")["mend"]) == (1, f"chmod 600 {keys.file}")


async def test_a_file_without_a_key_fails(keys: KeyFile) -> None:
    keys.file.write_text("")
    keys.file.chmod(0o600)

    found = (await doctor("--only", "key")).of("key")

    assert (found["state"], "bring the file back" in found["mend"]) == ("fail", True)


async def test_a_key_on_the_disk_of_the_log_is_a_warning_in_production(
    wardroom: Typing, keys: KeyFile, home: Path
) -> None:
    wardroom("db", "upgrade")
    in_production(home)
    KeyFile(keys.file, "wardroom.hospital.example/ops/audit").make()

    found = (await doctor("--only", "key")).of("key")

    assert (found["state"], "on the same disk as the log" in found["text"]) == ("warn", True)


@pytest.fixture
def elsewhere(home: Path) -> Path:
    """Return a file that could be on another disk than the test's own."""
    other = next((p for p in OTHER_DISKS if p.stat().st_dev != home.stat().st_dev), None)
    if other is None:
        pytest.skip("there is one disk here")
    return other / f"{os.getpid()}-{home.name}.key"


async def test_a_key_elsewhere_is_well_in_production(
    wardroom: Typing, home: Path, elsewhere: Path
) -> None:
    wardroom("db", "upgrade")
    in_production(home)
    keys = KeyFile(elsewhere, "wardroom.hospital.example/ops/audit")
    configure(home, audit={"key": str(keys.file)})
    try:
        keys.make()
        assert (await doctor("--only", "key")).of("key")["state"] == "ok"
    finally:
        keys.file.unlink()


async def test_a_name_that_is_not_the_keys_is_a_warning(keys: KeyFile, home: Path) -> None:
    keys.make()
    configure(home, audit={"origin": "another.example/audit"})

    found = (await doctor("--only", "key")).of("key")

    assert (found["state"], found["mend"]) == (
        "warn",
        f"set audit.origin to {ORIGIN}: a log keeps its name",
    )


async def test_a_rotation_that_was_cut_off_is_a_warning(keys: KeyFile) -> None:
    keys.make()
    keys.make_next()

    found = (await doctor("--only", "key")).of("key")

    assert (found["state"], found["mend"]) == ("warn", "run again: wardroom audit rotate-key")
