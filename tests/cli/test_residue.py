"""`wardroom audit residue`: what was deleted is overwritten, and every byte is searched."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

from tests.cli.test_audit import filled

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from click.testing import Result

    Typing = Callable[..., Result]

CANARY = "zirconium-47110815"
__all__ = ["filled"]


def test_deleted_bytes_are_overwritten_and_looked_for(wardroom: Typing, filled: Path) -> None:
    with sqlite3.connect(filled / "wardroom.db") as database:
        database.execute("INSERT INTO secrets VALUES ('x', ?)", (CANARY * 500,))
    with sqlite3.connect(filled / "wardroom.db") as database:
        database.execute("PRAGMA secure_delete = 0")
        database.execute("DELETE FROM secrets")
    database.close()
    files = list(filled.glob("wardroom.db*"))
    assert [each for each in files if CANARY.encode() in each.read_bytes()]
    result = wardroom("audit", "residue", "--look", given=f"{CANARY}\n")
    assert result.exit_code == 0, result.output
    assert "No file here" in result.output
    (filled / "export.jsonl").write_text(CANARY)
    again = wardroom("audit", "residue", "--look", given=f"{CANARY}\n")
    assert again.exit_code == 1
    assert again.output.splitlines()[-1].endswith("export.jsonl")
