"""Pruning and merging, killed by SIGKILL at every single thing they do."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.audit import verify
from bot.audit.batch import Author
from bot.audit.spool.spool import Spool
from bot.storage.database import Database
from tests.audit import cut
from tests.audit.conftest import TurnedClock
from tests.audit.events import a_log, assert_whole, draft, rows
from tests.audit.retention.aged import DUE, Aged
from tests.examples import THOROUGH
from tests.forked import fork

pytestmark = [pytest.mark.crash, pytest.mark.xdist_group("postgres")]

EVENTS = 20


async def prepared(folder: Path, clock: TurnedClock) -> None:
    """A log with some events, closed."""
    database = Database.open(f"sqlite:///{folder / cut.DATABASE}")
    database.upgrade()
    async with a_log(database, clock) as log:
        for number in range(EVENTS):
            await log.append(draft(text=f"event {number}", correlation=f"c-{number}"))
    database.close()


def copies(folder: Path) -> list[Path]:
    found = [each for each in folder.parent.iterdir() if each.name.isdigit()]
    assert found
    return sorted(found, key=lambda each: int(each.name))


def cut_short(folder: Path, work: object, step: int) -> list[Path]:
    process = fork(cut.at_each_point, work, folder, DUE.replace(year=DUE.year + 1), step)
    process.join(900)
    assert process.exitcode == 0
    assert int((folder.parent / "points").read_text()) > 20, "there was much to be killed in"
    return copies(folder)


async def test_pruning_that_was_killed_anywhere_is_finished_by_the_next(
    tmp_path: Path, clock: TurnedClock
) -> None:
    folder = tmp_path / "prepared"
    folder.mkdir()
    await prepared(folder, clock)
    for each in cut_short(folder, cut.prune, 2 if THOROUGH else 41):
        database = Database.open(f"sqlite:///{each / cut.DATABASE}")
        async with a_log(database, clock) as log:
            aged = Aged(database, log, clock, each / cut.ARCHIVES)
            assert aged.gone() == list(range(1, EVENTS + 1)), each.name
            assert aged.verified().problems == [], each.name
            kept = [file for file in aged.files() if verify.verify_file(file).ok]
            texts = [line for file in kept for line in file.read_bytes().splitlines()]
            for number in range(EVENTS):
                said = f'"text":"event {number}"'.encode()
                assert any(said in line for line in texts), f"{each.name}: {number} is lost"
        database.close()


async def test_a_merge_that_was_killed_anywhere_leaves_each_record_once(
    tmp_path: Path, clock: TurnedClock
) -> None:
    folder = tmp_path / "prepared"
    folder.mkdir()
    await prepared(folder, clock)
    spool = Spool(folder / cut.SPOOL, Author(clock, "1.0", "one"), within=30)
    for text in "abcde":
        await spool.keep(draft(text=text, correlation=f"c-{text}"))
    spool.close()
    for each in cut_short(folder, cut.merge, 1 if THOROUGH else 17):
        database = Database.open(f"sqlite:///{each / cut.DATABASE}")
        late = [one["text"] for one in assert_whole(database) if "late" in one]
        assert late == [*"abcde"], each.name
        assert not list((each / cut.SPOOL).glob("*.spool")), each.name
        assert len(rows(database)) >= EVENTS + len(late)
        database.close()
