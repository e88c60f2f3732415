"""Dialogs: a command's form, opened by a button, run as typed fields, mended in place."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from bot.adapters.teams import Patience
from bot.model import Form, Input, InputKind, Place, Reason, Reply, Visibility
from tests.adapters.teams.conftest import Open, opened
from tests.fakes.teams import Acknowledged, Shown, activities
from tests.fakes.teams.parts import inputs, walk, words

FORM = Form(
    "deploy",
    "Deploy a version",
    (
        Input("service", "Service", InputKind.CHOICE, ("lab-results", "portal")),
        Input("version", "Version"),
        Input("reason", "Reason", InputKind.LONG_TEXT, required=False),
    ),
)
BARE = Reply("deploy needs a service.", Reason.BAD_INPUT, form=FORM)
FILLED = {"service": "portal", "version": "1.4.2", "reason": "fix the unit mapping"}


async def button(here: Open, where: str = "personal") -> Shown:
    """Type a command bare; returns the message with the button that opens its form."""
    here.road.replies["deploy"] = BARE
    await here.teams.say("deploy", where=where)
    return await here.teams.message()


async def opened_dialog(here: Open, where: str = "personal") -> Acknowledged:
    """Open the form of `deploy`."""
    return await here.teams.open("Fill in the form", await button(here, where))


def said(answer: Acknowledged) -> str:
    """Return everything that an open dialog says."""
    return words(answer.json["task"]["value"]["card"]["content"])


def standing(answer: Acknowledged) -> dict[str, str]:
    """Return what stands in an open dialog's inputs."""
    card = answer.json["task"]["value"]["card"]["content"]
    return {name: part.get("value", "") for name, part in inputs(card).items()}


# --- opening -----------------------------------------------------------------------------------


async def test_a_command_typed_bare_is_answered_with_a_button_to_its_form(here: Open) -> None:
    message = await button(here, "channel")
    assert message.to == "29:anna"
    assert message.buttons["Fill in the form"]["data"]["msteams"] == {"type": "task/fetch"}


async def test_the_button_opens_the_form_that_the_road_answers_the_bare_command_with(
    here: Open,
) -> None:
    answer = await opened_dialog(here)
    task = answer.json["task"]
    assert (answer.status, task["type"]) == (200, "continue")
    assert task["value"]["title"] == "Deploy a version"
    assert list(standing(answer)) == ["service", "version", "reason"]
    assert [s.text for s in here.road.said] == ["deploy", "deploy"]
    assert here.road.said[1].fields is None


async def test_a_command_that_may_not_be_run_says_so_instead_of_opening(here: Open) -> None:
    message = await button(here)
    here.road.replies["deploy"] = Reply("You may not deploy.", Reason.NOT_AUTHORISED)
    answer = await here.teams.open("Fill in the form", message)
    assert answer.json["task"]["type"] == "message"
    assert "You may not deploy." in answer.json["task"]["value"]
    await here.door.close()
    assert here.teams.messages == [message]


async def test_a_command_that_needed_no_form_after_all_shows_its_answer(here: Open) -> None:
    message = await button(here)
    public = Reply("Deployed.", visibility=Visibility.PUBLIC, topic="DEP-1")
    here.road.replies["deploy"] = public
    answer = await here.teams.open("Fill in the form", message)
    assert answer.json["task"] == {"type": "message", "value": "Deployed."}
    assert (await here.teams.message(2)).words == "Deployed."


# --- submitting --------------------------------------------------------------------------------


async def test_a_submitted_form_is_the_command_with_what_was_filled_in(here: Open) -> None:
    dialog = await opened_dialog(here, "channel")
    await here.teams.submit(dialog, {**FILLED, "reason": " "}, where="channel", thread="1790")
    last = here.road.said[-1]
    assert last.text == "deploy"
    assert last.fields == {"service": "portal", "version": "1.4.2"}
    assert last.place.thread == "1790"
    assert last.account.user == "anna"


async def test_an_argument_may_have_a_name_that_is_teams_own_elsewhere(here: Open) -> None:
    form = Form("change open", "Open a change", (Input("type", "Type"), Input("data", "Data")))
    here.road.replies["deploy"] = Reply("Which?", Reason.BAD_INPUT, form=form)
    await here.teams.say("deploy")
    here.road.replies["change open"] = here.road.replies["deploy"]
    dialog = await here.teams.open("Fill in the form", await here.teams.message())
    await here.teams.submit(dialog, {"type": "standard", "data": "x"})
    assert here.road.said[-1].text == "change open"
    assert here.road.said[-1].fields == {"type": "standard", "data": "x"}


async def test_a_public_answer_closes_the_dialog_and_is_posted(here: Open) -> None:
    dialog = await opened_dialog(here)
    public = Reply("REQ-1 waits.", Reason.PENDING_APPROVAL, topic="REQ-1")
    here.road.replies["deploy"] = public
    answer = await here.teams.submit(dialog, FILLED)
    assert (answer.status, answer.body) == (200, "")
    await here.teams.message(2)
    await here.door.close()
    assert len(await here.topics.posts("REQ-1")) == 1


