"""What the ticket system's calendars say stops a deploy as a freeze of ours does."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace

import pytest

from bot.api import Wanted
from bot.deploys.gates import Asked, Moment
from bot.deploys.gates import blackouts as gate
from bot.deploys.gates.blackouts import CALENDARS, Blackouts, Strict
from bot.errors import Refused, Unreachable
from bot.model import (
    ChangeType,
    Draft,
    Event,
    Reason,
    TicketMapping,
)
from bot.ports import Grant, Recorded
from bot.stores import Following
from tests.contracts.test_tickets import CHANGE
from tests.databases import NOON, FixedClock
from tests.deploys.test_change_gate import PORTAL, OneChange
from tests.tickets.house_of_tickets import DEPLOY, brought, housed

ITEM = "27d32778c0a8000b00db970eeaa60f16"
MAPPING = TicketMapping(items={"portal": ITEM})
ROW = Following("CHG-1", "Sys", "c-1", 1, 1, NOON, NOON, number="CHG0030000")


@dataclass
class OneTicket:
    """A store of one ticket, and the system that it is in."""

    row: Following | None = ROW
    says: tuple[str, ...] | Exception | None = ()
    name: str = "Sys"
    texts: list[str] = field(default_factory=list)

    async def of(self, change: str) -> Following | None:
        return self.row if self.row and self.row.change == change else None

    async def conflicts(self, number: str) -> tuple[str, ...] | None:
        assert number == ROW.number
        await asyncio.sleep(0)
        if isinstance(self.says, Exception):
            raise self.says
        return self.says

    async def append(self, draft: Draft, *_: object) -> Recorded:
        self.texts.append(draft.text)
        return Recorded(Event(1, NOON, b"", b"", {}), ())


def asked(moment: Moment = Moment.TRIGGER, change: str = "CHG-1") -> Asked:
    wanted = Wanted(PORTAL, "production", "1.4.2", "now", change=change, requester="engineer")
    return Asked(wanted, "c" * 40, moment)


def made(one: OneTicket, **over: object) -> Blackouts:
    kept = {"tickets": one, "ledger": one, "changes": OneChange(CHANGE), "clock": FixedClock()}
    return Blackouts(**{"system": one, **kept, **over})  # type: ignore[arg-type] # what it asks is there


@pytest.mark.parametrize("kind", ["blackout", "parent_blackout", "child_blackout"])
@pytest.mark.parametrize("moment", Moment)
async def test_a_blackout_refuses_whenever_it_is_asked(kind: str, moment: Moment) -> None:
    one = OneTicket(says=(kind,))
    with pytest.raises(Refused, match=f"Sys CHG0030000: {kind.replace('_', ' ')}") as refused:
        await made(one)(asked(moment))
    assert refused.value.reason is Reason.FROZEN
    assert one.texts == [f"Sys CHG0030000: {kind.replace('_', ' ')}"]


async def test_outside_of_maintenance_is_said_and_refuses_where_the_settings_want_it() -> None:
    one = OneTicket(says=("not_in_maintenance_window", "ci_already_scheduled"))
    shown = await made(one)(asked())
    assert shown == ((CALENDARS, "Sys CHG0030000: not in maintenance window"),)
    with pytest.raises(Refused, match="not in maintenance window"):
        await made(one, strict=Strict(outside=True))(asked())


@pytest.mark.parametrize("says", [Unreachable("Sys did not answer."), ("not_checked",)])
async def test_what_cannot_be_told_is_said_as_unknown(
    says: tuple[str, ...] | Exception,
) -> None:
    one = OneTicket(says=says)
    shown = await made(one)(asked())
    assert shown is not None
    assert "not known now, which is not free" in shown[0][1]
    with pytest.raises(Refused, match="is not known") as refused:
        await made(one, strict=Strict(unknown=True))(asked())
    assert refused.value.reason is Reason.UNAVAILABLE


async def test_a_pending_ticket_is_unknown() -> None:
    one = OneTicket(row=replace(ROW, number="", trouble="Sys is away"))
    shown = await made(one)(asked())
    assert shown is not None
    assert "pending at Sys: Sys is away" in shown[0][1]


async def test_a_silent_system_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gate, "PATIENCE", 0.0)
    one = OneTicket()
    shown = await made(one)(asked())
    assert shown is not None
    assert "did not answer within" in shown[0][1]


async def test_a_blackout_that_was_known_holds_while_the_system_is_silent() -> None:
    one = OneTicket(row=replace(ROW, conflicts=("blackout",)), says=Unreachable("Sys is away."))
    with pytest.raises(Refused, match=r"Sys is away.*before that: blackout"):
        await made(one)(asked())


async def test_what_is_free_is_shown_to_approvers_and_recorded() -> None:
    one = OneTicket()
    shown = await made(one)(asked(Moment.REQUEST))
    assert shown == (
        (CALENDARS, "Sys CHG0030000: no blackout, not outside of a maintenance window"),
    )
    assert await made(one)(asked()) is None
    assert len(one.texts) == 2


async def test_an_emergency_passes_a_blackout_and_says_so() -> None:
    one = OneTicket(says=("blackout",))
    urgent = OneChange(replace(CHANGE, type=ChangeType.EMERGENCY))
    shown = await made(one, changes=urgent)(asked())
    assert shown is not None
    assert shown[0][1].endswith("passed by the emergency change CHG-1")
    assert one.texts == [shown[0][1]]


async def test_only_the_broken_glass_of_that_person_and_service_passes() -> None:
    one = OneTicket(says=("blackout",))
    grant = Grant(
        id="BG-1",
        person="engineer",
        service="portal",
        incident="INC-1",
        reason="r",
        since=NOON,
        until=NOON,
    )

    class Glass:
        def now(self, person: str, _: object) -> Grant | None:
            return grant if person == "engineer" else None

    shown = await made(one, glass=Glass())(asked())
    assert shown is not None
    assert shown[0][1].endswith("passed by BG-1 for INC-1")
    grant = replace(grant, service="lab-results")
    with pytest.raises(Refused):
        await made(one, glass=Glass())(asked())


@pytest.mark.parametrize(
    "one",
    [
        OneTicket(row=None),
        OneTicket(row=replace(ROW, system="Another")),
        OneTicket(says=None),
    ],
)
async def test_where_there_is_no_such_calendar_nothing_is_said(one: OneTicket) -> None:
    assert await made(one)(asked()) is None
    assert await made(one, system=None)(asked()) is None
    assert one.texts == []


async def test_a_blackout_that_came_after_the_approval_stops_the_deploy(
    site: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.tickets.follower.Follower.start", lambda _: None)
    async with housed(site, MAPPING) as (chat, instance):  # type: ignore[arg-type] # a path
        asked_for = await chat.say(DEPLOY)
        await brought(chat)
        shown = await chat.say(f"change show {asked_for.refs['change']}")
        assert dict(shown.fields)["Conflicts at ServiceNow"] == "not checked"
        await brought(chat)
        shown = await chat.say(f"change show {asked_for.refs['change']}")
        assert "Conflicts at ServiceNow" not in dict(shown.fields)
        instance.conflicts = [{"type": "blackout"}]
        approved = await chat.say(f"approve {asked_for.request}", as_="release-manager")
        ended = await chat.ended(approved.refs["deploy"])
        assert "falls into" in ended.text or "blackout" in ended.text, ended.text
        assert chat.ci.deploys == []
        events = await chat.events(verb="deploy ticket calendars")
        assert [event.data["text"] for event in events] == ["ServiceNow CHG0030000: blackout"]
        await brought(chat)


async def test_what_is_unknown_at_the_trigger_is_said_on_the_card(
    site: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.tickets.follower.Follower.start", lambda _: None)
    async with housed(site, MAPPING) as (chat, instance):  # type: ignore[arg-type] # a path
        instance.line.down = True
        asked_for = await chat.say(DEPLOY)
        approved = await chat.say(f"approve {asked_for.request}", as_="release-manager")
        ended = await chat.ended(approved.refs["deploy"])
        assert "succeeded" in ended.text
        (step,) = [step for step in ended.progress if step.label == CALENDARS]
        assert "not known now, which is not free (pending at ServiceNow" in step.detail
