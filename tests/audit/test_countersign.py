"""A key elsewhere signs the newest checkpoint now and then; nothing waits for it."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import text

from bot.audit import countersign
from bot.audit.countersign import Countersigner, Notary
from bot.audit.keys import PrivateKey
from bot.audit.log import AuditLog
from bot.audit.note import verified
from bot.storage.database import Database
from tests.audit.conftest import in_a_file
from tests.audit.events import draft
from tests.signing import ORIGIN, KnownKeys

LOCAL = KnownKeys().keys[0].key
FAR = PrivateKey.of("kms.hospital.example/audit", b"\x05" * 32)

# What a site writes around its KMS: text on standard input, a signature in base64 printed.
SCRIPT = """
import base64, sys
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
open(sys.argv[1], "a").write("asked\\n")
key = Ed25519PrivateKey.from_private_bytes(b"\\x05" * 32)
print(base64.b64encode(key.sign(sys.stdin.buffer.read())).decode())
"""


@dataclass
class Timer:
    """Seconds that a test lets pass."""

    seconds: float = 0.0

    def __call__(self) -> float:
        return self.seconds


@dataclass
class Kms:
    """A command, and how often it was run."""

    command: list[str]
    asked_file: Path

    @property
    def asked(self) -> int:
        """How often."""
        return len(self.asked_file.read_text().splitlines()) if self.asked_file.exists() else 0


@pytest.fixture
def kms(tmp_path: Path) -> Kms:
    """A real process that signs."""
    asked = tmp_path / "asked"
    return Kms([sys.executable, "-c", SCRIPT, str(asked)], asked)


def kept(database: Database) -> str:
    """The countersigned checkpoint."""
    query = text("SELECT countersigned FROM audit_head")
    note: str = database.read_now(lambda c: c.execute(query).scalar_one())
    return note


async def test_the_newest_checkpoint_is_signed_elsewhere_at_most_so_often(
    log: AuditLog, database: Database, kms: Kms
) -> None:
    timer = Timer()
    signer = Countersigner(database, Notary(kms.command, FAR.key), 60, timer=timer)
    await signer.look()
    assert (kms.asked, kept(database)) == (0, "")
    await log.append(draft())
    await signer.look()
    checkpoint, signers = verified(kept(database), [LOCAL, FAR.key])
    assert (checkpoint.origin, checkpoint.size, signers) == (ORIGIN, 1, (LOCAL, FAR.key))

    await log.append(draft())
    timer.seconds = 59
    await signer.look()
    assert (kms.asked, verified(kept(database), [FAR.key])[0].size) == (1, 1)
    timer.seconds = 60
    await signer.look()
    assert (kms.asked, verified(kept(database), [FAR.key])[0].size) == (2, 2)
    timer.seconds = 600
    await signer.look()
    assert (kms.asked, signer.trouble) == (2, "")
    await log.append(draft())  # the log is not held up, and its own head is not touched


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (["/nowhere/kms"], "/nowhere/kms cannot be started"),
        ([sys.executable, "-c", "raise SystemExit(3)"], "ended with code 3"),
        ([sys.executable, "-c", "print('?')"], "printed no base64"),
        ([sys.executable, "-c", "print('QUJD')"], "is not one of kms.hospital.example/audit"),
        ([sys.executable, "-c", "import time; time.sleep(600)"], "did not answer in"),
    ],
)
@in_a_file
async def test_what_fails_is_said_and_nothing_is_kept(
    log: AuditLog,
    database: Database,
    monkeypatch: pytest.MonkeyPatch,
    command: list[str],
    said: str,
) -> None:
    monkeypatch.setattr(countersign, "_PATIENCE", 0.5 if "600" in command[-1] else 60)
    await log.append(draft())
    signer = Countersigner(database, Notary(command, FAR.key), 0)
    for _ in range(2):
        await signer.look()
    assert said in signer.trouble
    assert kept(database) == ""
    await log.append(draft())


@in_a_file
async def test_a_kms_that_comes_back_ends_the_trouble(
    log: AuditLog, database: Database, kms: Kms
) -> None:
    await log.append(draft())
    right = kms.command
    notary = Notary(command := ["/nowhere/kms"], FAR.key)
    signer = Countersigner(database, notary, 0)
    await signer.look()
    assert signer.trouble
    command[:] = right
    await signer.look()
    assert (signer.trouble, verified(kept(database), [FAR.key])[0].size) == ("", 1)
