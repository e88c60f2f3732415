"""What is kept outside tells a log that was cut, swapped or rewritten from one that grew."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest

from bot.audit.anchors import CheckpointFile, CheckpointRow, CosignerKey, Disagrees, Keeper, Witness
from bot.audit.anchors.anchor import Anchor
from bot.audit.anchors.keeper import summary
from bot.audit.keys import PrivateKey
from bot.audit.note import opened, unverified
from bot.errors import Conflict
from bot.storage.database import Database
from tests.audit.anchors.grown import KEY, Grown
from tests.audit.conftest import TurnedClock
from tests.fakes.witness import Witness as FakeWitness
from tests.serving import NO_TLS, served


def keeper(anchors: list[Anchor], log: Grown, clock: TurnedClock) -> tuple[Keeper, list[str]]:
    halted: list[str] = []
    return Keeper(anchors, log, clock, halted.append), halted


@pytest.fixture(params=["file", "database"])
def anchor(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Anchor]:
    if request.param == "file":
        yield CheckpointFile("disk", tmp_path / "checkpoint", 60)
        return
    database = Database.open(f"sqlite:///{tmp_path / 'elsewhere.db'}")
    yield CheckpointRow("twin", database, KEY.key.name, 60)
    database.close()


@asynccontextmanager
async def witnessed(fake: FakeWitness) -> AsyncIterator[Callable[[], Witness]]:
    """Serve a witness; yields what makes a client of it, as each start of the product does."""
    key = CosignerKey.parse(fake.key)
    async with served(fake.app) as url, httpx.AsyncClient(verify=NO_TLS) as client:
        yield lambda: Witness("w1", url, key, 60, client)


async def test_a_new_log_is_kept_from_its_first_event_on(
    anchor: Anchor, clock: TurnedClock
) -> None:
    log = Grown()
    kept, halted = keeper([anchor], log, clock)
    await kept.check()
    log.grow(3)
    await kept.look()
    held = await anchor.held()
    assert held is not None
    assert opened(held, [KEY.key]).size == 3
    log.grow(4)
    clock.turn(seconds=61)
    await kept.look()
    (state,) = kept.states
    assert (state.size, state.trouble, halted) == (7, "", [])
    again, _ = keeper([anchor], log, clock)
    await again.check()  # the next start finds what it left


@pytest.mark.parametrize(
    ("harm", "verdict"),
    [
        (lambda log: log.leaves.__delitem__(slice(5, None)), "ROLLBACK"),
        (lambda log: log.leaves.clear(), "ROLLBACK"),
        (lambda log: log.leaves.__setitem__(2, log.leaves[3]), "FORK"),
        (lambda log: log.leaves.insert(1, log.leaves[0]), "FORK"),
        (lambda log: setattr(log, "key", PrivateKey.new("other.example/audit")), "FORK"),
    ],
    ids=["cut", "emptied", "edited", "inserted", "another log"],
)
async def test_a_log_that_did_not_grow_from_what_was_kept_is_not_continued(
    anchor: Anchor, clock: TurnedClock, harm: Callable[[Grown], None], verdict: str
) -> None:
    log = Grown()
    kept, halted = keeper([anchor], log, clock)
    await kept.check()
    log.grow(9)
    await kept.look()
    before = await anchor.held()
    harm(log)
    fresh, _ = keeper([anchor], log, clock)
    with pytest.raises(Disagrees, match=verdict) as told:
        await fresh.check()
    assert told.value.verdict == verdict
    if log.leaves:
        clock.turn(seconds=61)
        await kept.look()
        assert verdict in halted[0], "also while it runs"
    assert await anchor.held() == before, "never put right from our database"


async def test_an_anchor_that_lost_its_checkpoint_is_not_filled_from_our_log(
    anchor: Anchor, clock: TurnedClock
) -> None:
    log = Grown()
    log.grow(5)
    kept, halted = keeper([anchor], log, clock)
    await kept.check()
    await kept.look()
    assert await anchor.held() is None
    assert "--begin" in kept.states[0].trouble
    assert halted == []
    await kept.begin()
    held = await anchor.held()
    assert held is not None
    assert kept.states[0].trouble == ""


async def test_of_two_who_keep_at_once_one_waits_for_its_next_turn(
    anchor: Anchor, clock: TurnedClock
) -> None:
    log = Grown()
    log.grow(2)
    note = await log.head()
    await anchor.keep(note, after=None, log=log)
    log.grow(2)
    newer = await log.head()
    await anchor.keep(newer, after=note, log=log)
    for after in (note, None):
        with pytest.raises(Conflict):
            await anchor.keep(newer, after=after, log=log)


async def test_a_volume_that_is_not_mounted_is_no_empty_anchor(
    tmp_path: Path, clock: TurnedClock
) -> None:
    log = Grown()
    kept, halted = keeper(
        [CheckpointFile("gone", tmp_path / "gone" / "checkpoint", 60)], log, clock
    )
    await kept.check()
    log.grow(1)
    await kept.look()
    assert "there is no folder" in kept.states[0].trouble
    assert halted == []


async def test_what_is_no_checkpoint_is_left_alone(tmp_path: Path, clock: TurnedClock) -> None:
    file = tmp_path / "checkpoint"
    file.write_text("milk, bread")
    log = Grown()
    log.grow(1)
    kept, _ = keeper([CheckpointFile("disk", file, 60)], log, clock)
    await kept.check()
    await kept.look()
    assert "no checkpoint" in kept.states[0].trouble
    assert file.read_text() == "milk, bread"


async def test_a_witness_signs_what_grew(clock: TurnedClock) -> None:
    log = Grown()
    fake = FakeWitness("witness.example/w1", str(KEY.key))
    async with witnessed(fake) as witness:
        first = witness()
        kept, halted = keeper([first], log, clock)
        for count in (1, 6, 300):
            log.grow(count)
            clock.turn(seconds=61)
            await kept.look()
        assert (fake.size, kept.states[0].size, halted) == (307, 307, [])
        assert unverified(first.cosigned).size == 307
        assert first.cosigned.count("\u2014 ") == 2
        # The next start does not know what the witness has, and is told.
        log.grow(1)
        again, _ = keeper([witness()], log, clock)
        await again.look()
        assert fake.size == 308


@pytest.mark.parametrize("restarted", [False, True])
async def test_a_witness_finds_a_rollback_and_a_fork(clock: TurnedClock, restarted: bool) -> None:  # noqa: FBT001 - a case
    log = Grown()
    fake = FakeWitness("witness.example/w1", str(KEY.key))
    async with witnessed(fake) as witness:
        log.grow(20)
        kept, halted = keeper([witness()], log, clock)
        await kept.look()
        whole = list(log.leaves)
        for harmed, verdict in ((whole[:12], "ROLLBACK"), ([whole[1], *whole[1:]], "FORK")):
            log.leaves = [*harmed]
            if restarted:
                kept, halted = keeper([witness()], log, clock)
            clock.turn(seconds=61)
            await kept.look()
            assert verdict in halted[-1]
        log.leaves = [whole[1], *whole[1:]]
        log.grow(5)
        clock.turn(seconds=61)
        kept, halted = keeper([witness()], log, clock)
        await kept.look()
        assert "FORK" in halted[-1], "also where it grew on"
        assert fake.size == 20


async def test_a_witness_that_does_not_sign_is_trouble_and_no_alarm(clock: TurnedClock) -> None:
    log = Grown()
    log.grow(3)
    stranger = FakeWitness("witness.example/w1", str(PrivateKey.new(KEY.key.name).key))
    unknown = FakeWitness("witness.example/w2", str(PrivateKey.new("other.example").key))
    silent = FakeWitness("witness.example/w3", str(KEY.key))
    silent.is_silent = True
    for fake, said in ((stranger, "audit keys"), (unknown, "have to add it"), (silent, "503")):
        async with witnessed(fake) as witness:
            kept, halted = keeper([witness()], log, clock)
            await kept.look()
        assert said in kept.states[0].trouble
        assert halted == []


async def test_a_signature_of_another_key_does_not_count(clock: TurnedClock) -> None:
    log = Grown()
    log.grow(3)
    fake = FakeWitness("witness.example/w1", str(KEY.key))
    other = CosignerKey.parse(FakeWitness("witness.example/w1", str(KEY.key)).key)
    async with served(fake.app) as url, httpx.AsyncClient(verify=NO_TLS) as client:
        kept, _ = keeper([Witness("w1", url, other, 60, client)], log, clock)
        await kept.look()
    assert "without a signature of its key" in kept.states[0].trouble


def test_a_witness_key_that_is_none_is_refused() -> None:
    for text in ("", "name", "a+00000000+AAAA", str(KEY.key)):
        with pytest.raises(ValueError, match="witness"):
            CosignerKey.parse(text)


async def test_people_read_when_by_whom_and_what_not(tmp_path: Path, clock: TurnedClock) -> None:
    log = Grown()
    anchors: list[Anchor] = [
        CheckpointFile("disk", tmp_path / "checkpoint", 60),
        CheckpointFile("gone", tmp_path / "gone" / "checkpoint", 60),
    ]
    kept, _ = keeper(anchors, log, clock)
    assert "Not anchored" in summary(kept.states, 0, clock.now())
    await kept.check()
    log.grow(7)
    await kept.look()
    clock.turn(seconds=42)
    assert summary(kept.states, 7, clock.now()) == "Last anchored 42 s ago by 1 of 2."
    assert summary(kept.states, 9, clock.now()) == (
        "Last anchored 42 s ago by 1 of 2; events 8 to 9 are not anchored yet."
    )
    assert "nowhere" in summary((), 9, clock.now())
