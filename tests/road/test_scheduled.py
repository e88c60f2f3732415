"""Deploys for later: a row that is started once, at its moment, or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.model import DeployState, Reason
from tests.house import Chat, opened, write_site
from tests.road.rival import Rival, jobs

ASK = 'deploy portal 1.4.2 to production --at "18:00" --reason quiet'
TEST = 'deploy portal 1.4.2 to test --at "18:00" --reason quiet'


async def scheduled(chat: Chat) -> str:
    """Ask for production at 18:00 and have it approved; returns its number."""
    asked = await chat.say(ASK)
    assert asked.request == "REQ-1", asked.text
    assert "18:00" in asked.text or "18:00" in asked.title
    await chat.say("approve REQ-1", as_="release-manager")
    deploy = await chat.house.stores.deploys.show("DEP-1")
    assert deploy is not None
    assert deploy.state is DeployState.SCHEDULED
    return deploy.id


async def state(chat: Chat) -> tuple[DeployState, Reason | None]:
    deploy = await chat.house.stores.deploys.show("DEP-1")
    assert deploy is not None
    return deploy.state, deploy.stop


async def test_a_scheduled_deploy_waits_as_a_row_and_holds_no_lock(chat: Chat) -> None:
    await scheduled(chat)
    await chat.house.schedule.look()
    assert chat.ci.triggered == []
    assert await chat.house.stores.deploys.holder("portal", "production") == ""
    listed = await chat.say("deploy list")
    assert listed.table is not None
    assert "scheduled" in listed.table.rows[0][4]
    other = await chat.say("deploy portal 1.4.2 to production --reason now")
    assert other.reason is Reason.PENDING_APPROVAL


async def test_it_survives_a_restart_and_starts_at_its_moment(site: Path) -> None:
    async with opened(site) as chat:
        await scheduled(chat)
        ci, clock = chat.ci, chat.clock
        clock.turn(hours=6, minutes=5)
    async with opened(site, ci, clock) as chat:
        await chat.house.schedule.look()
        ended = await chat.ended("DEP-1")
        assert ended.refs["state"] == "succeeded", ended.text
        assert ci.triggered == [("1.4.2", ())]
        assert (await chat.say("change show CHG-1")).refs["result"] == "successful"


async def test_what_was_missed_is_not_run_and_the_requester_is_told(site: Path) -> None:
    async with opened(site) as chat:
        await scheduled(chat)
        ci, clock = chat.ci, chat.clock
    clock.turn(hours=6, minutes=31)
    async with opened(site, ci, clock) as chat:
        await chat.house.schedule.look()
        assert await state(chat) == (DeployState.STOPPED, Reason.EXPIRED)
        assert ci.triggered == []
        told = await chat.card("DEP-1 missed")
        assert "was not run" in told.text
        assert (await chat.card("REQ-1")).reason is Reason.EXPIRED
        assert (await chat.say("change show CHG-1")).refs["result"] == "not_implemented"
        await chat.house.schedule.look()
        assert len(await chat.events(deploy="DEP-1", kind="ended")) == 1


@pytest.mark.thorough
async def test_an_environment_in_use_is_waited_for_within_the_grace(chat: Chat) -> None:
    await chat.say(TEST)
    lock = await chat.say("lock portal test --reason looking at logs", as_="engineer-2")
    assert lock.reason is Reason.OK, lock.text
    chat.clock.turn(hours=6, minutes=1)
    await chat.say("lock portal test --reason still looking", as_="engineer-2")
    await chat.house.schedule.look()
    assert (await state(chat))[0] is DeployState.SCHEDULED
    await chat.say("unlock portal test", as_="engineer-2")
    await chat.house.schedule.look()
    assert (await chat.ended("DEP-1")).refs["state"] == "succeeded"


async def test_a_scheduled_deploy_is_called_off_before_it_starts(chat: Chat) -> None:
    await scheduled(chat)
    said = await chat.say("deploy abort DEP-1 --reason the ward is full")
    assert said.reason is Reason.OK, said.text
    assert await state(chat) == (DeployState.STOPPED, Reason.CANCELLED)
    assert (await chat.say("change show CHG-1")).refs["result"] == "not_implemented"
    chat.clock.turn(hours=6, minutes=1)
    await chat.house.schedule.look()
    assert chat.ci.triggered == []


@pytest.mark.thorough
async def test_one_whose_change_was_closed_meanwhile_is_not_run_and_says_so(chat: Chat) -> None:
    await scheduled(chat)
    closed = await chat.say("change close CHG-1 not_implemented --note 'the vendor is ill'")
    assert closed.reason is Reason.OK, closed.text
    chat.clock.turn(hours=6, minutes=1)
    await chat.house.schedule.look()
    assert await state(chat) == (DeployState.STOPPED, Reason.CHANGE_REQUIRED)
    assert chat.ci.triggered == []
    assert "the vendor is ill" in (await chat.card("DEP-1 missed")).text


@pytest.mark.thorough
async def test_one_whose_change_was_closed_can_still_be_called_off(chat: Chat) -> None:
    await scheduled(chat)
    await chat.say("change close CHG-1 not_implemented --note ill")
    reply = await chat.say("deploy abort DEP-1 --reason ill")
    assert reply.reason is Reason.OK, reply.text
    assert (await state(chat))[0] is DeployState.STOPPED


@pytest.mark.thorough
async def test_approvals_bind_to_the_moment_that_was_asked_for(chat: Chat) -> None:
    await chat.say(ASK)
    request = await chat.house.stores.requests.show("REQ-1")
    assert request is not None
    assert request.proposal.values["at"] == "2026-11-22T18:00+00:00"
    assert request.proposal.facts["planned"] == "2026-11-22T18:00+00:00"
    chat.clock.turn(hours=1)
    await chat.say("approve REQ-1", as_="release-manager")
    assert (await state(chat))[0] is DeployState.SCHEDULED


@pytest.mark.thorough
async def test_a_moment_that_was_over_before_it_was_approved_is_not_run(chat: Chat) -> None:
    await chat.say('deploy portal 1.4.2 to production --at "in 1h" --reason quiet')
    chat.clock.turn(hours=2)
    await chat.say("approve REQ-1", as_="release-manager")
    assert (await chat.card("REQ-1")).reason is Reason.EXPIRED
    assert await chat.house.stores.deploys.show("DEP-1") is None


async def test_a_freeze_at_the_planned_moment_is_refused_when_it_is_asked_for(chat: Chat) -> None:
    add = 'freeze add "night shift" --from "in 5h" --until "in 8h" --environment production '
    added = await chat.say(f'{add}--reason "handover"', as_="release-manager")
    assert added.reason is Reason.OK, added.text
    assert (await chat.say(ASK)).reason is Reason.FROZEN


async def test_a_freeze_added_while_it_waits_stops_it_at_its_trigger(chat: Chat) -> None:
    await scheduled(chat)
    add = 'freeze add "night shift" --from "in 5h" --until "in 8h" --environment production '
    await chat.say(f'{add}--reason "handover"', as_="release-manager")
    chat.clock.turn(hours=6, minutes=1)
    await chat.house.schedule.look()
    await chat.ended("DEP-1")
    assert await state(chat) == (DeployState.STOPPED, Reason.FROZEN)
    assert chat.ci.triggered == []


async def test_a_tag_moved_while_it_waits_stops_it_at_its_trigger(chat: Chat) -> None:
    await scheduled(chat)
    chat.ci.moved["portal", "1.4.2"] = "f" * 40
    chat.clock.turn(hours=6, minutes=1)
    await chat.house.schedule.look()
    await chat.ended("DEP-1")
    assert await state(chat) == (DeployState.STOPPED, Reason.SUPERSEDED)
    assert chat.ci.triggered == []


async def test_an_approver_who_left_meanwhile_does_not_count_at_the_start(chat: Chat) -> None:
    await scheduled(chat)
    people = chat.settings.people
    people.write_text(people.read_text().replace('"release_manager"', '"service_desk"'))
    await chat.house.directory.look()
    chat.clock.turn(hours=6, minutes=1)
    await chat.house.schedule.look()
    await chat.ended("DEP-1")
    assert await state(chat) == (DeployState.STOPPED, Reason.NOT_AUTHORISED)
    assert chat.ci.triggered == []


@pytest.mark.postgres
@pytest.mark.crash
def test_two_replicas_start_a_due_deploy_once(postgres_url: str, tmp_path: Path) -> None:
    ward = write_site(tmp_path, postgres_url)
    one, other = Rival.start(ward), Rival.start(ward)
    for number in range(1, 4):
        line = 'deploy portal 1.4.2 to test --at "in 1h" --reason quiet'
        deploy = one.say(line)["deploy"]
        for rival in (one, other):
            rival.do("turn", seconds=3660)
        for rival in (one, other):
            rival.begin("start what is due")
        for rival in (one, other):
            rival.answer()
        assert one.do("wait", deploy=deploy)["ended"]
        assert one.say(f"deploy status {deploy}")["state"] == "succeeded"
        assert len(jobs(ward.parent)) == number
    assert other.say("audit verify")["reason"] == "ok"
    one.close()
    other.close()


async def test_one_that_somebodys_lock_kept_out_says_whose(chat: Chat) -> None:
    await chat.say(TEST)
    chat.clock.turn(hours=5)
    await chat.say("lock portal test --reason looking --for 8h", as_="engineer-2")
    chat.clock.turn(hours=1, minutes=31)
    await chat.house.schedule.look()
    assert await state(chat) == (DeployState.STOPPED, Reason.LOCKED)
    assert "engineer-2 held its environment" in (await chat.card("DEP-1 missed")).text
