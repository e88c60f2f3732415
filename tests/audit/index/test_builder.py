"""What the index is made of, when it goes on, and when it is made again."""

from __future__ import annotations

import asyncio
import itertools
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import text

from bot.audit import record
from bot.audit.index import shard, words
from bot.audit.index.builder import Builder
from bot.audit.index.fit import is_of_log
from bot.audit.index.folder import Index
from bot.audit.index.shard import Claim
from bot.audit.log import AuditLog
from bot.audit.search import AuditSearch
from bot.audit.tree import leaf_hash, root_of
from bot.model import AuditQuery
from bot.storage.database import Database
from tests.audit.conftest import in_a_file
from tests.audit.events import as_attacker, draft, fill, rows
from tests.audit.index.conftest import SHARD
from tests.audit.index.random_log import Chance
from tests.audit.index.test_truth import everything_in, expected
from tests.audit.test_search import found
from tests.examples import THOROUGH

KILLED_AT = [1, 7, 20, 33, SHARD, SHARD + 1, SHARD + 15] if THOROUGH else [1, 33, SHARD + 1]
NEEDLE = AuditQuery(words=("needle",))

# A builder that stops in the middle of a batch, for ever.
STUCK = """
import sys, time
from pathlib import Path
from bot.audit.index import builder
from bot.audit.index.folder import Index
from bot.storage.database import Database

url, folder, size, events = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
whole, seen = builder.tokens_of, []

def tokens_of(fields):
    seen.append(fields)
    if len(seen) == events:
        print("in the middle", flush=True)
        time.sleep(600)
    return whole(fields)

builder.tokens_of = tokens_of
made = builder.Builder(Database.open(url), Index(folder, size), batch=20, tail=1)
while made.step():
    pass
print("done", flush=True)
"""


def claims(index: Index) -> dict[int, Claim]:
    """What each shard says of itself."""
    said = {}
    for number, path in index.paths().items():
        with index.reading(path) as reading:
            said[number] = reading.claim
    return said


async def test_a_shard_says_what_it_has_read(
    log: AuditLog, database: Database, index: Index, build: Callable[[], int]
) -> None:
    assert build() == 0
    await fill(log, *(draft() for _ in range(SHARD + 10)))
    build()
    first, second = claims(index)[0], claims(index)[1]
    leaves = [leaf for _, _, leaf in rows(database)]
    assert (first.first, first.high, first.is_full, first.is_sealed) == (1, SHARD, True, True)
    assert (second.first, second.high, second.is_full) == (SHARD + 1, SHARD + 10, False)
    assert first.frontier.root() == root_of(leaves[:SHARD])
    assert second.frontier.root() == root_of(leaves[SHARD:])
    assert database.read_now(lambda log: is_of_log(log, second))


@in_a_file
async def test_a_shard_is_compared_with_the_hashes_that_the_log_keeps(
    log: AuditLog, database: Database, tmp_path: Path
) -> None:
    await fill(log, *(draft() for _ in range(600)))
    index = Index(tmp_path / "index", 512)
    builder = Builder(database, index, tail=1)
    while builder.step():
        pass
    builder.close()
    said = claims(index)
    assert [claim.high for claim in said.values()] == [512, 600]
    assert all(database.read_now(lambda log: is_of_log(log, claim)) for claim in said.values())  # noqa: B023 - runs at once
    as_attacker(database, text("UPDATE audit_tile SET hash = :h WHERE n = 1").bindparams(h=b"x"))
    assert not database.read_now(lambda log: is_of_log(log, said[0]))
    assert database.read_now(lambda log: is_of_log(log, said[1]))
    index.close()


async def test_few_events_are_no_work_until_their_shard_is_full(
    log: AuditLog, database: Database, index: Index
) -> None:
    builder = Builder(database, index, tail=10)
    await fill(log, *(draft() for _ in range(9)))
    assert not builder.step()
    await fill(log, draft())
    assert builder.step()
    await fill(log, *(draft() for _ in range(SHARD - 10)))
    assert builder.step()  # though it may be fewer than ten
    while builder.step():
        pass
    builder.close()
    assert claims(index)[0].is_sealed


async def test_the_newest_events_are_indexed_first(
    log: AuditLog, index: Index, builder: Builder
) -> None:
    await fill(log, *(draft() for _ in range(3 * SHARD)))
    assert builder.step()
    assert list(index.paths()) == [2]


async def test_after_a_restart_it_goes_on(
    log: AuditLog, database: Database, index: Index, build: Callable[[], int]
) -> None:
    await fill(log, *(draft(text="needle") for _ in range(SHARD + 10)))
    build()
    before = index.paths()
    await fill(log, draft(text="needle"))
    again = Builder(database, index, tail=1)
    assert again.step()
    assert not again.step()
    again.close()
    assert index.paths() == before
    assert claims(index)[1].high == SHARD + 11


