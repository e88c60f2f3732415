"""Forms: a bare verb opens a modal; what can be mended is said inside it."""

from __future__ import annotations

import asyncio

import pytest

from bot.model import Form, Input, InputKind, Reason, Reply, Visibility
from tests.adapters.slack.conftest import Open

FORM = Form(
    "deploy",
    "Deploy a version",
    (
        Input("service", "Service", InputKind.CHOICE, ("lab-results", "pacs")),
        Input("version", "Version"),
        Input("reason", "Reason", InputKind.LONG_TEXT, required=False, hint="For the record."),
    ),
)
ASKED = Reply("deploy needs SERVICE.", Reason.BAD_INPUT, form=FORM, visibility=Visibility.PRIVATE)
FILLED = {"service": "lab-results", "version": "1.4.2", "reason": "fix <ADT> & \u201cmore\u201d"}


@pytest.fixture
def asked(here: Open) -> Open:
    """A road that asks for a form when `deploy` is typed alone."""
    here.road.replies["deploy"] = ASKED
    return here


async def test_a_bare_verb_opens_its_form_and_says_nothing_else(asked: Open) -> None:
    answer = await asked.slack.say("deploy")
    assert answer.body == ""
    view = await asked.slack.view()
    assert view["title"]["text"] == "Deploy a version"
    assert [block["block_id"] for block in view["blocks"]] == ["service", "version", "reason"]


async def test_a_submitted_form_is_the_command_and_its_fields_as_typed(asked: Open) -> None:
    await asked.slack.say("deploy", user="U1", channel="C4")
    asked.road.replies["deploy"] = Reply("Asked.", visibility=Visibility.PUBLIC)
    answer = await asked.slack.submit(await asked.slack.view(), FILLED, user="U1")
    assert (answer.status, answer.body) == (200, "")
    said = asked.road.said[-1]
    assert said.text == "deploy"
    assert said.fields == FILLED
    assert (await asked.slack.message()).channel == "C4"


async def test_a_field_left_empty_is_not_given(asked: Open) -> None:
    await asked.slack.say("deploy")
    view = await asked.slack.view()
    await asked.slack.submit(view, {"service": "pacs", "version": "1.4.2"})
    assert asked.road.said[-1].fields == {"service": "pacs", "version": "1.4.2"}


@pytest.mark.parametrize(
    ("refusal", "field"),
    [
        (Reply("There is no version 1.4.2 of it.", Reason.BAD_INPUT), "version"),
        (Reply("`reason` is too short.", Reason.BAD_INPUT), "reason"),
        (Reply("Something is wrong.", Reason.NOT_FOUND), "service"),
        (Reply("This looks like patient data.", Reason.PHI_BLOCKED), "service"),
    ],
)
async def test_what_can_be_mended_is_said_under_the_field_it_is_about(
    asked: Open, refusal: Reply, field: str
) -> None:
    await asked.slack.say("deploy")
    view = await asked.slack.view()
    asked.road.replies["deploy"] = refusal
    answer = await asked.slack.submit(view, FILLED)
    assert answer.json == {"response_action": "errors", "errors": {field: refusal.text}}
    assert asked.slack.whispers == []


async def test_a_mended_form_is_another_delivery(asked: Open) -> None:
    await asked.slack.say("deploy")
    view = await asked.slack.view()
    await asked.slack.submit(view, FILLED, trigger_id="")
    await asked.slack.submit(view, FILLED, trigger_id="")
    await asked.slack.submit(view, {**FILLED, "version": "1.4.3"}, trigger_id="")
    first, again, mended = [said.delivery for said in asked.road.said[-3:]]
    assert first == again != mended


async def test_a_refusal_that_no_field_mends_closes_the_form_and_is_whispered(
    asked: Open,
) -> None:
    await asked.slack.say("deploy", channel="C4")
    view = await asked.slack.view()
    asked.road.replies["deploy"] = Reply(
        "Frozen until Monday.", Reason.FROZEN, visibility=Visibility.PRIVATE
    )
    answer = await asked.slack.submit(view, FILLED, user="U6")
    assert answer.body == ""
    whisper = await asked.slack.whisper()
    assert (whisper.channel, whisper.user) == ("C4", "U6")
    assert "Frozen until Monday." in whisper.text


async def test_a_slow_submission_closes_the_form_and_is_answered_later(asked: Open) -> None:
    await asked.slack.say("deploy")
    view = await asked.slack.view()
    asked.road.gate = asyncio.Event()
    asked.road.replies["deploy"] = Reply("No such version.", Reason.BAD_INPUT)
    answer = await asked.slack.submit(view, FILLED)
    assert answer.body == ""
    asked.road.gate.set()
    assert "No such version." in (await asked.slack.whisper()).text


async def test_a_form_that_came_too_late_is_offered_by_a_button(asked: Open) -> None:
    await asked.slack.say("deploy", trigger_id="long.gone.x")
    offered = await asked.slack.answer()
    assert "deploy needs SERVICE." in offered.text
    await asked.slack.press("Fill in the form", offered)
    assert (await asked.slack.view())["callback_id"] == "form"


async def test_a_form_submitted_outside_a_channel_is_answered_in_our_own_chat(
    asked: Open,
) -> None:
    await asked.slack.say("deploy", channel="")
    view = await asked.slack.view()
    asked.road.replies["deploy"] = Reply("Frozen.", Reason.FROZEN, visibility=Visibility.PRIVATE)
    await asked.slack.submit(view, FILLED, user="U6")
    assert (await asked.slack.message()).channel == "DU6"


async def test_a_modal_of_somebody_else_is_not_ours(asked: Open) -> None:
    await asked.slack.say("deploy")
    view = {**await asked.slack.view(), "callback_id": "other"}
    assert (await asked.slack.submit(view, FILLED)).status == 404
