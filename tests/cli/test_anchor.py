"""`wardroom audit anchor` says what others remember, and no command reads on past a rollback."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from bot.storage.database import Database
from tests.cli.conftest import configure

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from click.testing import Result

    Typing = Callable[..., Result]


@pytest.fixture
def anchored(home: Path, wardroom: Typing) -> Path:
    """Return a data folder whose log of a few events is anchored in a file."""
    database = Database.open(f"sqlite:///{home}/wardroom.db")
    database.upgrade()
    database.close()
    for _ in range(3):
        wardroom("audit", "search", "page")
    configure(home, audit={"anchors": {"second-disk": {"file": "elsewhere"}}})
    return home


def test_an_empty_anchor_is_filled_when_somebody_says_so(wardroom: Typing, anchored: Path) -> None:
    first = wardroom("audit", "anchor")
    assert first.exit_code == 1
    assert "second-disk: it holds no checkpoint, and this log is not new" in first.output
    assert not (anchored / "elsewhere").exists()
    begun = wardroom("audit", "anchor", "--begin")
    assert begun.exit_code == 0, begun.output
    assert "second-disk: holds the log of 5 events" in begun.output
    assert "Last anchored 0 s ago by 1 of 1." in begun.output
    found = wardroom("audit", "search", "verb:'audit anchor'".replace("'", '"'))
    assert '"begin"' not in found.output
    assert found.output.count("audit anchor") == 2


@pytest.mark.parametrize(
    "line", [("search", "page"), ("anchor",), ("checkpoint",), ("rotate-key",), ("show", "1")]
)
def test_no_command_continues_an_older_copy(
    wardroom: Typing, anchored: Path, line: tuple[str, ...]
) -> None:
    shutil.copy(anchored / "wardroom.db", anchored / "copy.db")
    assert wardroom("audit", "anchor", "--begin").exit_code == 0
    shutil.copy(anchored / "copy.db", anchored / "wardroom.db")
    for left in ("wardroom.db-wal", "wardroom.db-shm"):
        (anchored / left).unlink(missing_ok=True)
    before = (anchored / "wardroom.db").read_bytes()
    told = wardroom("audit", *line)
    assert told.exit_code == 1
    assert "ROLLBACK: the audit log is not the one that second-disk remembers" in told.output
    assert (anchored / "wardroom.db").read_bytes() == before


def test_verify_names_what_an_anchor_remembers(wardroom: Typing, anchored: Path) -> None:
    assert wardroom("audit", "anchor", "--begin").exit_code == 0
    assert wardroom("audit", "verify").exit_code == 0
    shutil.copy(anchored / "wardroom.db", anchored / "copy.db")
    wardroom("audit", "anchor")
    shutil.copy(anchored / "copy.db", anchored / "wardroom.db")
    for left in ("wardroom.db-wal", "wardroom.db-shm"):
        (anchored / left).unlink(missing_ok=True)
    told = wardroom("audit", "verify")
    assert told.exit_code == 1
    assert "ROLLBACK" in told.output
