"""One key follows another: what each may sign, and what happens where it is cut off between."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from sqlalchemy import text

from bot.audit.batch import Author
from bot.audit.disclosure.vault import Vault
from bot.audit.folder import LogFolder, open_log_folder
from bot.audit.keys import KeyFile, KeyStore
from bot.audit.log import AuditLog
from bot.audit.note import Checkpoint, VerifierKey, opened, verified
from bot.audit.rotation import KeyRange, rotate
from bot.errors import AuditUnavailable, Conflict
from bot.storage.database import Database
from tests.audit.conftest import TurnedClock, in_a_file
from tests.audit.events import as_attacker, assert_whole, draft, head
from tests.audit.test_seal import note
from tests.signing import ORIGIN, KnownKeys, KnownRing

VAULT = Vault(KnownRing())


@pytest.fixture
def keys(tmp_path: Path) -> KeyFile:
    """The file of a log's keys."""
    return KeyFile(tmp_path / "audit.key", ORIGIN)


@pytest.fixture
async def server(database: Database, clock: TurnedClock, keys: KeyFile) -> AsyncIterator[AuditLog]:
    """A log that runs while its key is rotated from elsewhere."""
    async with AuditLog(
        database, clock=clock, software="1", replica="server", keys=keys, deadline=60
    ) as log:
        yield log


@pytest.fixture
def folder(url: str, clock: TurnedClock) -> Callable[[KeyStore], object]:
    """The log as the command line opens it."""
    return lambda keys: open_log_folder(
        url, keys=keys, clock=clock, software="1", replica="cli", reader="root", vault=VAULT
    )


async def rotated(opening: object) -> tuple[VerifierKey, list[KeyRange]]:
    """Rotate from the command line."""
    async with opening as log:  # type: ignore[attr-defined]  # what `folder` gives
        assert isinstance(log, LogFolder)
        return await log.rotate(), await log.keys()


async def test_a_running_log_goes_on_with_the_key_that_follows(
    server: AuditLog, database: Database, keys: KeyFile, folder: Callable[[KeyStore], object]
) -> None:
    for _ in range(3):
        await server.append(draft())
    (first,) = keys.load()
    following, found = await rotated(folder(keys))
    both = note(database)
    assert verified(both, [first.key, following])[1] == (first.key, following)
    assert opened(both, [first.key]).size == opened(both, [following]).size == 4
    assert found == [KeyRange(first.key, 0, 4), KeyRange(following, 4)]
    assert [str(each) for each in found] == [f"{first.key}@..4", f"{following}@4.."]

    await server.append(draft())
    assert opened(note(database), [following]) == Checkpoint(ORIGIN, *head(database))
    with pytest.raises(ValueError, match="no key that we know"):
        opened(note(database), [first.key])
    assert [each.key for each in keys.load()] == [following]
    event = assert_whole(database)[3]
    assert (event["kind"], event["verb"]) == ("key", "audit rotate-key")
    assert event["params"] == {"before": str(first.key), "key": str(following), "from": "4"}


async def test_keys_follow_each_other_without_a_gap(
    server: AuditLog, keys: KeyFile, folder: Callable[[KeyStore], object]
) -> None:
    await server.append(draft())
    for _ in range(3):
        await rotated(folder(keys))
        await server.append(draft())
    _, found = await rotated(folder(keys))
    assert [(each.first, each.last) for each in found] == [
        (0, 2),
        (2, 4),
        (4, 6),
        (6, 8),
        (8, None),
    ]
    assert len({each.key for each in found}) == 5


async def test_a_rotation_that_was_cut_off_before_its_commit_changed_nothing(
    server: AuditLog, database: Database, keys: KeyFile, folder: Callable[[KeyStore], object]
) -> None:
    await server.append(draft())
    (first,) = keys.load()
    left = keys.make_next()
    await server.append(draft())
    assert opened(note(database), [first.key]).size == 2
    following, _ = await rotated(folder(keys))
    assert following == left.key


async def test_a_rotation_that_was_cut_off_after_its_commit_is_finished(
    server: AuditLog, database: Database, keys: KeyFile, folder: Callable[[KeyStore], object]
) -> None:
    await server.append(draft())
    (first,) = keys.load()
    former = keys.file.read_bytes()
    following, _ = await rotated(folder(keys))
    # As if the new key had not been put in force.
    keys.file.rename(keys.next)
    keys.file.write_bytes(former)
    keys.file.chmod(0o600)
    assert [each.key for each in keys.load()] == [first.key, following]

    again, found = await rotated(folder(keys))
    assert again == following
    assert len(found) == 2
    await server.append(draft())
    assert opened(note(database), [following]).size == 3
    assert [each.key for each in keys.load()] == [following]


