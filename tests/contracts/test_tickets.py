"""What every ticket system promises, and that a ticket follows its change whatever happens."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from bot.errors import IntegrationError, Rejected, Throttled, Unreachable
from bot.model import (
    Change,
    ChangeResult,
    ChangeState,
    ChangeType,
    TicketApproval,
    TicketState,
)
from bot.tickets import follower as following
from tests.contracts.faults import Fault
from tests.contracts.ticket_house import Dying, Killed, housed
from tests.contracts.ticket_vendors import PLAYED, played
from tests.databases import NOON, FixedClock

if TYPE_CHECKING:
    from bot.storage.database import Database
    from bot.tickets.follower import Follower

CORRELATION = "wardroom-chg-1-0123456789abcdef"
CHANGE = Change(
    number="CHG-1",
    service="lab-results",
    environment="production",
    summary="Deploy lab-results 1.4.2",
    requester="engineer",
    type=ChangeType.NORMAL,
    state=ChangeState.NEW,
    risk="medium",
    clinical_impact="results may be two minutes late",
    backout="rollback lab-results production",
    window_start=NOON,
    window_end=NOON + timedelta(hours=4),
    opened=NOON,
)
CLOSED = replace(
    CHANGE, state=ChangeState.CLOSED, result=ChangeResult.SUCCESSFUL, close_note="DEP-1: done"
)
names = pytest.mark.parametrize("name", PLAYED)


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait for nothing between two tries to read."""
    monkeypatch.setattr("bot.vendors.vendor.FIRST_WAIT", 0.0)
    monkeypatch.setattr("bot.vendors.vendor.LONGEST_WAIT", 0.0)


# --- the port


@names
async def test_a_ticket_is_found_by_our_correlation_and_by_nothing_else(name: str) -> None:
    async with played(name).playing() as (system, desk):
        assert await system.find(CORRELATION) is None
        made = await system.create(CHANGE, CORRELATION)
        assert desk.numbers() == [made.number]
        assert await system.find(CORRELATION) == made
        assert await system.read(made.number) == made
        assert made.number in made.url or "sys_id=" in made.url
        assert await system.find("wardroom-chg-2-0123456789abcdef") is None


@names
async def test_a_ticket_goes_as_far_as_its_change(name: str) -> None:
    async with played(name).playing() as (system, desk):
        number = (await system.create(CHANGE, CORRELATION)).number
        for state in (ChangeState.AWAITING_APPROVAL, ChangeState.SCHEDULED, ChangeState.IMPLEMENT):
            ticket = await system.update(number, replace(CHANGE, state=state))
            assert ticket.state is TicketState(state.value), ticket
            assert desk.state(number) is ticket.state
        closed = await system.close(number, CLOSED)
        assert closed.state is desk.state(number) is TicketState.CLOSED
        assert "DEP-1: done" in desk.words(number)
        # What has ended stays as it is, whatever is asked for.
        assert (await system.close(number, CLOSED)).state is TicketState.CLOSED
        assert (await system.update(number, CHANGE)).state is TicketState.CLOSED


@names
async def test_a_change_that_is_not_done_cancels_its_ticket(name: str) -> None:
    async with played(name).playing() as (system, desk):
        number = (await system.create(CHANGE, CORRELATION)).number
        ended = replace(CLOSED, state=ChangeState.CANCELLED, result=ChangeResult.NOT_IMPLEMENTED)
        assert (await system.close(number, ended)).state is TicketState.CANCELLED
        assert desk.state(number) is TicketState.CANCELLED


@names
async def test_what_the_approvers_there_say_is_read_back(name: str) -> None:
    async with played(name).playing() as (system, desk):
        number = (await system.create(CHANGE, CORRELATION)).number
        desk.approve(number)
        assert (await system.read(number)).approval is TicketApproval.APPROVED
        desk.reject(number)
        read = await system.read(number)
        rejected = read.approval is TicketApproval.REJECTED or read.state is TicketState.REJECTED
        assert rejected, read


@names
@pytest.mark.parametrize("number", ["CHG1/../../x", "", "CHG0030000?a=b", "CHG-1 OR 1=1"])
async def test_what_is_no_number_of_theirs_is_never_sent(name: str, number: str) -> None:
    async with played(name).playing() as (system, desk):
        with pytest.raises(Rejected):
            await system.read(number)
        assert desk.line.requests == []


@names
async def test_a_look_says_what_was_read(name: str) -> None:
    async with played(name).playing() as (system, _):
        assert await system.look()