async def test_a_private_answer_is_told_in_the_dialog(here: Open) -> None:
    dialog = await opened_dialog(here, "channel")
    here.road.replies["deploy"] = Reply("Frozen until Monday.", Reason.FROZEN)
    answer = await here.teams.submit(dialog, FILLED, where="channel")
    assert answer.json["task"]["type"] == "message"
    assert "Frozen until Monday." in answer.json["task"]["value"]
    await here.door.close()
    assert len(here.teams.messages) == 1


@pytest.mark.parametrize("reason", [Reason.BAD_INPUT, Reason.AMBIGUOUS, Reason.NOT_FOUND])
async def test_what_can_be_mended_is_said_on_top_of_the_dialog_and_nothing_is_lost(
    here: Open, reason: Reason
) -> None:
    dialog = await opened_dialog(here)
    refusal = Reply("There is no version 1.4.2.", reason, form=FORM)
    here.road.replies["deploy"] = refusal
    answer = await here.teams.submit(dialog, FILLED)
    assert answer.json["task"]["type"] == "continue"
    assert said(answer).startswith("There is no version 1.4.2.")
    assert standing(answer) == FILLED
    again = await here.teams.submit(answer, {"version": "1.4.1"})
    assert here.road.said[-1].fields == {**FILLED, "version": "1.4.1"}
    assert again.status == 200
    await here.door.close()
    assert len(here.teams.messages) == 1


async def test_a_refusal_without_its_form_has_the_road_asked_for_it(here: Open) -> None:
    dialog = await opened_dialog(here)
    handle = here.road.handle

    async def refusing(invocation: Any) -> Reply:
        reply = await handle(invocation)
        known = Reply("There is no version 9.", Reason.NOT_FOUND)
        return reply if invocation.fields is None else known

    here.road.handle = refusing  # type: ignore[method-assign]  # answers a filled form otherwise
    answer = await here.teams.submit(dialog, FILLED)
    assert said(answer).startswith("There is no version 9.")
    assert standing(answer) == FILLED
    filled, bare = here.road.said[-2:]
    assert (bare.text, bare.fields, filled.delivery != bare.delivery) == ("deploy", None, True)


async def test_what_the_guard_stopped_is_not_sent_back(here: Open) -> None:
    dialog = await opened_dialog(here)
    here.road.replies["deploy"] = Reply("A record number.", Reason.PHI_BLOCKED, form=FORM)
    answer = await here.teams.submit(dialog, {**FILLED, "reason": "MRN 8675309"})
    assert answer.json["task"]["type"] == "continue"
    assert "8675309" not in answer.body
    assert "1.4.2" not in answer.body


async def test_a_submission_that_takes_longer_is_answered_later() -> None:
    async with opened(patience=Patience(message=30, invoke=0.05)) as here:
        dialog = await opened_dialog(here)
        here.road.gate = asyncio.Event()
        here.road.replies["deploy"] = Reply("Done.")
        answer = await here.teams.submit(dialog, FILLED)
        assert answer.json["task"] == {"type": "message", "value": "Working on it."}
        here.road.gate.set()
        assert (await here.teams.message(2)).words == "Done."


async def test_words_in_a_refusal_act_on_nothing(here: Open) -> None:
    dialog = await opened_dialog(here)
    text = "No such version [x](http://evil.test) <at>all</at> {{DATE(2020)}}"
    here.road.replies["deploy"] = Reply(text, Reason.BAD_INPUT, form=FORM)
    answer = await here.teams.submit(dialog, FILLED)
    card = answer.json["task"]["value"]["card"]["content"]
    assert card["body"][0]["type"] == "RichTextBlock"
    assert not [part for part in walk(card) if part.get("type") == "TextBlock"]
    assert "{{DATE(" not in answer.body
    assert "<at>" not in answer.body


@pytest.mark.parametrize("name", ["task/fetch", "task/submit"])
@pytest.mark.parametrize(
    "value", [None, [], {}, {"data": None}, {"data": {"opens": 7, "form": ["x"]}}], ids=str
)
async def test_what_is_no_dialog_of_ours_is_refused(here: Open, name: str, value: object) -> None:
    body = activities.dialog(here.teams, name, {}, "anna", "personal")
    assert (await here.teams.send({**body, "value": value})).status == 400
    assert here.road.said == []


async def test_a_client_without_dialogs_is_answered_with_the_button_again(here: Open) -> None:
    message = await button(here)
    await here.teams.press("Fill in the form", message)
    assert list((await here.teams.message(2)).buttons) == ["Fill in the form"]
    assert here.road.said[-1].place == Place("teams", "a:1-anna")
