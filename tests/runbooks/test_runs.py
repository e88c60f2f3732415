"""A run, as the people who follow it type: it asks, waits as a row, and goes on where it stood."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.model import Reason, Reply
from bot.model.runs import RunState
from tests.house import Chat, opened, write_site
from tests.runbooks.books import book, with_step, write
from tests.runbooks.typed import lines, stands

RUN = "runbook run late-results with service=portal"


@pytest.fixture
def ward(launched_url: str, tmp_path: Path) -> Path:
    """The settings file of a house with a runbook of its own."""
    (tmp_path / "runbooks").mkdir()
    write(tmp_path / "runbooks")
    return write_site(tmp_path, launched_url, runbooks=["runbooks"])


@pytest.fixture
async def chat(ward: Path) -> AsyncIterator[Chat]:
    """A running house that a test types to."""
    async with opened(ward) as open_chat:
        yield open_chat


async def begun(chat: Chat, line: str = RUN, *, as_: str = "engineer") -> Reply:
    """Begin a run and wait until it needs somebody."""
    said = await chat.say(line, as_=as_)
    assert said.reason is Reason.OK, said.text
    return await stands(chat, said.refs["run"])


async def at_the_decision(chat: Chat) -> Reply:
    """Begin a run and bring it to its decision."""
    await begun(chat)
    assert (await chat.say("runbook tick RUN-1 look --note 'it grows'")).reason is Reason.OK
    return await stands(chat)


async def test_a_run_gathers_what_it_can_and_then_asks(chat: Chat) -> None:
    card = await begun(chat)

    assert card.refs["state"] == RunState.WAITING
    assert "Look at the queue of portal." in card.text
    assert [button.command for button in card.buttons] == ["runbook tick RUN-1 look"]
    assert lines(card)["build"].startswith("done")
    assert lines(card)["Where it is"].startswith("done portal: test runs 1.4.1")


async def test_a_step_whose_condition_does_not_hold_is_left_out(chat: Chat) -> None:
    chat.ci.states.clear()  # everything is green
    card = await begun(chat)

    assert lines(card)["Where it is"].startswith("skipped left out: how == 'none'")
    assert await chat.events(verb="deploy where") == []


async def test_from_the_first_step_to_the_last(chat: Chat) -> None:
    card = await at_the_decision(chat)
    assert "somebody has to decide" in card.text
    assert dict(card.fields)["receiver"] == "The receiver is restarted by its owner."
    assert dict(card.fields)["Evidence: look"] == "it grows"
    assert card.buttons[0].command == "runbook decide RUN-1 cause receiver"
    assert card.buttons[0].asks == "reason"

    await chat.say(f"{card.buttons[0].command} --reason 'it is full'", as_="release-manager")
    card = await stands(chat)
    assert "Call Lab manager, and say: Results are late." in card.text
    said = await chat.say("runbook tick RUN-1 told --note '10:04 by phone'")
    assert said.refs["state"] == RunState.ENDED
    card = await chat.card("RUN-1")
    assert lines(card)["cause"] == "done receiver: it is full (release-manager)"
    history = await chat.say("runbook history")
    assert history.table is not None
    assert history.table.rows[0][:3] == ("RUN-1", "late-results", "ended")
    assert (await chat.say("runbook status")).table is None
    assert (await chat.say("runbook history of late-results")).table is not None
    none = await chat.say("runbook history of pacs-unreachable")
    assert none.text == "There are no runs of pacs-unreachable."
    typo = await chat.say("runbook history of late-reslts")
    assert "did you mean late-results?" in typo.text
    for line in ("tick RUN-1 told --note x", "abort RUN-1 --reason x", "resume RUN-1"):
        assert (await chat.say(f"runbook {line}")).reason is Reason.DUPLICATE


async def test_an_option_may_end_it(chat: Chat) -> None:
    await at_the_decision(chat)
    said = await chat.say("runbook decide RUN-1 cause volume --reason 'it drains'")
    assert said.refs["state"] == RunState.ENDED


async def test_every_step_is_typed_down_the_road_as_whoever_began_it(chat: Chat) -> None:
    await begun(chat)

    intent, outcome = await chat.events(verb="ci status")
    assert (intent.data["kind"], outcome.data["kind"]) == ("intent", "outcome")
    actor = intent.data["actor"]
    assert isinstance(actor, dict)
    assert actor["person"] == "engineer"
    moves = await chat.events(verb="runbook step")
    assert len({event.data["correlation"] for event in moves}) == 1
    assert [json.loads(json.dumps(e.data["params"]))["step"] for e in moves] == [
        "build",
        "where",
        "look",
    ]


async def test_a_run_keeps_the_file_that_it_began_with(chat: Chat, tmp_path: Path) -> None:
    await begun(chat)
    write(tmp_path / "runbooks", with_step(3, decision="Something else?"))
    await chat.say("runbook tick RUN-1 look --note x")
    assert "What is it?" in (await stands(chat)).text
    await begun(chat)
    await chat.say("runbook tick RUN-2 look --note x")
    assert "Something else?" in (await stands(chat, "RUN-2")).text


async def test_silence_decides_nothing(chat: Chat) -> None:
    await at_the_decision(chat)
    chat.clock.turn(minutes=29)
    await chat.house.procedures.late.look()
    assert (await chat.card("RUN-1")).refs["state"] == RunState.WAITING
    chat.clock.turn(minutes=2)
    await asyncio.gather(*(chat.house.procedures.late.look() for _ in range(3)))

    card = await chat.card("RUN-1")
    assert card.refs["state"] == RunState.STOPPED
    assert "Nobody decided `cause` in time, so nothing was decided." in card.text
    run = await chat.house.procedures.runs.show("RUN-1")
    assert run is not None
    rings = await chat.card(f"RUN-1-late-{run.moves - 1}")
    assert rings.reason is Reason.EXPIRED
    assert len(await chat.events(verb="runbook decide")) == 1
    late = await chat.say("runbook decide RUN-1 cause receiver --reason x")
    assert late.reason is Reason.BAD_INPUT

    await chat.say("runbook resume RUN-1")
    assert "somebody has to decide until" in (await stands(chat)).text


async def test_who_has_none_of_its_roles_does_not_decide(ward: Path, tmp_path: Path) -> None:
    write(tmp_path / "runbooks", with_step(3, roles=["incident_commander"]))
    async with opened(ward) as chat:
        await at_the_decision(chat)
        line = "runbook decide RUN-1 cause receiver --reason x"
        refused = await chat.say(line)
        assert refused.reason is Reason.NOT_AUTHORISED
        assert "decided by a incident_commander" in refused.text
        assert (await chat.say(line, as_="commander")).reason is Reason.OK


async def test_a_decision_may_be_for_somebody_who_runs_nothing(ward: Path, tmp_path: Path) -> None:
    write(tmp_path / "runbooks", with_step(3, roles=["clinical_safety_officer"]))
    async with opened(ward) as chat:
        assert (await chat.say(RUN, as_="safety-officer")).reason is Reason.NOT_AUTHORISED
        await at_the_decision(chat)
        line = "runbook decide RUN-1 cause receiver --reason x"
        assert (await chat.say(line, as_="safety-officer")).reason is Reason.OK


async def test_without_roles_who_runs_none_decides_nothing(chat: Chat) -> None:
    await at_the_decision(chat)
    line = "runbook decide RUN-1 cause receiver --reason x"
    refused = await chat.say(line, as_="safety-officer")
    assert refused.reason is Reason.NOT_AUTHORISED
    assert "decided by a responder" in refused.text


async def test_who_only_reads_runs_nothing(chat: Chat) -> None:
    refused = await chat.say(RUN, as_="service-desk")

    assert refused.reason is Reason.NOT_AUTHORISED


async def test_a_button_that_was_pressed_before_decides_nothing_now(chat: Chat) -> None:
    await at_the_decision(chat)
    line = "runbook decide RUN-1 cause receiver --reason x"
    first, second = await asyncio.gather(chat.say(line), chat.say(line, as_="engineer-2"))
    await stands(chat)

    assert [first.reason, second.reason].count(Reason.OK) == 1
    assert len(await chat.events(verb="runbook step")) == 5, "told was come to once"
    old = await chat.say("runbook tick RUN-1 look --note x")
    assert old.reason is Reason.SUPERSEDED
    assert "it waits at told" in old.text


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("runbook run late-results", "`service` is missing: Whose results"),
        (f"{RUN} how=often", "`how` is no choice"),
        ("runbook run late-results with service=portl", "did you mean portal?"),
        (f"{RUN} services=x", "`services` is no parameter (did you mean service?)"),
        (f"{RUN} slow", "`slow` is no parameter"),
        ("runbook run late-reslts", "did you mean late-results?"),
        ("runbook decide RUN-1 look receiver --reason x", "is no decision"),
        ("runbook tick RUN-9 look --note x", "There is no run RUN-9"),
        ("runbook resume RUN-1", "does not stand still"),
        ("runbook take-over RUN-1", "types as you already"),
    ],
)
async def test_what_cannot_be_is_said(chat: Chat, line: str, says: str) -> None:
    await begun(chat)
    refused = await chat.say(line)

    assert refused.reason is not Reason.OK
    assert says in refused.text


async def test_a_decision_is_not_ticked_and_has_only_its_options(chat: Chat) -> None:
    await at_the_decision(chat)

    assert "is a decision" in (await chat.say("runbook tick RUN-1 cause --note x")).text
    other = await chat.say("runbook decide RUN-1 cause recever --reason x")
    assert "did you mean receiver?" in other.text


async def test_patient_data_in_a_note_is_refused(chat: Chat) -> None:
    await begun(chat)
    refused = await chat.say("runbook tick RUN-1 look --note 'MRN 12345678 DOB 01/02/1970'")

    assert refused.reason is Reason.PHI_BLOCKED
    assert (await chat.card("RUN-1")).refs["step"] == "look"


async def test_what_was_noted_is_hidden_in_the_record(chat: Chat) -> None:
    await begun(chat)
    await chat.say("runbook tick RUN-1 look --note 'the queue grows quickly'")
    await stands(chat)

    events = await chat.events()
    assert not [event for event in events if b"grows quickly" in event.body]


async def test_rights_are_asked_at_each_step_as_they_are_then(ward: Path, tmp_path: Path) -> None:
    made = with_step(4, id="after", notify=None, people=None, run="ci status of portal")
    write(tmp_path / "runbooks", made)
    async with opened(ward) as chat:
        await at_the_decision(chat)
        people = json.loads((tmp_path / "people.yaml").read_text())
        left = [one for one in people if one["id"] != "engineer"]
        (tmp_path / "people.yaml").write_text(json.dumps(left))
        await chat.house.directory.look()
        await chat.say("runbook decide RUN-1 cause receiver --reason x", as_="engineer-2")
        card = await stands(chat)
        assert card.refs["state"] == RunState.STOPPED
        assert "I do not know whose account this is" in card.text

        await chat.say("runbook take-over RUN-1", as_="engineer-2")
        await chat.say("runbook resume RUN-1", as_="engineer-2")
        card = await stands(chat)
        assert card.refs["state"] == RunState.ENDED
        assert dict(card.fields)["Typed as"] == "engineer-2"


async def test_a_probe_that_fails_is_evidence_and_no_end(chat: Chat) -> None:
    chat.ci.is_down = True
    card = await begun(chat)

    assert card.refs["state"] == RunState.WAITING
    assert lines(card)["build"].startswith("failed")
    assert lines(card)["Where it is"].startswith("done"), "what is unknown is not green"


async def test_a_value_that_is_not_known_is_not_typed(ward: Path, tmp_path: Path) -> None:
    made = with_step(1, run="ci log {{ steps.build.build }}", when=None)
    write(tmp_path / "runbooks", made)
    async with opened(ward) as chat:
        chat.ci.is_down = True
        card = await begun(chat)
        assert card.refs["state"] == RunState.STOPPED
        assert "There is no value `steps.build.build`" in card.text
        assert await chat.events(verb="ci log") == []


async def test_an_abort_says_who_and_why(chat: Chat) -> None:
    await begun(chat)
    said = await chat.say("runbook abort RUN-1 --reason 'all is well'", as_="engineer-2")

    assert said.refs["state"] == RunState.ABORTED
    assert "engineer-2: all is well" in said.text


async def test_a_stale_one_says_so_when_it_begins(chat: Chat) -> None:
    chat.clock.turn(days=100)

    assert (await chat.say(RUN)).text.startswith("STALE: interfaces should have reviewed it")


async def test_one_that_has_to_be_mended_does_not_begin(chat: Chat, tmp_path: Path) -> None:
    write(tmp_path / "runbooks", with_step(0, run="reboot"))
    refused = await chat.say(RUN)

    assert refused.reason is Reason.BAD_INPUT
    assert "There is no command `reboot`" in refused.text
    assert (await chat.say("runbook history")).table is None


async def test_a_run_that_waits_survives_a_restart_as_a_row(ward: Path) -> None:
    async with opened(ward) as chat:
        await begun(chat)
    async with opened(ward) as chat:
        assert chat.house.engine.running("runbook") == frozenset()
        await chat.say("runbook tick RUN-1 look --note x")
        assert "somebody has to decide" in (await stands(chat)).text


async def test_the_message_is_shown_where_it_was_begun(chat: Chat) -> None:
    said = await chat.say(RUN)
    assert said.topic == "RUN-1"
    await stands(chat)
    status = await chat.say("runbook status RUN-1", as_="service-desk")
    assert status.text == (await chat.card("RUN-1")).text
    assert (await chat.say("runbook status")).table is not None


def test_the_book_of_these_tests_has_every_kind_of_step() -> None:
    kinds = {key for step in book()["steps"] for key in step}

    assert {"run", "manual", "decision", "notify"} <= kinds