def kill_in_the_middle(url: str, folder: Path, events: int) -> None:
    """Build until so many events were read, and not yet written."""
    arguments = [sys.executable, "-c", STUCK, url, str(folder), str(SHARD), str(events)]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "in the middle\n"
        process.send_signal(signal.SIGKILL)


@pytest.mark.crash
@in_a_file
@pytest.mark.parametrize("events", KILLED_AT)
@pytest.mark.thorough
async def test_killed_in_the_middle_of_a_batch_it_finds_the_same_and_goes_on(
    log: AuditLog, database: Database, index: Index, url: str, events: int
) -> None:
    chance, indexed = Chance(events), AuditSearch(database, index=index, deadline=60)
    await fill(log, *(chance.event() for _ in range(SHARD + 20)))
    await asyncio.to_thread(kill_in_the_middle, url, index.folder, events)
    left = index.paths()
    everything = everything_in(database)
    queries = [chance.query() for _ in range(8)]
    for query in queries:
        assert await found(indexed, query) == expected(everything, query), query
    again = Builder(database, index, tail=1)
    while again.step():
        pass
    again.close()
    assert index.paths().items() >= left.items()  # nothing was thrown away
    assert all(claim.is_full or claim.high == SHARD + 20 for claim in claims(index).values())
    for query in queries:
        assert await found(indexed, query) == expected(everything, query), query


async def test_a_shard_of_another_log_is_not_asked_and_made_again(
    log: AuditLog,
    database: Database,
    index: Index,
    indexed: AuditSearch,
    build: Callable[[], int],
) -> None:
    await fill(log, *(draft(text="needle" if n == 3 else "hay") for n in range(1, 11)))
    build()
    before = index.paths()
    # Another log of the same size, as after a database was restored from somewhere else.
    for seq, body, _ in rows(database):
        changed = {"text": "needle" if seq == 7 else "hay", "replica": "two"}
        said = record.parse(body) | changed
        forged = record.canonical(said)
        as_attacker(
            database,
            text("UPDATE audit SET body = :body, leaf = :leaf WHERE seq = :seq").bindparams(
                body=forged.decode(), leaf=leaf_hash(forged), seq=seq
            ),
        )
    assert await found(indexed, NEEDLE) == [7]
    again = Builder(database, index, tail=1)
    while again.step():
        pass
    again.close()
    assert index.paths().keys() == before.keys()
    assert index.paths() != before
    assert await found(indexed, NEEDLE) == [7]


async def test_a_shard_that_is_ahead_of_its_log_is_made_again(
    log: AuditLog, database: Database, index: Index, build: Callable[[], int]
) -> None:
    await fill(log, *(draft() for _ in range(10)))
    build()
    before = index.paths()
    as_attacker(
        database,
        text("DELETE FROM audit WHERE seq > 5"),
        text("UPDATE audit_head SET size = 5"),
    )
    again = Builder(database, index, tail=1)
    while again.step():
        pass
    again.close()
    assert index.paths() != before
    assert claims(index)[0].high == 5


