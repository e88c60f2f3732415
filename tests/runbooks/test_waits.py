"""A wait, as a row: it looks again when its time comes, and nothing goes on that did not hold."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from bot.model import Reason
from bot.model.runs import RunState
from tests.house import Chat, opened, write_site
from tests.runbooks.books import book, write
from tests.runbooks.typed import lines, stands

if TYPE_CHECKING:
    from pathlib import Path

    from bot.model.runs import RunbookRun

GREEN = {
    "id": "green",
    "wait_until": "steps.green.state == 'green'",
    "run": "ci status of {{ service }}",
    "every_seconds": 60,
    "within_minutes": 10,
}
PAUSE = {"id": "pause", "wait_until": "time", "for_minutes": 15}
LAST = {"id": "last", "manual": "Look whether all is well: {{ steps.green.state }}."}
RUN = "runbook run late-results with service=portal"


def site_with(folder: Path, url: str, *steps: dict[str, Any]) -> Path:
    """Write the settings of a house whose runbook has these steps."""
    (folder / "runbooks").mkdir(exist_ok=True)
    write(folder / "runbooks", book(steps=list(steps)))
    return write_site(folder, url, runbooks=["runbooks"])


async def row(chat: Chat) -> RunbookRun:
    """Return the run as it is kept."""
    run = await chat.house.procedures.runs.show("RUN-1")
    assert run is not None
    return run


async def later(chat: Chat, **ahead: float) -> RunbookRun:
    """Turn the clock, have the ticker look, and wait until the run does nothing any more."""
    chat.clock.turn(**ahead)
    await chat.house.procedures.late.look()
    await stands(chat)
    return await row(chat)


async def test_it_looks_again_until_the_condition_holds(launched_url: str, tmp_path: Path) -> None:
    async with opened(site_with(tmp_path, launched_url, GREEN, LAST)) as chat:
        await chat.say(RUN)
        card = await stands(chat)
        assert card.refs["state"] == RunState.WAITING
        assert "goes on once `steps.green.state == 'green'`; looked 1 times" in card.text
        assert [button.command for button in card.buttons] == ["runbook resume RUN-1"]
        assert chat.house.engine.running("runbook") == frozenset()

        run = await later(chat, seconds=30)
        assert run.results[0].figures["looked"] == "1", "its time has not come"
        run = await later(chat, seconds=31)
        assert run.results[0].figures["looked"] == "2"
        assert len(run.results) == 1
        assert len(await chat.events(verb="runbook step")) == 1, "what is the same is no news"
        assert "looked 1 times" in (await chat.card("RUN-1")).text, "and edits no message"
        assert "looked 2 times" in (await chat.say("runbook status RUN-1")).text
        typed = await chat.events(verb="ci status")
        assert [event.data["kind"] for event in typed].count("intent") == 2

        chat.ci.states.clear()
        run = await later(chat, minutes=1)
        assert [(one.step, one.state.value) for one in run.results] == [("green", "done")]
        card = await chat.card("RUN-1")
        assert "Look whether all is well: green." in card.text
        assert lines(card)["green"].startswith("done")


async def test_too_late_is_a_stop_that_calls_and_not_an_end_of_the_wait(
    launched_url: str, tmp_path: Path
) -> None:
    async with opened(site_with(tmp_path, launched_url, GREEN, LAST)) as chat:
        await chat.say(RUN)
        await stands(chat)
        run = await later(chat, minutes=10)
        assert run.state is RunState.STOPPED
        assert "did not come true within 10 minutes" in run.why
        rings = await chat.card(f"RUN-1-late-{run.moves - 1}")
        assert rings.reason is Reason.EXPIRED

        await chat.say("runbook resume RUN-1")
        await stands(chat)
        run = await row(chat)
        assert run.state is RunState.WAITING, "it is looked at again, for as long again"
        assert run.results[-1].figures["looked"] == "1"


async def test_no_answer_is_no_reason_to_go_on(launched_url: str, tmp_path: Path) -> None:
    not_red = {**GREEN, "wait_until": "steps.green.state != 'red'"}
    async with opened(site_with(tmp_path, launched_url, not_red, LAST)) as chat:
        chat.ci.is_down = True
        await chat.say(RUN)
        await stands(chat)
        run = await row(chat)
        assert run.state is RunState.WAITING
        assert run.results[0].figures["reason"] == "unavailable"


async def test_somebody_may_look_now_take_over_and_abort(launched_url: str, tmp_path: Path) -> None:
    async with opened(site_with(tmp_path, launched_url, GREEN, LAST)) as chat:
        await chat.say(RUN)
        await stands(chat)
        assert (await chat.say("runbook resume RUN-1")).reason is Reason.OK
        await stands(chat)
        assert (await row(chat)).results[0].figures["looked"] == "2"
        ticked = await chat.say("runbook tick RUN-1 green --note x")
        assert "goes on by itself" in ticked.text
        taken = await chat.say("runbook take-over RUN-1", as_="engineer-2")
        assert taken.reason is Reason.OK
        run = await later(chat, minutes=1)
        assert (run.person, run.state) == ("engineer-2", RunState.WAITING)
        await chat.say("runbook abort RUN-1 --reason x")
        assert (await later(chat, minutes=20)).state is RunState.ABORTED


async def test_a_timer_goes_on_after_a_restart_and_of_several_looks_one_wakes_it(
    launched_url: str, tmp_path: Path
) -> None:
    site = site_with(tmp_path, launched_url, PAUSE, {"id": "last", "manual": "Tell them."})
    async with opened(site) as chat:
        await chat.say(RUN)
        card = await stands(chat)
        assert "pause goes on by itself at" in card.text
        assert card.buttons == ()
        assert "does not stand still" in (await chat.say("runbook resume RUN-1")).text
        clock = chat.clock
    clock.turn(minutes=16)
    async with opened(site, clock=clock) as chat:
        assert chat.house.engine.running("runbook") == frozenset()
        late = chat.house.procedures.late
        await asyncio.gather(late.look(), late.look())
        card = await stands(chat)
        assert card.refs["step"] == "last"
        assert lines(card)["pause"] == "done waited 15 minutes (engineer)"
        assert len(await chat.events(verb="runbook step")) == 3


async def test_what_is_not_due_is_not_read(launched_url: str, tmp_path: Path) -> None:
    async with opened(site_with(tmp_path, launched_url, PAUSE)) as chat:
        await chat.say(RUN)
        await stands(chat)
        runs = chat.house.procedures.runs
        assert await runs.late(chat.clock.turn(minutes=14)) == []
        assert len(await runs.late(chat.clock.turn(minutes=1))) == 1
