"""Whatever is tried in whatever order, at once or one by one, a request ends exactly once."""

from __future__ import annotations

import asyncio
import random
import shutil
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from sqlalchemy import text

from bot.audit.log import AuditLog
from bot.errors import Conflict
from bot.model import Approval, Draft, Kind, Reason, Request, RequestState
from bot.ports import Effect, Transaction
from bot.storage.database import Database
from bot.storage.requests import SqlRequests
from tests.databases import NOON, FixedClock
from tests.examples import examples
from tests.signing import KnownKeys
from tests.storage.samples import ASKED, DIGEST

PEOPLE = ("release-manager", "safety-officer", "engineer-2")
REPLICAS = 3
ENDS = {
    RequestState.APPROVED: Reason.DUPLICATE,
    RequestState.REJECTED: Reason.REJECTED,
    RequestState.EXPIRED: Reason.EXPIRED,
    RequestState.CANCELLED: Reason.CANCELLED,
    RequestState.SUPERSEDED: Reason.SUPERSEDED,
}
DECISIONS = [RequestState.REJECTED, RequestState.CANCELLED, RequestState.SUPERSEDED]


def approve(store: SqlRequests, request_id: str, person: str, clock: FixedClock) -> Effect[Request]:
    """An approval that approves the request when it is the second, as the road does it."""

    def effect(tx: Transaction) -> Request:
        approval = Approval(person, ("release_manager",), clock.now())
        request = store.approve(request_id, DIGEST, approval)(tx)
        if len(request.approvals) < 2:
            return request
        return store.end(request_id, RequestState.APPROVED, by=person, at=clock.now())(tx)

    return effect


class OneByOne(RuleBasedStateMachine):
    """A request and a model of it: every attempt must do, or be refused, as the model says."""

    template: Path

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        shutil.copy(self.template, self.folder / "wardroom.db")
        self.database = Database.open(f"sqlite:///{self.folder / 'wardroom.db'}")
        self.requests = SqlRequests(self.database)
        self.clock = FixedClock()
        self.database.write_now(self.requests.open(ASKED))
        self.state = RequestState.PENDING
        self.approvals: list[str] = []

    def teardown(self) -> None:
        self.database.close()
        shutil.rmtree(self.folder)

    @rule(minutes=st.sampled_from([1, 120, 239, 240]))
    def time_goes_by(self, minutes: int) -> None:
        self.clock.turn(minutes=minutes)

    @rule()
    def the_process_restarts(self) -> None:
        self.database.close()
        self.database = Database.open(f"sqlite:///{self.folder / 'wardroom.db'}")
        self.requests = SqlRequests(self.database)

    @rule(person=st.sampled_from(PEOPLE))
    def somebody_approves(self, person: str) -> None:
        counts = person not in self.approvals
        expected = self.refusal() or (None if counts else Reason.DUPLICATE)
        self.attempt(approve(self.requests, "REQ-1", person, self.clock), expected)
        if expected is None:
            self.approvals.append(person)
            if len(self.approvals) == 2:
                self.state = RequestState.APPROVED

    @rule(state=st.sampled_from(DECISIONS))
    def somebody_ends_it(self, state: RequestState) -> None:
        expected = self.refusal()
        at = self.clock.now()
        self.attempt(self.requests.end("REQ-1", state, by="engineer", at=at), expected)
        if expected is None:
            self.state = state

    @rule()
    def the_sweep_comes_by(self) -> None:
        at = self.clock.now()
        early = None if at >= ASKED.expires else Reason.FAILED
        expected = ENDS.get(self.state) or early
        self.attempt(self.requests.end("REQ-1", RequestState.EXPIRED, by="", at=at), expected)
        if expected is None:
            self.state = RequestState.EXPIRED

    def refusal(self) -> Reason | None:
        over = self.clock.now() >= ASKED.expires
        return ENDS.get(self.state) or (Reason.EXPIRED if over else None)

    def attempt(self, effect: Effect[Request], expected: Reason | None) -> None:
        reason = None
        try:
            self.database.write_now(effect)
        except Conflict as conflict:
            reason = conflict.reason
        assert reason is expected

    @invariant()
    def the_store_agrees(self) -> None:
        shown = asyncio.run(self.requests.show("REQ-1"))
        assert shown is not None
        assert shown.state is self.state
        assert sorted(a.person for a in shown.approvals) == sorted(self.approvals)
        assert (shown.decided_at is None) is (self.state is RequestState.PENDING)


def test_one_by_one_every_attempt_counts_or_is_refused_as_it_should(sqlite_template: Path) -> None:
    machine = type("Machine", (OneByOne,), {"template": sqlite_template})
    run_state_machine_as_test(
        machine, settings=settings(max_examples=examples(25), stateful_step_count=15, deadline=None)
    )


