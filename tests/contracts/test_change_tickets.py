"""What every change register promises, whoever keeps it."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.errors import BadInput, Conflict
from bot.model import Change, ChangeResult, ChangeState, ChangeType, NewChange, Reason
from bot.ports import ChangeTickets, Effect
from bot.storage.changes import ChangeRegister
from bot.storage.database import Database
from tests.databases import NOON, FixedClock

NEW = NewChange(
    service="lab-results",
    environment="production",
    summary="Deploy lab-results 1.4.2",
    requester="engineer",
    clinical_impact="results may be up to two minutes late",
    backout="rollback lab-results production",
    version="1.4.2",
)
HOUR = timedelta(hours=1)


class Register:
    """A provider with the transaction that its effects need."""

    def __init__(self, tickets: ChangeTickets, database: Database, clock: FixedClock) -> None:
        self.tickets = tickets
        self.clock = clock
        self._database = database

    async def do(self, effect: Effect[Change]) -> Change:
        return await asyncio.to_thread(self._database.write_now, effect)

    async def try_(self, effect: Effect[Change | None]) -> Change | None:
        return await asyncio.to_thread(self._database.write_now, effect)

    async def open(self, new: NewChange = NEW) -> Change:
        return await self.do(self.tickets.open(new))


@pytest.fixture(params=["built in"])
def register(request: pytest.FixtureRequest, database: Database) -> Register:
    clock = FixedClock()
    providers = {"built in": ChangeRegister(database, clock)}
    return Register(providers[request.param], database, clock)


async def test_an_opened_change_says_everything_that_was_given(register: Register) -> None:
    opened = await register.open()
    assert opened == Change(
        number=opened.number,
        service="lab-results",
        environment="production",
        summary="Deploy lab-results 1.4.2",
        requester="engineer",
        type=ChangeType.NORMAL,
        state=ChangeState.NEW,
        risk="medium",
        clinical_impact="results may be up to two minutes late",
        backout="rollback lab-results production",
        window_start=NOON,
        window_end=NOON + 4 * HOUR,
        opened=NOON,
        version="1.4.2",
    )
    assert await register.tickets.show(opened.number) == opened


async def test_a_window_that_is_given_is_kept(register: Register) -> None:
    start = NOON + 20 * HOUR
    given = await register.open(replace(NEW, window_start=start, window_end=start + HOUR))
    assert (given.window_start, given.window_end) == (start, start + HOUR)
    begun = await register.open(replace(NEW, window_start=start))
    assert (begun.window_start, begun.window_end) == (start, start + 4 * HOUR)


async def test_a_window_that_ends_before_it_starts_is_refused(register: Register) -> None:
    with pytest.raises(BadInput, match="ends before it starts"):
        await register.open(replace(NEW, window_end=NOON))
    assert await register.tickets.list() == []


async def test_the_same_correlation_opens_one_change(register: Register) -> None:
    wanted = replace(NEW, correlation="c-1")
    opened = await asyncio.gather(*(register.open(wanted) for _ in range(5)))
    assert len({change.number for change in opened}) == 1
    assert (await register.open(replace(NEW, correlation="c-2"))).number != opened[0].number
    assert len(await register.tickets.list()) == 2


async def test_changes_without_a_correlation_are_all_different(register: Register) -> None:
    assert (await register.open()).number != (await register.open()).number


async def test_a_change_goes_forward_with_what_it_is_linked_to(register: Register) -> None:
    number = (await register.open()).number
    tickets = register.tickets
    asked = await register.do(tickets.link(number, request="REQ-1"))
    assert asked.state is ChangeState.AWAITING_APPROVAL
    approved = await register.do(tickets.link(number, approvers=["release-manager"]))
    assert approved.state is ChangeState.SCHEDULED
    begun = await register.do(
        tickets.link(number, deploy="DEP-1", approvers=["safety-officer", "release-manager"])
    )
    assert begun.state is ChangeState.IMPLEMENT
    assert (begun.request, begun.deploy) == ("REQ-1", "DEP-1")
    assert begun.approvers == ("release-manager", "safety-officer")
    again = await register.do(tickets.link(number, request="REQ-2"))
    assert again == replace(begun, request="REQ-2")
    assert await tickets.show(number) == again


async def test_a_standard_change_is_authorised_when_it_opens(register: Register) -> None:
    opened = await register.open(replace(NEW, type=ChangeType.STANDARD))
    assert opened.state is ChangeState.SCHEDULED
    linked = await register.do(register.tickets.link(opened.number, request="REQ-1"))
    assert linked.state is ChangeState.SCHEDULED


@pytest.mark.parametrize("result", list(ChangeResult))
async def test_a_change_in_implementation_closes_with_its_result(
    register: Register, result: ChangeResult
) -> None:
    number = (await register.open()).number
    await register.do(register.tickets.link(number, deploy="DEP-1"))
    register.clock.turn(minutes=9)
    closed = await register.do(register.tickets.close(number, result, "1.4.2 answers"))
    assert (closed.state, closed.result) == (ChangeState.CLOSED, result)
    assert (closed.close_note, closed.closed) == ("1.4.2 answers", NOON + timedelta(minutes=9))
    assert await register.tickets.show(number) == closed


async def test_a_change_that_was_never_begun_is_cancelled(register: Register) -> None:
    number = (await register.open()).number
    note = "REQ-1 did not run"
    closed = await register.do(register.tickets.close(number, ChangeResult.NOT_IMPLEMENTED, note))
    assert closed.state is ChangeState.CANCELLED
    with pytest.raises(
        Conflict, match=rf"{number} was cancelled at 2026-11-22 12:00 UTC as not implemented"
    ):
        await register.do(register.tickets.close(number, ChangeResult.SUCCESSFUL, ""))


async def test_a_change_closes_once_and_says_how_it_did(register: Register) -> None:
    number = (await register.open()).number
    first = await register.do(register.tickets.close(number, ChangeResult.ROLLED_BACK, "1.4.1"))
    with pytest.raises(Conflict) as twice:
        await register.do(register.tickets.close(number, ChangeResult.SUCCESSFUL, "fine"))
    assert twice.value.reason is Reason.DUPLICATE
    assert twice.value.text == f"{number} was closed at 2026-11-22 12:00 UTC as rolled back: 1.4.1"
    with pytest.raises(Conflict) as linked:
        await register.do(register.tickets.link(number, deploy="DEP-2"))
    assert linked.value.reason is Reason.CHANGE_REQUIRED
    assert await register.tickets.show(number) == first


async def test_of_two_that_close_it_at_once_one_does(register: Register) -> None:
    number = (await register.open()).number

    async def close(result: ChangeResult) -> Reason:
        try:
            await register.do(register.tickets.close(number, result, ""))
        except Conflict as conflict:
            return conflict.reason
        return Reason.OK

    closed = await asyncio.gather(close(ChangeResult.SUCCESSFUL), close(ChangeResult.FAILED))
    assert sorted(closed) == [Reason.DUPLICATE, Reason.OK]


async def test_a_change_that_was_never_opened_is_nothing(register: Register) -> None:
    number = (await register.open()).number
    other = f"{number}9"
    assert await register.tickets.show(other) is None
    for effect in (
        register.tickets.link(other, request="REQ-1"),
        register.tickets.close(other, ChangeResult.FAILED, ""),
    ):
        with pytest.raises(Conflict, match=f"there is no change {other}") as missing:
            await register.do(effect)
        assert missing.value.reason is Reason.NOT_FOUND


async def test_the_list_is_newest_first_and_of_open_ones_unless_asked(register: Register) -> None:
    numbers = [
        (await register.open(replace(NEW, service=service))).number
        for service in ("portal", "lab-results", "portal")
    ]
    await register.do(register.tickets.close(numbers[2], ChangeResult.FAILED, ""))
    tickets = register.tickets
    assert [c.number for c in await tickets.list()] == [numbers[1], numbers[0]]
    assert [c.number for c in await tickets.list(service="portal")] == [numbers[0]]
    everything = await tickets.list(open_only=False, limit=2)
    assert [c.number for c in everything] == [numbers[2], numbers[1]]


async def windowed(register: Register, start: int, end: int, **over: str) -> str:
    """Open a change with a window so many hours from noon; returns its number."""
    window = {"window_start": NOON + start * HOUR, "window_end": NOON + end * HOUR}
    return (await register.open(replace(NEW, **window, **over))).number  # type: ignore[arg-type] # texts and moments by name


@pytest.mark.parametrize(
    ("start", "end", "meets"),
    [
        (1, 2, True),  # inside of it
        (-1, 9, True),  # around it
        (-1, 1, True),
        (3, 9, True),
        (0, 4, True),
        (-2, 0, False),  # ends as it begins
        (4, 6, False),  # begins as it ends
        (5, 6, False),
    ],
)
async def test_windows_overlap_where_they_share_a_moment(
    register: Register, start: int, end: int, *, meets: bool
) -> None:
    number = await windowed(register, 0, 4)
    found = await register.tickets.overlapping(NOON + start * HOUR, NOON + end * HOUR)
    assert [change.number for change in found] == ([number] if meets else [])


async def test_what_overlaps_comes_in_the_order_in_which_it_begins(register: Register) -> None:
    late = await windowed(register, 3, 5)
    early = await windowed(register, 1, 2)
    same = await windowed(register, 3, 4)
    found = await register.tickets.overlapping(NOON, NOON + 9 * HOUR)
    assert [change.number for change in found] == [early, late, same]


async def test_what_overlaps_is_of_the_services_that_are_named(register: Register) -> None:
    own = await windowed(register, 0, 4)
    other = await windowed(register, 0, 4, service="portal")
    await windowed(register, 0, 4, service="pacs")
    end = NOON + HOUR
    named = await register.tickets.overlapping(NOON, end, services=["portal", "lab-results"])
    assert {change.number for change in named} == {own, other}
    assert len(await register.tickets.overlapping(NOON, end)) == 3
    assert await register.tickets.overlapping(NOON, end, services=["adt-feed"]) == []


async def test_what_is_closed_overlaps_all_the_same_and_says_that_it_is(register: Register) -> None:
    number = await windowed(register, 0, 4)
    await register.do(register.tickets.close(number, ChangeResult.NOT_IMPLEMENTED, "ill"))
    (found,) = await register.tickets.overlapping(NOON, NOON + HOUR)
    assert (found.number, found.state) == (number, ChangeState.CANCELLED)


async def test_a_remark_is_kept_while_a_change_is_open_and_not_after(register: Register) -> None:
    opened = await register.open()
    remark = register.tickets.remark
    await register.try_(remark(opened.number, "nobody validated it"))
    shown = await register.tickets.show(opened.number)
    assert shown is not None
    assert shown.close_note == "nobody validated it"
    await register.do(register.tickets.close(opened.number, ChangeResult.FAILED, "it failed"))
    assert await register.try_(remark(opened.number, "too late")) is None
    shown = await register.tickets.show(opened.number)
    assert shown is not None
    assert shown.close_note == "it failed"
