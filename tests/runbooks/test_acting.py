"""What changes something: one go, one typing, and nobody goes on from what is not known."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from bot.dispatch.turn import key_of
from bot.model import Reason, Reply, StepState
from bot.model.runs import RunbookRun, RunState
from tests.house import Chat, opened, write_site
from tests.runbooks.books import book, write

RUN = "runbook run late-results with service=portal"
BUILD = {"id": "again", "run": "ci run {{ service }} at 1.4.2"}
AFTER = {"id": "after", "manual": "Look at build {{ steps.again.build }}."}
BACK = {"id": "back", "run": 'deploy {{ service }} 1.4.2 production --reason "it is late"'}


def acting(folder: Path, *steps: dict[str, Any], name: str = "late-results") -> None:
    """Write a runbook of these steps."""
    made = book(name=name, steps=[*steps, {"id": "end_of_it", "manual": "Say that it is over."}])
    write(folder / "runbooks", made)


@pytest.fixture
def ward(launched_url: str, tmp_path: Path) -> Path:
    """The settings file of a house with a runbook that has CI build something."""
    (tmp_path / "runbooks").mkdir()
    acting(tmp_path, BUILD, AFTER)
    return write_site(tmp_path, launched_url, runbooks=["runbooks"])


@pytest.fixture
async def chat(ward: Path) -> AsyncIterator[Chat]:
    """A running house that a test types to."""
    async with opened(ward) as open_chat:
        yield open_chat


async def shown(chat: Chat, run_id: str = "RUN-1") -> RunbookRun:
    run = await chat.house.procedures.runs.show(run_id)
    assert run is not None
    return run


async def stands(chat: Chat, run_id: str = "RUN-1") -> Reply:
    """Wait until a run does nothing by itself any more; returns its message."""
    run = await shown(chat, run_id)
    assert await chat.house.engine.wait("runbook", f"{run_id}:{run.leg}", seconds=20)
    return await chat.card(run_id)


async def begun(chat: Chat, line: str = RUN, *, as_: str = "engineer") -> Reply:
    said = await chat.say(line, as_=as_)
    assert said.reason is Reason.OK, said.text
    return await stands(chat, said.refs["run"])


async def gone(chat: Chat, step: str = "again", *, as_: str = "engineer") -> Reply:
    """Say go to a step, and wait until the run needs somebody or something."""
    said = await chat.say(f"runbook go RUN-1 {step}", as_=as_)
    assert said.reason is Reason.OK, said.text
    return await stands(chat)


async def test_nothing_is_done_before_somebody_says_go_and_then_it_is_done_once(
    chat: Chat,
) -> None:
    card = await begun(chat)
    assert card.refs["state"] == RunState.WAITING
    (do_it,) = card.buttons
    assert (do_it.command, do_it.confirm) == (
        "runbook go RUN-1 again",
        'This types: ci run "portal" at 1.4.2',
    )
    assert chat.ci.jobs == []

    card = await gone(chat)
    assert "Look at build b1." in card.text
    assert len(chat.ci.jobs) == 1
    intent, outcome = await chat.events(verb="ci run")
    assert (intent.data["kind"], outcome.data["kind"]) == ("intent", "outcome")
    go = (await chat.events(verb="runbook go"))[-1]
    assert go.seq < intent.seq, "what is to be done was kept before it was done"
    assert (await chat.say("runbook go RUN-1 again")).reason is Reason.SUPERSEDED
    assert len(chat.ci.jobs) == 1


async def test_two_who_press_at_once_do_it_once(chat: Chat) -> None:
    await begun(chat)
    said = await asyncio.gather(*(chat.say("runbook go RUN-1 again") for _ in range(3)))
    await stands(chat)

    assert [one.reason for one in said].count(Reason.OK) == 1
    assert len(chat.ci.jobs) == 1


async def test_nobody_acts_with_the_rights_of_somebody_else(chat: Chat) -> None:
    await begun(chat)
    refused = await chat.say("runbook go RUN-1 again", as_="engineer-2")
    assert refused.reason is Reason.NOT_AUTHORISED
    assert "`runbook take-over RUN-1` first" in refused.text

    await chat.say("runbook take-over RUN-1", as_="engineer-2")
    await gone(chat, as_="engineer-2")
    intent, *_ = await chat.events(verb="ci run")
    assert json.loads(intent.body)["actor"]["person"] == "engineer-2"


async def test_its_roles_say_who_may_say_go(ward: Path, tmp_path: Path) -> None:
    acting(tmp_path, {**BUILD, "roles": ["incident_commander"]})
    async with opened(ward) as chat:
        await begun(chat)
        refused = await chat.say("runbook go RUN-1 again")
        assert refused.reason is Reason.NOT_AUTHORISED
        assert "said by a incident_commander" in refused.text
        await chat.say("runbook take-over RUN-1", as_="commander")
        assert (await chat.say("runbook go RUN-1 again", as_="commander")).reason is Reason.OK
        await stands(chat)


async def test_what_policy_refuses_stops_the_run_with_the_reason(
    ward: Path, tmp_path: Path
) -> None:
    acting(tmp_path, {**BUILD, "run": "ci run {{ service }} at 9.9.9"})
    async with opened(ward) as chat:
        await begun(chat)
        card = await gone(chat)
        assert card.refs["state"] == RunState.STOPPED
        assert "the repository has no tag" in card.text
        assert [button.command for button in card.buttons] == ["runbook resume RUN-1"]

        await chat.say("runbook resume RUN-1")
        assert (await stands(chat)).buttons[0].command == "runbook go RUN-1 again"
        assert len(await chat.events(verb="ci run")) == 2, "offered again, and not typed"


async def test_who_left_meanwhile_does_nothing(chat: Chat, tmp_path: Path) -> None:
    await begun(chat)
    people = json.loads((tmp_path / "people.yaml").read_text())
    run = await shown(chat)
    release = asyncio.Event()
    typed = chat.house.road.handle

    async def later(invocation: Any) -> Reply:
        if invocation.place.platform == "runbook":
            await release.wait()
        return await typed(invocation)

    chat.house.road.handle = later  # type: ignore[method-assign] # so that they leave right then
    assert (await chat.say("runbook go RUN-1 again")).reason is Reason.OK
    left = [one for one in people if one["id"] != "engineer"]
    (tmp_path / "people.yaml").write_text(json.dumps(left))
    await chat.house.directory.look()
    release.set()
    card = await stands(chat)

    assert run.person == "engineer"
    assert card.refs["state"] == RunState.STOPPED
    assert "I do not know whose account this is" in card.text
    assert chat.ci.jobs == []


async def test_a_run_waits_for_its_request_and_its_deploy_as_a_row(
    ward: Path, tmp_path: Path
) -> None:
    acting(tmp_path, BACK)
    async with opened(ward) as chat:
        await begun(chat)
        card = await gone(chat, "back")
        assert card.refs["state"] == RunState.PENDING
        assert "waits for REQ-1" in card.text
        assert chat.house.engine.running("runbook") == frozenset()
        await chat.house.procedures.awaiting.look()
        assert (await shown(chat)).state is RunState.PENDING

        approved = await chat.say("approve REQ-1", as_="release-manager")
        assert approved.reason is Reason.OK, approved.text
        assert (await chat.ended("DEP-1")).refs["deploy"] == "DEP-1"
        await asyncio.gather(*(chat.house.procedures.awaiting.look() for _ in range(3)))
        card = await stands(chat)
        run = await shown(chat)
        assert card.refs["step"] == "end_of_it"
        assert run.results[0].figures["deploy"] == "DEP-1"
        assert run.results[0].figures["state"] == "succeeded"
        assert len(chat.ci.deploys) == 1
        assert len(await chat.events(verb="runbook wake")) == 1


@pytest.mark.parametrize(
    ("line", "who", "says"),
    [
        ("reject REQ-1 --reason 'not now'", "release-manager", "REQ-1 was rejected"),
        pytest.param("cancel REQ-1", "engineer", "REQ-1 was cancelled", marks=pytest.mark.thorough),
        pytest.param("", "", "REQ-1 was expired", marks=pytest.mark.thorough),
    ],
)
async def test_a_request_that_ends_without_it_stops_the_run(
    ward: Path, tmp_path: Path, line: str, who: str, says: str
) -> None:
    acting(tmp_path, BACK)
    async with opened(ward) as chat:
        await begun(chat)
        await gone(chat, "back")
        if line:
            assert (await chat.say(line, as_=who)).reason is Reason.OK
        else:
            chat.clock.turn(days=2)
            await chat.house.desk.expire_due()
        await chat.house.procedures.awaiting.look()
        card = await stands(chat)
        assert card.refs["state"] == RunState.STOPPED
        assert says in card.text
        assert (await shown(chat)).act is None


@pytest.mark.thorough
async def test_a_deploy_that_fails_stops_the_run(ward: Path, tmp_path: Path) -> None:
    acting(tmp_path, {**BACK, "run": "deploy {{ service }} 1.4.2 test --reason x"})
    async with opened(ward) as chat:
        chat.ci.drop = True
        await begun(chat)
        card = await gone(chat, "back")
        assert "waits for DEP-1" in card.text
        await chat.ended("DEP-1")
        await chat.house.procedures.awaiting.look()
        card = await stands(chat)
        assert card.refs["state"] == RunState.STOPPED
        assert "DEP-1" in card.text


async def test_who_is_not_reached_may_have_done_it(chat: Chat) -> None:
    await begun(chat)
    chat.ci.is_down = True
    card = await gone(chat)
    assert card.refs["state"] == RunState.STOPPED
    assert "runbook settle RUN-1 again done" in card.text
    chat.ci.is_down = False

    await chat.say("runbook resume RUN-1")
    assert (await stands(chat)).refs["state"] == RunState.STOPPED, "looked up, not typed again"
    assert chat.ci.jobs == []


async def unanswered(chat: Chat) -> None:
    """Have the store know of the next go as a kill leaves it: begun and without an answer."""
    run = await shown(chat)
    key = key_of(f"RUN-1:again:{run.moves}")
    claim = chat.house.stores.deliveries.claim(key, chat.clock.now())
    await asyncio.to_thread(chat.house.database.write_now, claim)


@pytest.mark.parametrize(
    ("outcome", "state", "step"),
    [
        ("done", StepState.DONE, "end_of_it"),
        pytest.param("left-out", StepState.FAILED, "end_of_it", marks=pytest.mark.thorough),
        ("not-done", None, "again"),
    ],
)
async def test_what_was_begun_and_has_no_answer_is_settled_by_a_human(
    ward: Path, tmp_path: Path, outcome: str, state: StepState | None, step: str
) -> None:
    acting(tmp_path, BUILD)
    async with opened(ward) as chat:
        await begun(chat)
        await unanswered(chat)
        card = await gone(chat)
        assert "whether it happened is not known" in card.text
        assert chat.ci.jobs == []
        early = await chat.say("runbook settle RUN-1 look done --reason x")
        assert early.reason is Reason.SUPERSEDED

        settle = f"runbook settle RUN-1 again {outcome} --reason 'the page says so'"
        assert (await chat.say(settle, as_="engineer-2")).reason is Reason.OK
        card = await stands(chat)
        assert card.refs["step"] == step
        assert [one.state for one in (await shown(chat)).results] == ([state] if state else [])
        if outcome == "not-done":
            await gone(chat)
            assert len(chat.ci.jobs) == 1, "another go is another delivery"


@pytest.mark.thorough
async def test_a_go_that_is_old_begins_nothing(chat: Chat) -> None:
    await begun(chat)
    release, runs = asyncio.Event(), chat.house.procedures.runs
    show = runs.show

    async def later(run_id: str) -> RunbookRun | None:
        run = await show(run_id)
        if run is not None and run.act is not None:
            await release.wait()
        return run

    runs.show = later  # type: ignore[method-assign] # so that time goes by before it is typed
    assert (await chat.say("runbook go RUN-1 again")).reason is Reason.OK
    chat.clock.turn(minutes=16)
    release.set()
    card = await stands(chat)
    assert "Too much time has gone by since the go" in card.text
    assert chat.ci.jobs == []


async def test_of_two_runs_one_acts_on_a_target(ward: Path, tmp_path: Path) -> None:
    acting(tmp_path, BACK)
    async with opened(ward) as chat:
        await begun(chat)
        await gone(chat, "back")
        await begun(chat, as_="engineer-2")
        refused = await chat.say("runbook go RUN-2 back", as_="engineer-2")
        assert refused.reason is Reason.LOCKED
        assert "RUN-1 of engineer acts on portal production now: deploy" in refused.text
        assert (await shown(chat, "RUN-2")).state is RunState.WAITING

        await chat.say("cancel REQ-1")
        await chat.house.procedures.awaiting.look()
        await stands(chat)
        said = await chat.say("runbook go RUN-2 back", as_="engineer-2")
        assert said.reason is Reason.OK, said.text
        await stands(chat, "RUN-2")


async def test_a_change_is_not_ticked_but_may_have_been_done_by_hand(chat: Chat) -> None:
    await begun(chat)
    ticked = await chat.say("runbook tick RUN-1 again --note x")
    assert ticked.reason is Reason.BAD_INPUT
    assert "`runbook settle RUN-1 again done" in ticked.text
    assert (await chat.say("runbook settle RUN-1 again done --reason x")).reason is Reason.OK
    await stands(chat)
    assert chat.ci.jobs == []


async def test_an_abort_says_what_was_cut_short(ward: Path, tmp_path: Path) -> None:
    acting(tmp_path, BACK)
    async with opened(ward) as chat:
        await begun(chat)
        await gone(chat, "back")
        await chat.say("runbook abort RUN-1 --reason x")
        run = await shown(chat)
        assert (run.state, run.act) == (RunState.ABORTED, None)
        assert run.results[-1].text == "cut short: REQ-1"
        assert run.results[-1].state is StepState.UNKNOWN


async def test_a_pause_holds_until_somebody_resumes(chat: Chat) -> None:
    await begun(chat)
    paused = await chat.say("runbook pause RUN-1 --reason 'the shift changes'")
    assert paused.reason is Reason.OK
    assert "Paused by engineer: the shift changes" in paused.text
    assert (await chat.say("runbook go RUN-1 again")).reason is Reason.BAD_INPUT
    assert (await chat.say("runbook pause RUN-1 --reason x")).reason is Reason.DUPLICATE
    await chat.say("runbook resume RUN-1", as_="engineer-2")
    assert (await stands(chat)).buttons[0].command == "runbook go RUN-1 again"


async def test_what_has_begun_is_not_paused_but_handed_over(ward: Path, tmp_path: Path) -> None:
    acting(tmp_path, BACK)
    async with opened(ward) as chat:
        await begun(chat)
        await gone(chat, "back")
        refused = await chat.say("runbook pause RUN-1 --reason x")
        assert "pause it once that has come to something" in refused.text
        handed = await chat.say("runbook hand-over RUN-1 to engineer-2")
        assert handed.reason is Reason.OK, handed.text
        assert dict(handed.fields)["Handed over to"].startswith("engineer-2")
        assert (await shown(chat)).person == "engineer", "until they take it over"
        assert (await chat.say("runbook take-over RUN-1", as_="engineer-2")).reason is Reason.OK
        run = await shown(chat)
        assert (run.person, run.offered, run.state) == ("engineer-2", "", RunState.PENDING)


@pytest.mark.thorough
async def test_a_probe_is_tried_again_and_then_is_evidence(ward: Path, tmp_path: Path) -> None:
    asks = {"id": "build", "run": "ci status of {{ service }}", "retries": 2}
    acting(tmp_path, {**asks, "backoff_seconds": 1})
    async with opened(ward) as chat:
        chat.ci.is_down = True
        card = await begun(chat)
        assert card.refs["step"] == "end_of_it"
        asked = await chat.events(verb="ci status")
        assert [event.data["kind"] for event in asked].count("intent") == 3
        assert [one.state for one in (await shown(chat)).results] == [StepState.FAILED]