@names
async def test_each_fault_has_a_sentence_of_its_own(name: str) -> None:
    told: dict[Fault, IntegrationError] = {}
    for fault in Fault:
        async with played(name).failing(fault) as system:
            with pytest.raises(IntegrationError) as caught:
                await system.find(CORRELATION)
        told[fault] = caught.value
    assert len({error.text for error in told.values()}) == len(Fault), told
    for error in told.values():
        assert error.text.endswith(".")
        assert len(error.text) < 400
    throttled = told[Fault.THROTTLED_UNTIL]
    assert isinstance(throttled, Throttled)
    assert throttled.seconds == 17
    for fault in (Fault.HANG, Fault.DOWN, Fault.BROKEN, Fault.CUT, Fault.PAGE):
        assert isinstance(told[fault], Unreachable), fault


# --- the follower


@names
async def test_a_ticket_is_opened_moved_and_closed_with_its_change(
    name: str, database: Database
) -> None:
    async with housed(name, database) as (house, desk):
        change = await house.open()
        row = await house.tickets.of(change.number)
        assert row is not None
        assert row.said == f"pending at {house.system.name}"
        await house.settle(1)
        (number,) = desk.numbers()
        assert desk.state(number) is TicketState.NEW
        await house.link(change.number, request="REQ-1")
        await house.link(change.number, approvers=["release-manager"])
        await house.settle(1)
        assert desk.state(number) is TicketState.SCHEDULED
        await house.link(change.number, deploy="DEP-1")
        await house.settle(1)
        assert desk.state(number) is TicketState.IMPLEMENT
        await house.close(change.number)
        await house.settle(1)
        assert desk.state(number) is TicketState.CLOSED
        assert desk.line.asked_to_open == 1
        row = await house.tickets.of(change.number)
        assert row is not None
        assert number in row.said
        verbs = [draft.verb for draft in house.ledger.drafts]
        assert verbs[0] == "ticket open"
        assert {draft.change for draft in house.ledger.drafts} == {change.number}


@names
async def test_a_ticket_whose_answer_was_lost_ends_as_one_ticket(
    name: str, database: Database
) -> None:
    async with housed(name, database) as (house, desk):
        change = await house.open()
        desk.line.loses = 1
        await house.settle(8)
        assert len(desk.numbers()) == desk.line.asked_to_open == 1
        row = await house.tickets.of(change.number)
        assert row is not None
        assert (row.number, row.shown) == (desk.numbers()[0], row.revision)


@names
async def test_a_ticket_that_never_came_to_be_is_asked_for_again_once_that_is_sure(
    name: str, database: Database
) -> None:
    async with housed(name, database) as (house, desk):
        await house.open()
        desk.line.drops = 1
        await house.settle(2)
        assert (len(desk.numbers()), desk.line.asked_to_open) == (0, 1), "it may still turn up"
        house.clock.turn(seconds=house.system.settles.total_seconds())
        await house.settle(2)
        assert (len(desk.numbers()), desk.line.asked_to_open) == (1, 2)


async def rounds(follower: Follower, clock: FixedClock) -> None:
    """Have a follower look a few times."""
    for _ in range(3):
        await follower.round()
        clock.turn(seconds=61)


@names
@pytest.mark.parametrize("method", ["find", "create", "update", "close", "read"])
@pytest.mark.parametrize("after", [False, True])
async def test_a_death_at_any_moment_leaves_one_ticket_that_arrives(
    name: str, database: Database, method: str, *, after: bool
) -> None:
    async with housed(name, database) as (house, desk):
        change = await house.open()
        if method in ("close", "read"):
            await house.settle(2)
        if method == "close":
            await house.close(change.number)
        else:
            await house.link(change.number, request="REQ-1")
        dying = house.follower(Dying(house.system, method, after=after))
        with pytest.raises(Killed):
            await rounds(dying, house.clock)
        house.clock.turn(seconds=following.LEASE.total_seconds() + 1)
        await house.settle(3, seconds=house.system.settles.total_seconds() + 1)
        (number,) = desk.numbers()
        wanted = TicketState.CLOSED if method == "close" else TicketState.AWAITING_APPROVAL
        assert desk.state(number) is wanted


@names
async def test_a_death_while_noting_what_was_done_leaves_one_ticket(
    name: str, database: Database
) -> None:
    async with housed(name, database) as (house, desk):
        await house.open()
        for nth in range(2):
            house.ledger.dies_at = nth
            with pytest.raises(Killed):
                await rounds(house.follower(), house.clock)
            house.clock.turn(seconds=following.LEASE.total_seconds() + 1)
        house.ledger.dies_at = None
        await house.settle(4, seconds=house.system.settles.total_seconds() + 1)
        assert len(desk.numbers()) == 1
        assert desk.line.asked_to_open == 1