@pytest.fixture
async def replicas(database_url: str) -> AsyncIterator[list[tuple[AuditLog, SqlRequests]]]:
    """Three logs and stores on one database, as three processes have them."""
    opened = [Database.open(database_url) for _ in range(REPLICAS)]
    async with AsyncExitStack() as stack:
        yield [
            (
                await stack.enter_async_context(
                    AuditLog(
                        database,
                        clock=FixedClock(),
                        software="0",
                        replica=str(n),
                        keys=KnownKeys(),
                        deadline=20,
                    )
                ),
                SqlRequests(database),
            )
            for n, database in enumerate(opened)
        ]
    for database in opened:
        database.close()


async def test_at_once_and_on_three_replicas_it_ends_exactly_once(
    replicas: list[tuple[AuditLog, SqlRequests]],
) -> None:
    chance = random.Random(7)  # noqa: S311 - an order of attempts, not a secret
    for n in range(1, 9):
        await race(replicas, chance, f"REQ-{n}")


async def race(
    replicas: list[tuple[AuditLog, SqlRequests]], chance: random.Random, request_id: str
) -> None:
    """Approve, reject, cancel and expire one request at once; half of them see its time over."""
    log, requests = replicas[0]
    await log.append(draft(request_id), requests.open(ASKED))
    in_time = FixedClock(ASKED.expires - timedelta(microseconds=1))
    attempts: list[Callable[[SqlRequests], Effect[Request]]] = [
        *(lambda store, p=person: approve(store, request_id, p, in_time) for person in PEOPLE),
        lambda store: store.end(
            request_id, RequestState.REJECTED, by="safety-officer", at=in_time.now()
        ),
        lambda store: store.end(
            request_id, RequestState.CANCELLED, by="engineer", at=in_time.now()
        ),
        *(
            lambda store: store.end(request_id, RequestState.EXPIRED, by="", at=ASKED.expires)
            for _ in range(2)
        ),
    ]
    chance.shuffle(attempts)

    async def attempt(n: int) -> Request | Conflict:
        log, store = replicas[n % REPLICAS]
        try:
            recorded = await log.append(draft(request_id), attempts[n](store))
        except Conflict as conflict:
            return conflict
        (request,) = recorded.results
        assert isinstance(request, Request)
        return request

    ended = await asyncio.gather(*(attempt(n) for n in range(len(attempts))))
    final = await requests.show(request_id)
    assert final is not None
    winners = [
        one for one in ended if isinstance(one, Request) and one.state is not RequestState.PENDING
    ]
    assert [winner.state for winner in winners] == [final.state]
    assert final.state is not RequestState.PENDING
    if final.state is RequestState.APPROVED:
        assert len(final.approvals) == 2
    else:
        assert len(final.approvals) < 2
    losers = [one for one in ended if isinstance(one, Conflict)]
    assert {loser.reason for loser in losers} <= {ENDS[final.state], Reason.DUPLICATE}


def draft(request_id: str) -> Draft:
    return Draft(kind=Kind.ENDED, verb="approve", correlation="c-1", request=request_id)


@pytest.mark.postgres
async def test_an_approval_waits_for_a_rejection_that_is_still_being_written(
    postgres_url: str,
) -> None:
    database = Database.open(postgres_url)
    requests = SqlRequests(database)
    database.write_now(requests.open(ASKED))
    with database.engine.begin() as rejecting:
        requests.end("REQ-1", RequestState.REJECTED, by="safety-officer", at=NOON)(rejecting)
        late = approve(requests, "REQ-1", "release-manager", FixedClock())
        approving = asyncio.create_task(asyncio.to_thread(database.write_now, late))
        waiting = text("SELECT count(*) FROM pg_locks WHERE NOT granted")
        while not approving.done() and not rejecting.scalar(waiting):  # noqa: ASYNC110 - PostgreSQL sends no event
            await asyncio.sleep(0.01)
    with pytest.raises(Conflict, match="REQ-1 was rejected by safety-officer"):
        await approving
    shown = await requests.show("REQ-1")
    assert shown is not None
    assert shown.approvals == ()
    database.close()


async def test_the_event_and_the_ending_are_one(
    replicas: list[tuple[AuditLog, SqlRequests]],
) -> None:
    log, requests = replicas[1]
    recorded = await log.append(draft("REQ-1"), requests.open(replace(ASKED, expires=NOON)))
    with pytest.raises(Conflict):
        await log.append(
            draft("REQ-1"), requests.end("REQ-1", RequestState.APPROVED, by="x", at=NOON)
        )
    following = await log.append(
        draft("REQ-1"), requests.end("REQ-1", RequestState.EXPIRED, by="", at=NOON)
    )
    assert following.event.seq == recorded.event.seq + 1
