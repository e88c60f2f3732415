"""Turns: botbuilder's own way of saying things goes out by our wire."""

from __future__ import annotations

from botbuilder.core import (  # type: ignore[import-untyped]  # the library is not typed
    InvokeResponse,
    TurnContext,
)
from botbuilder.schema import Activity  # type: ignore[import-untyped]  # the library is not typed

from bot.adapters.teams.activity import understood
from tests.adapters.teams.conftest import Open
from tests.fakes.teams import activities
from tests.fakes.teams.activities import CHANNEL


async def test_what_a_turn_says_edits_and_takes_back_goes_to_its_conversation(here: Open) -> None:
    said = understood(activities.said(here.teams, "x", where="channel", thread="1790"))
    seen: list[str] = []

    async def logic(turn: TurnContext) -> None:
        sent = await turn.send_activity("One.")
        seen.append(here.teams.messages[0].text)
        await turn.update_activity(Activity(id=sent.id, type="message", text="Two."))
        seen.append(here.teams.messages[0].text)
        await turn.delete_activity(sent.id)

    await here.door._turns.take(said, logic)
    assert seen == ["One.", "Two."]
    assert here.teams.messages == []
    place = f"conversations/{CHANNEL};messageid=1790/activities"
    assert [call.path.startswith(place) for call in here.teams.calls] == [True] * 3


async def test_middleware_sees_every_turn_of_ours(here: Open) -> None:
    seen: list[str] = []

    class Counting:
        """Counts the turns that pass."""

        async def on_turn(self, turn: TurnContext, rest: object) -> None:
            seen.append(turn.activity.type)
            await rest()  # type: ignore[operator]  # the library is not typed

    here.door._turns.use(Counting())
    await here.teams.say("help")
    await here.teams.message()
    assert seen == ["message"]


async def test_an_invoke_answered_in_botbuilders_own_way_is_answered(here: Open) -> None:
    body = activities.executed(here.teams, {}, "anna", "personal")

    async def logic(turn: TurnContext) -> None:
        answer = InvokeResponse(status=202, body={"x": 1})
        await turn.send_activity(Activity(type="invokeResponse", value=answer))

    answer = await here.door._turns.take(understood(body), logic)
    assert (answer.status, answer.body) == (202, {"x": 1})
    assert here.teams.calls == []
