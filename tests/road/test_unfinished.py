"""A restart ends what nobody will end any more, and says so to those on call."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from bot.audit.unfinished import PATIENCE, SHOWN_FOR
from bot.model import Draft, Kind, Place, Reason
from tests.databases import FixedClock
from tests.house import Chat, opened, write_site

KILLED = "Wardroom stopped before it had recorded how this ended"


async def left_behind(chat: Chat, *verbs: str) -> None:
    """Record intents as a process does that is killed before their outcomes."""
    for verb in verbs:
        await chat.house.trail.log.append(
            Draft(
                kind=Kind.INTENT,
                verb=verb,
                correlation=f"left-{verb}",
                person="engineer",
                service="portal",
                environment="test",
            )
        )


@pytest.fixture
def on_call_site(launched_url: str, tmp_path: Path) -> Path:
    """A hospital with a channel of those on call."""
    return write_site(tmp_path, launched_url, audit={"on_call": "slack:C-ONCALL"})


async def test_a_restart_ends_every_intent_as_unknown_once(on_call_site: Path) -> None:
    async with opened(on_call_site) as chat:
        await chat.say("ci status portal")
        await left_behind(chat, "ci run", "ci status")
    for _ in range(2):
        async with opened(on_call_site) as chat:
            ended = await chat.events(reason=Reason.UNKNOWN_OUTCOME.value)
            assert [event.data["verb"] for event in ended] == ["ci run", "ci status"]
            assert str(ended[0].data["text"]).startswith(KILLED)
            assert ended[0].data["correlation"] == "left-ci run"
            assert ended[0].data["target"] == {"service": "portal", "environment": "test"}


async def test_those_on_call_are_told_of_what_may_have_changed_something(
    on_call_site: Path,
) -> None:
    async with opened(on_call_site) as chat:
        await left_behind(chat, "ci run", "ci status")
    async with opened(on_call_site) as chat:
        (event,) = [e for e in await chat.events(verb="unfinished") if e.data["params"]["unknown"]]  # type: ignore[call-overload,index] # JSON
        (first, _) = str(event.data["params"]["unknown"]).split(", ")  # type: ignore[call-overload,index] # JSON
        card = await chat.card(f"UNFINISHED-{first}")
        assert card.fields == ((f"Event {first}", "engineer ci run portal test"),), "no reading"
        letters = await chat.house.stores.letters.waiting(["slack"])
        assert [letter.place for letter in letters] == [Place("slack", "C-ONCALL")]
        assert chat.house.trail.unfinished.trouble == card.text
        recent = await chat.say("recent")
        assert recent.table is not None
        assert "unknown_outcome" in {row[2] for row in recent.table.rows}
        found = await chat.say("audit search outcome:unknown_outcome", as_="security-officer")
        assert "ci run" in str(found)
        chat.clock.turn(seconds=SHOWN_FOR.total_seconds() + 1)
        assert chat.house.trail.unfinished.trouble == ""


async def test_readings_that_were_cut_off_wake_nobody(on_call_site: Path) -> None:
    async with opened(on_call_site) as chat:
        await left_behind(chat, "ci status")
    async with opened(on_call_site) as chat:
        assert chat.house.trail.unfinished.trouble == ""
        assert await chat.house.stores.letters.waiting(["slack"]) == []


async def test_what_a_workflow_goes_on_with_is_left_to_it(site: Path) -> None:
    async with opened(site) as chat:
        await chat.house.trail.log.append(
            Draft(kind=Kind.EFFECT, verb="deploy trigger", correlation="REQ-1-x")
        )
    async with opened(site) as chat:
        assert await chat.events(reason=Reason.UNKNOWN_OUTCOME.value) == []


async def test_another_replica_is_given_time_to_end_what_it_began(site: Path) -> None:
    clock = FixedClock()
    async with opened(site, clock=clock) as chat:
        unfinished = chat.house.trail.unfinished
        await left_behind(chat, "ci run", "ci log")
        await unfinished.look()
        assert await chat.events(reason=Reason.UNKNOWN_OUTCOME.value) == []
        ended = Draft(kind=Kind.OUTCOME, verb="ci log", correlation="left-ci log")
        await chat.house.trail.log.append(ended)
        clock.turn(seconds=(PATIENCE + timedelta(seconds=1)).total_seconds())
        await unfinished.look()
        (event,) = await chat.events(reason=Reason.UNKNOWN_OUTCOME.value)
        assert event.data["verb"] == "ci run"