@names
async def test_five_changes_at_once_have_five_tickets_with_two_replicas(
    name: str, database: Database
) -> None:
    async with housed(name, database) as (house, desk):
        changes = await asyncio.gather(*(house.open(correlation=f"c-{n}") for n in range(5)))
        one, other = house.follower(), house.follower()
        for _ in range(3):
            await asyncio.gather(one.round(), other.round())
            house.clock.turn(seconds=61)
        assert len(desk.numbers()) == desk.line.asked_to_open == 5
        rows = [await house.tickets.of(change.number) for change in changes]
        assert len({row.number for row in rows if row}) == 5


@names
async def test_after_hours_without_an_answer_everything_arrives_once_as_it_is_by_then(
    name: str, database: Database
) -> None:
    async with housed(name, database) as (house, desk):
        first = await house.open(correlation="c-1")
        await house.settle(1)
        desk.line.down = True
        await house.link(first.number, request="REQ-1", approvers=["release-manager"])
        second = await house.open(correlation="c-2")
        third = await house.open(correlation="c-3")
        follower = house.follower()
        for _ in range(40):
            await follower.round()
            house.clock.turn(minutes=7)
        row = await house.tickets.of(second.number)
        assert row is not None
        assert row.said.startswith(f"pending at {house.system.name}: ")
        assert not row.is_dead
        assert follower.trouble.startswith("no answer since")
        await house.link(first.number, deploy="DEP-1")
        await house.close(first.number)
        await house.close(third.number)
        desk.line.down = False
        house.clock.turn(minutes=6)
        await house.settle(3)
        assert follower.trouble
        await follower.round()
        assert len(desk.numbers()) == desk.line.asked_to_open == 3
        rows = [await house.tickets.of(one.number) for one in (first, second, third)]
        states = [desk.state(row.number) for row in rows if row]
        assert states == [TicketState.CLOSED, TicketState.NEW, TicketState.CLOSED]


@names
async def test_what_is_refused_for_a_day_is_given_up_visibly_and_tried_again_by_a_start(
    name: str, database: Database
) -> None:
    async with housed(name, database) as (house, desk):
        change = await house.open()
        desk.line.refuses = True
        follower = house.follower()
        for _ in range(30):
            await follower.round()
            house.clock.turn(hours=1.1)
        row = await house.tickets.of(change.number)
        assert row is not None
        assert row.is_dead
        assert "given up" in row.said
        assert "given up" in follower.trouble
        asked = desk.line.asked_to_open
        await follower.round()
        assert desk.line.asked_to_open == asked
        desk.line.refuses = False
        await house.tickets.revive(house.clock.now())
        await house.settle(2)
        assert len(desk.numbers()) == 1


@names
async def test_a_ticket_that_is_cancelled_there_cancels_the_change(
    name: str, database: Database
) -> None:
    async with housed(name, database) as (house, desk):
        change = await house.open()
        await house.link(change.number, approvers=["release-manager"])
        await house.settle(2)
        (number,) = desk.numbers()
        desk.cancel(number)
        await house.settle(2)
        ended = await house.register.show(change.number)
        assert ended is not None
        assert ended.state is ChangeState.CANCELLED
        assert ended.close_note == f"by {house.system.name}: {number} was cancelled there"
        (event,) = [one for one in house.ledger.drafts if one.verb == "ticket cancel"]
        assert event.text == ended.close_note
        assert desk.state(number) is TicketState.CANCELLED


@names
async def test_a_ticket_that_is_rejected_there_cancels_the_change(
    name: str, database: Database
) -> None:
    async with housed(name, database) as (house, desk):
        change = await house.open()
        await house.link(change.number, request="REQ-1")
        await house.settle(2)
        desk.reject(desk.numbers()[0])
        await house.settle(2)
        ended = await house.register.show(change.number)
        assert ended is not None
        assert ended.state is ChangeState.CANCELLED
        assert "rejected there" in ended.close_note


@names
async def test_nothing_that_looks_like_a_patient_leaves_in_a_ticket(
    name: str, database: Database
) -> None:
    async with housed(name, database) as (house, desk):
        await house.open(clinical_impact="results of NHS number 943 476 5919 may be late")
        await house.settle(2)
        words = desk.words(desk.numbers()[0])
        assert "943 476 5919" not in words
        assert "may be late" in words


@names
async def test_a_fault_of_ours_with_one_ticket_keeps_no_other_from_its_own(
    name: str, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with housed(name, database) as (house, desk):
        broken = await house.open(correlation="c-1")
        await house.open(correlation="c-2")
        show = house.register.show

        async def failing(number: str) -> Change | None:
            if number == broken.number:
                raise KeyError(number)
            return await show(number)

        monkeypatch.setattr(house.register, "show", failing)
        await house.follower().round()
        assert len(desk.numbers()) == 1
        row = await house.tickets.of(broken.number)
        assert row is not None
        assert "Wardroom itself failed (KeyError)" in row.said