@in_a_file
@pytest.mark.parametrize("damage", ["no file of SQLite", "cut short", "another format"])
async def test_a_broken_shard_is_read_past_and_made_again(
    log: AuditLog,
    database: Database,
    index: Index,
    builder: Builder,
    damage: str,
) -> None:
    indexed = AuditSearch(database, index=index, deadline=60)
    await fill(log, *(draft(text="needle" if n == 3 else "hay") for n in range(1, SHARD + 3)))
    while builder.step():
        pass
    builder.close()
    before = index.paths()
    broken = before[0]
    if damage == "another format":
        with sqlite3.connect(broken) as connection:
            connection.execute("UPDATE claim SET format = 0")
        connection.close()
    else:
        content = broken.read_bytes()
        cut = content[: len(content) // 3]
        broken.write_bytes(cut if damage == "cut short" else b"x" * len(content))
    assert await found(indexed, NEEDLE) == [3]
    again = Builder(database, index, tail=1)
    while again.step():
        pass
    again.close()
    assert index.paths()[0] != broken
    assert index.paths()[1] == before[1]
    assert await found(indexed, NEEDLE) == [3]


async def test_what_is_forgotten_leaves_no_byte_behind(
    log: AuditLog,
    database: Database,
    index: Index,
    indexed: AuditSearch,
    build: Callable[[], int],
) -> None:
    secret = "zebrafinch"
    texts = [f"{secret} {n}" if n == 5 else f"needle {n}" for n in range(1, SHARD + 3)]
    await fill(log, *(draft(text=each) for each in texts))
    build()
    assert await found(indexed, AuditQuery(words=(secret,))) == [5]
    assert secret.encode() in bytes_in(index.folder)
    body = next(body for seq, body, _ in rows(database) if seq == 5)
    redacted = body.replace(secret.encode(), b"(removed)")
    as_attacker(
        database,
        text("UPDATE audit SET body = :body, leaf = :leaf WHERE seq = 5").bindparams(
            body=redacted.decode(), leaf=leaf_hash(redacted)
        ),
    )
    index.forget(5)
    assert secret.encode() not in bytes_in(index.folder)
    assert await found(indexed, AuditQuery(words=(secret,))) == []
    build()
    assert secret.encode() not in bytes_in(index.folder)
    assert await found(indexed, AuditQuery(words=(secret[:6],))) == []
    assert await found(indexed, AuditQuery(words=("needle 7",))) == [7]
    assert claims(index)[0].is_sealed


def bytes_in(folder: Path) -> bytes:
    """All bytes of all files."""
    return b"".join(file.read_bytes() for file in sorted(folder.iterdir()))


@in_a_file
async def test_an_index_that_is_deleted_is_made_again(
    log: AuditLog, index: Index, indexed: AuditSearch, build: Callable[[], int]
) -> None:
    await fill(log, *(draft(text="needle" if n == 3 else "hay") for n in range(1, SHARD + 3)))
    build()
    assert await found(indexed, NEEDLE) == [3]
    for file in index.folder.iterdir():
        file.unlink()
    assert await found(indexed, NEEDLE) == [3]
    build()
    assert list(index.paths()) == [0, 1]
    assert await found(indexed, NEEDLE) == [3]


@in_a_file
async def test_events_with_runs_that_have_no_room_in_the_list_are_found(
    log: AuditLog,
    database: Database,
    indexed: AuditSearch,
    build: Callable[[], int],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(shard, "_MOST_WORDS", 30)
    chance = Chance(5)
    await fill(log, *(chance.event() for _ in range(SHARD)))
    build()
    everything = everything_in(database)
    for _ in range(30):
        query = chance.query()
        assert await found(indexed, query) == expected(everything, query), query


@in_a_file
async def test_time_that_is_up_says_how_far_the_search_got_and_every_page_gets_further(
    log: AuditLog, database: Database, index: Index, build: Callable[[], int]
) -> None:
    await fill(log, *(draft(text=f"word {n}") for n in range(3 * SHARD)), draft(text="needle"))
    build()
    late = AuditSearch(database, index=index, deadline=1, timer=itertools.count(step=2).__next__)
    pages, before = [], None
    while True:
        page = await late.search(AuditQuery(words=("word",), before=before, limit=500))
        pages.append(page)
        if page.next_before is None:
            break
        assert page.searched_back_to is not None
        assert before is None or page.next_before < before
        before = page.next_before
    seqs = [event.seq for page in pages for event in page.events]
    assert seqs == list(range(3 * SHARD, 0, -1))
    assert len(pages) > 3


@in_a_file
async def test_what_matches_is_counted_up_to_a_limit_or_all_of_it(
    log: AuditLog, database: Database, indexed: AuditSearch, build: Callable[[], int]
) -> None:
    await fill(log, *(draft(text="needle" if n % 2 else "hay") for n in range(3 * SHARD)))
    build()
    await fill(log, draft(text="needle"))
    whole = await indexed.count(NEEDLE)
    assert (whole.found, whole.is_capped) == (3 * SHARD // 2 + 1, False)
    capped = await indexed.count(NEEDLE, most=10)
    assert (capped.found, capped.is_capped, capped.searched_back_to) == (10, True, None)
    exact = await indexed.count(NEEDLE, most=whole.found)
    assert (exact.found, exact.is_capped) == (whole.found, False)


def test_a_word_is_part_of_the_runs_that_have_it() -> None:
    listed = words.Words()
    listed.add("deploy\nredeploy\ndeployment\nλβ\u03b3\nloy", 5)

    def having(part: str, *, begins: bool = False, ends: bool = False) -> list[str] | None:
        return listed.having(part, begins=begins, ends=ends)

    assert having("ploy") == ["deploy", "redeploy", "deployment"]
    assert having("deploy", begins=True) == ["deploy", "deployment"]
    assert having("deploy", ends=True) == ["deploy", "redeploy"]
    assert having("deploy", begins=True, ends=True) == ["deploy"]
    assert having("λβ") == ["λβ\u03b3"]
    assert having("xyz") == []
    listed.add("\n".join(f"many{number}" for number in range(words.MOST)), 5 + words.MOST)
    assert len(having("many") or []) == words.MOST
    listed.add("manymore", 6 + words.MOST)
    assert having("many") is None


def test_the_files_are_for_their_owner_alone(tmp_path: Path) -> None:
    index = Index(tmp_path / "index", SHARD)
    path, connection = index.make(0)
    connection.execute("INSERT INTO word (run) VALUES ('abc')")
    modes = {file.name: file.stat().st_mode & 0o777 for file in index.folder.iterdir()}
    assert modes == dict.fromkeys(modes, 0o600)
    assert {path.name, f"{path.name}-wal"} <= modes.keys()
    assert index.folder.stat().st_mode & 0o777 == 0o700
    connection.close()
    assert list(index.folder.iterdir()) == [path]
