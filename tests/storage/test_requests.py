"""A request ends exactly once, and only in time."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from bot.errors import Conflict
from bot.model import Approval, Reason, RequestState
from bot.storage.requests import SqlRequests
from tests.databases import NOON
from tests.storage.samples import ASKED, DIGEST

if TYPE_CHECKING:
    from bot.storage.database import Database

LATER = NOON + timedelta(minutes=2)


def yes(person: str = "release-manager", *, after: timedelta = timedelta(minutes=2)) -> Approval:
    return Approval(person, ("release_manager",), NOON + after)


@pytest.fixture
def requests(database: Database) -> SqlRequests:
    return SqlRequests(database)


async def test_requests_are_numbered_from_one_and_read_back_as_they_were(
    database: Database, requests: SqlRequests
) -> None:
    first = await database.write(requests.open(replace(ASKED, id="REQ-77")))
    second = await database.write(requests.open(ASKED))
    assert (first.id, second.id) == ("REQ-1", "REQ-2")
    assert await requests.show("REQ-1") == replace(ASKED, id="REQ-1")
    assert [request.id for request in await requests.pending()] == ["REQ-2", "REQ-1"]


@pytest.mark.parametrize("other", ["REQ-2", "REQ-0", "REQ-01", "REQ-", "req-1", "DEP-1", "1", ""])
async def test_an_id_that_was_never_given_is_nothing(
    database: Database, requests: SqlRequests, other: str
) -> None:
    await database.write(requests.open(ASKED))
    assert await requests.show(other) is None
    with pytest.raises(Conflict, match="there is no request") as missing:
        await database.write(requests.approve(other, DIGEST, yes()))
    assert missing.value.reason is Reason.NOT_FOUND


async def test_a_number_is_not_given_to_two_requests_that_open_at_once(
    database: Database, requests: SqlRequests
) -> None:
    opened = await asyncio.gather(
        *(asyncio.to_thread(database.write_now, requests.open(ASKED)) for _ in range(12))
    )
    assert sorted(int(request.id[4:]) for request in opened) == list(range(1, 13))


async def test_what_a_lost_transaction_opened_was_never_there(
    database: Database, requests: SqlRequests
) -> None:
    def lose(tx: object) -> None:
        requests.open(ASKED)(tx)  # type: ignore[arg-type]  # the connection is a transaction
        raise Conflict("no")

    with pytest.raises(Conflict):
        await database.write(lose)
    assert await requests.show("REQ-1") is None


async def test_approvals_add_up_in_the_order_they_were_given(
    database: Database, requests: SqlRequests
) -> None:
    await database.write(requests.open(ASKED))
    second = yes("safety-officer", after=timedelta(minutes=5))
    await database.write(requests.approve("REQ-1", DIGEST, second))
    approved = await database.write(requests.approve("REQ-1", DIGEST, yes()))
    assert approved.approvals == (second, yes())
    shown = await requests.show("REQ-1")
    assert shown is not None
    assert shown.approvals == (yes(), second)
    assert shown.state is RequestState.PENDING


async def test_one_person_counts_once(database: Database, requests: SqlRequests) -> None:
    await database.write(requests.open(ASKED))
    await database.write(requests.approve("REQ-1", DIGEST, yes()))
    with pytest.raises(Conflict, match="one person counts once") as twice:
        await database.write(requests.approve("REQ-1", DIGEST, yes()))
    assert twice.value.reason is Reason.DUPLICATE
    shown = await requests.show("REQ-1")
    assert shown is not None
    assert len(shown.approvals) == 1


async def test_an_approval_of_another_proposal_does_not_count(
    database: Database, requests: SqlRequests
) -> None:
    await database.write(requests.open(ASKED))
    with pytest.raises(Conflict, match="proposed anew") as outdated:
        await database.write(requests.approve("REQ-1", "00" * 32, yes()))
    assert outdated.value.reason is Reason.SUPERSEDED


@pytest.mark.parametrize(
    ("decision", "reason", "sentence"),
    [
        (
            {"state": RequestState.REJECTED, "by": "release-manager", "why": "full wards"},
            Reason.REJECTED,
            (
                "was rejected by release-manager at 2026-11-22 12:02 UTC: full wards; "
                "ask again with a new deploy"
            ),
        ),
        (
            {"state": RequestState.CANCELLED, "by": "engineer"},
            Reason.CANCELLED,
            "was cancelled by engineer at 2026-11-22 12:02 UTC; ask again with a new deploy",
        ),
        (
            {"state": RequestState.SUPERSEDED, "by": "", "why": "REQ-2 is for 1.4.3"},
            Reason.SUPERSEDED,
            (
                "was superseded at 2026-11-22 12:02 UTC: REQ-2 is for 1.4.3; "
                "ask again with a new deploy"
            ),
        ),
        (
            {"state": RequestState.APPROVED, "by": "release-manager"},
            Reason.DUPLICATE,
            "was approved at 2026-11-22 12:02 UTC; there is nothing left to decide",
        ),
    ],
)
async def test_what_ended_says_how_and_stays_ended(
    database: Database, decision: dict[str, Any], reason: Reason, sentence: str
) -> None:
    requests = SqlRequests(database)
    await database.write(requests.open(ASKED))
    ended = await database.write(requests.end("REQ-1", at=LATER, **decision))
    assert (ended.state, ended.decided_at) == (decision["state"], LATER)
    assert (ended.decided_by, ended.why) == (decision["by"], decision.get("why", ""))
    later = LATER + timedelta(minutes=1)
    for attempt in (
        requests.approve("REQ-1", DIGEST, replace(yes(), at=later)),
        requests.end("REQ-1", RequestState.CANCELLED, by="engineer", at=later),
        requests.end("REQ-1", RequestState.EXPIRED, by="", at=ASKED.expires),
    ):
        with pytest.raises(Conflict) as refused:
            await database.write(attempt)
        assert (refused.value.reason, refused.value.text) == (reason, f"REQ-1 {sentence}")
    assert await requests.show("REQ-1") == ended


@pytest.mark.parametrize("swept", [False, True])
async def test_once_its_time_is_over_nobody_can_decide_it(
    database: Database, requests: SqlRequests, *, swept: bool
) -> None:
    await database.write(requests.open(ASKED))
    over = ASKED.expires
    if swept:
        await database.write(requests.end("REQ-1", RequestState.EXPIRED, by="", at=over))
    decisions = [
        requests.approve("REQ-1", DIGEST, replace(yes(), at=over)),
        requests.end("REQ-1", RequestState.APPROVED, by="release-manager", at=over),
        requests.end("REQ-1", RequestState.REJECTED, by="release-manager", at=over),
        requests.end("REQ-1", RequestState.CANCELLED, by="engineer", at=over),
    ]
    for decision in decisions:
        with pytest.raises(Conflict) as refused:
            await database.write(decision)
        assert refused.value.reason is Reason.EXPIRED
        assert refused.value.text == (
            "REQ-1 expired at 2026-11-22 16:00 UTC and was not run; ask again with a new deploy"
        )
    assert (await requests.pending() == []) is swept


async def test_a_moment_before_its_time_is_over_it_can_still_be_approved(
    database: Database, requests: SqlRequests
) -> None:
    await database.write(requests.open(ASKED))
    last = ASKED.expires - timedelta(microseconds=1)
    await database.write(requests.approve("REQ-1", DIGEST, replace(yes(), at=last)))
    await database.write(requests.end("REQ-1", RequestState.APPROVED, by="", at=last))


async def test_it_does_not_expire_early(database: Database, requests: SqlRequests) -> None:
    await database.write(requests.open(ASKED))
    early = requests.end("REQ-1", RequestState.EXPIRED, by="", at=LATER)
    with pytest.raises(Conflict, match=r"expires at 2026-11-22 16:00 UTC; it can still be decided"):
        await database.write(early)


async def test_the_day_is_said_when_it_is_another_one(
    database: Database, requests: SqlRequests
) -> None:
    await database.write(requests.open(ASKED))
    tomorrow = replace(yes(), at=NOON + timedelta(days=1))
    with pytest.raises(Conflict, match=r"expired at 2026-11-22 16:00 UTC"):
        await database.write(requests.approve("REQ-1", DIGEST, tomorrow))


async def test_due_are_the_pending_ones_whose_time_is_over(
    database: Database, requests: SqlRequests
) -> None:
    for hours in (6, 1, 2, 3):
        await database.write(requests.open(replace(ASKED, expires=NOON + timedelta(hours=hours))))
    await database.write(requests.end("REQ-2", RequestState.CANCELLED, by="", at=NOON))
    assert await requests.due(NOON + timedelta(hours=3)) == ["REQ-3", "REQ-4"]
    assert await requests.due(NOON + timedelta(hours=3), limit=1) == ["REQ-3"]


async def test_pending_can_be_one_persons_and_is_limited(
    database: Database, requests: SqlRequests
) -> None:
    for person in ("engineer", "engineer-2", "engineer"):
        await database.write(requests.open(replace(ASKED, requester=person)))
    assert [r.id for r in await requests.pending(requester="engineer")] == ["REQ-3", "REQ-1"]
    assert [r.id for r in await requests.pending(limit=2)] == ["REQ-3", "REQ-2"]


async def test_a_time_without_its_zone_is_not_stored(
    database: Database, requests: SqlRequests
) -> None:
    naive = replace(ASKED, expires=ASKED.expires.replace(tzinfo=None))
    with pytest.raises(Exception, match="needs its zone"):
        await database.write(requests.open(naive))


def test_a_new_request_is_pending_and_ends_as_something_else(requests: SqlRequests) -> None:
    with pytest.raises(ValueError, match="pending"):
        requests.open(replace(ASKED, state=RequestState.APPROVED))
    with pytest.raises(ValueError, match="pending is not an end"):
        requests.end("REQ-1", RequestState.PENDING, by="", at=NOON)


async def test_what_still_waits_is_read_in_a_transaction_and_what_has_ended_says_how(
    database: Database, requests: SqlRequests
) -> None:
    await database.write(requests.open(ASKED))
    await database.write(requests.approve("REQ-1", DIGEST, yes()))
    still = await database.write(requests.still("REQ-1", LATER))
    assert [one.person for one in still.approvals] == ["release-manager"]
    await database.write(requests.end("REQ-1", RequestState.CANCELLED, by="engineer", at=LATER))
    with pytest.raises(Conflict) as ended:
        await database.write(requests.still("REQ-1", LATER))
    assert ended.value.reason is Reason.CANCELLED