async def test_a_replica_that_still_has_the_former_key_is_refused_with_the_mend(
    database: Database,
    url: str,
    clock: TurnedClock,
    keys: KeyFile,
    folder: Callable[[KeyStore], object],
) -> None:
    there = KeyFile(keys.file.with_name("elsewhere.key"), ORIGIN)
    other = Database.open(url)
    who = {"clock": clock, "software": "1"}
    async with (
        AuditLog(database, replica="a", keys=keys, deadline=60, **who) as here,  # type: ignore[arg-type]  # a clock and a text
        AuditLog(other, replica="b", keys=there, deadline=60, **who) as replica,  # type: ignore[arg-type]  # the same
    ):
        await here.append(draft())
        there.file.write_bytes(keys.file.read_bytes())
        there.file.chmod(0o600)
        await replica.append(draft())
        following, _ = await rotated(folder(keys))
        with pytest.raises(AuditUnavailable, match="still has the former one; copy the new"):
            await replica.append(draft())
        await here.append(draft())
        with pytest.raises(AuditUnavailable, match="no key that we know"):
            await replica.append(draft())
        there.file.write_bytes(keys.file.read_bytes())
        await replica.append(draft())
    other.close()
    assert opened(note(database), [following]).size == 5


async def test_a_log_that_was_never_rotated_has_one_key(
    server: AuditLog, keys: KeyFile, folder: Callable[[KeyStore], object]
) -> None:
    await server.append(draft())
    async with folder(keys) as log:  # type: ignore[attr-defined]  # what `folder` gives
        assert [str(each) for each in await log.keys()] == [str(keys.load()[0].key)]


async def test_an_empty_log_has_no_key_to_follow(
    database: Database, keys: KeyFile, folder: Callable[[KeyStore], object]
) -> None:
    with pytest.raises(AuditUnavailable, match="no checkpoint yet"):
        await rotated(folder(keys))
    assert not keys.next.exists()
    assert head(database)[0] == 0


@in_a_file
async def test_a_damaged_record_of_a_key_is_said(
    server: AuditLog, database: Database, keys: KeyFile, folder: Callable[[KeyStore], object]
) -> None:
    await server.append(draft())
    await rotated(folder(keys))
    as_attacker(
        database, text("UPDATE audit SET body = replace(body, 'cli', 'web') WHERE kind = 'key'")
    )
    async with folder(keys) as log:  # type: ignore[attr-defined]  # what `folder` gives
        with pytest.raises(Conflict, match="of a key, is damaged"):
            await log.keys()


# --- a lost key ------------------------------------------------------------------------------


async def test_a_log_whose_key_is_lost_is_adopted_and_says_so(
    server: AuditLog,
    database: Database,
    clock: TurnedClock,
    keys: KeyFile,
    folder: Callable[[KeyStore], object],
) -> None:
    await server.append(draft())
    (first,) = keys.load()
    keys.file.unlink()
    async with folder(keys) as log:  # type: ignore[attr-defined]  # what `folder` gives
        key = await log.adopt("the disk of the key broke")
        assert await log.keys() == [KeyRange(key, 2)]
    assert key != first.key
    event = assert_whole(database)[1]
    assert event["params"] == {"why": "the disk of the key broke", "key": str(key), "from": "2"}
    await server.append(draft())
    assert opened(note(database), [key]).size == 3
    async with folder(keys) as log:  # type: ignore[attr-defined]  # what `folder` gives
        following = await log.rotate()
        assert await log.keys() == [KeyRange(key, 2, 4), KeyRange(following, 4)]
    async with AuditLog(database, clock=clock, software="1", replica="a", keys=keys) as another:
        await another.append(draft())


async def test_an_adopted_log_ends_the_former_keys_range_before_it(
    server: AuditLog, keys: KeyFile, folder: Callable[[KeyStore], object]
) -> None:
    await server.append(draft())
    (first,) = keys.load()
    second, _ = await rotated(folder(keys))
    keys.file.unlink()
    async with folder(keys) as log:  # type: ignore[attr-defined]  # what `folder` gives
        third = await log.adopt("lost")
        assert await log.keys() == [
            KeyRange(first.key, 0, 2),
            KeyRange(second, 2, 2),
            KeyRange(third, 3),
        ]


@in_a_file
async def test_a_log_that_is_not_whole_is_not_adopted(
    server: AuditLog, database: Database, keys: KeyFile, folder: Callable[[KeyStore], object]
) -> None:
    for _ in range(3):
        await server.append(draft())
    as_attacker(database, text("UPDATE audit SET body = '{}' WHERE seq = 2"))
    async with folder(keys) as log:  # type: ignore[attr-defined]  # what `folder` gives
        with pytest.raises(AuditUnavailable, match="not whole"):
            await log.adopt("hide it")


@in_a_file
async def test_an_event_of_a_key_that_cannot_be_recorded_changes_nothing(
    server: AuditLog, database: Database, keys: KeyFile, folder: Callable[[KeyStore], object]
) -> None:
    await server.append(draft())
    before = note(database)
    async with folder(keys) as log:  # type: ignore[attr-defined]  # what `folder` gives
        with pytest.raises(ValueError, match="holds texts only"):
            await log.adopt(7)
    assert note(database) == before


@in_a_file
async def test_the_event_of_a_key_is_drafted_beforehand(
    database: Database, clock: TurnedClock, log: AuditLog
) -> None:
    recorded = await log.append(draft())
    assert recorded.event.seq == 1
    entry = type("Entry", (), {"draft": lambda _: draft(), "effects": ()})()
    author = Author(clock, "1", "cli")
    with pytest.raises(TypeError, match="drafted beforehand"):
        database.write_now(lambda c: rotate(c, KnownKeys(), entry, author))
