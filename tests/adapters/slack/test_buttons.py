"""Buttons: each types its command as whoever presses it, or asks for one thing first."""

from __future__ import annotations

import pytest

from bot.dispatch.tokens import tokens, unwire
from bot.model import Button, Reason, Reply, Style, Visibility
from tests.adapters.slack.conftest import Open
from tests.fakes.slack import Shown

CARD = Reply(
    "deploy lab-results 1.4.2 to production waits for approval as REQ-1.",
    Reason.PENDING_APPROVAL,
    title="deploy lab-results 1.4.2 to production?",
    buttons=(
        Button("Approve", "approve REQ-1 --proposal 4f2a", Style.PRIMARY),
        Button("Reject", "reject REQ-1", asks="reason"),
    ),
    visibility=Visibility.PUBLIC,
    topic="REQ-1",
    request="REQ-1",
)
DECIDED = Reply("REQ-1 was approved by anna.", title="deploy lab-results", topic="REQ-1")


async def card(here: Open, thread: str = "") -> Shown:
    """Ask for a deploy; returns the message with its buttons."""
    here.road.replies["deploy"] = CARD
    await here.slack.mention("deploy", thread=thread)
    message = await here.slack.message()
    while "REQ-1" not in here.topics.kept:
        await here.slack.say("help")
    return message


async def test_a_press_types_the_command_as_the_person_who_pressed(here: Open) -> None:
    message = await card(here)
    await here.slack.press("Approve", message, user="U2", trigger_id="9.9.z")
    said = here.road.said[-1]
    assert said.text == "approve REQ-1 --proposal 4f2a"
    assert (said.account.user, said.place.channel, said.delivery) == ("U2", "C1", "slack:9.9.z")


async def test_a_press_types_markup_in_its_command_as_slack_would_have_sent_it(
    here: Open,
) -> None:
    typed = 'deploy x --reason "a &lt; b <@U1> & c"'
    here.road.replies["list"] = Reply(
        "One.", buttons=(Button("Again", typed),), visibility=Visibility.PUBLIC
    )
    await here.slack.say("list")
    await here.slack.press("Again", await here.slack.message())
    assert unwire(here.road.said[-1].text) == typed


async def test_a_press_in_a_thread_speaks_in_that_thread(here: Open) -> None:
    message = await card(here, thread="1700000000.000001")
    await here.slack.press("Approve", message, user="U2")
    assert here.road.said[-1].place.thread == "1700000000.000001"


async def test_a_private_reply_to_a_press_reaches_only_who_pressed(here: Open) -> None:
    message = await card(here)
    refusal = Reply("Not your own request.", Reason.NOT_AUTHORISED, visibility=Visibility.PRIVATE)
    here.road.replies["approve REQ-1 --proposal 4f2a"] = refusal
    answer = await here.slack.press("Approve", message, user="U1")
    assert answer.body == ""
    told = await here.slack.answer()
    assert "not authorised" in told.text
    assert here.slack.answers[0]["response_type"] == "ephemeral"
    assert here.slack.answers[0]["replace_original"] is False
    assert len(here.slack.messages) == 1


async def test_a_decision_replaces_the_buttons_and_makes_no_second_message(here: Open) -> None:
    message = await card(here)
    confirmed = Reply("REQ-1 is approved.", visibility=Visibility.PUBLIC, request="REQ-1")
    here.road.replies["approve REQ-1 --proposal 4f2a"] = confirmed
    pressed = here.slack.pressed("Approve", message, "U2")
    await here.notices.publish("REQ-1", DECIDED)
    await here.slack.send("interactive", pressed)
    assert (await here.slack.answer()).text == "REQ-1 is approved."
    await here.slack.until(lambda: message.buttons == {})
    assert "approved by anna" in message.words
    assert "approved by anna" in message.text
    assert len(here.slack.messages) == 1


async def test_a_press_whose_topic_is_new_here_posts_its_message(here: Open) -> None:
    message = await card(here)
    here.road.replies["approve REQ-1 --proposal 4f2a"] = Reply(
        "Deploying.", visibility=Visibility.PUBLIC, topic="DEP-7"
    )
    await here.slack.press("Approve", message, user="U2")
    assert (await here.slack.message(2)).text == "Deploying."
    await here.door.close()
    assert len(await here.topics.posts("DEP-7")) == 1


async def test_a_button_that_asks_opens_one_field_and_types_the_answer(here: Open) -> None:
    message = await card(here)
    await here.slack.press("Reject", message, user="U2")
    view = await here.slack.view()
    assert [block["block_id"] for block in view["blocks"]] == ["reason"]
    assert len(here.road.said) == sum(1 for said in here.road.said if said.text != "reject REQ-1")
    await here.slack.submit(view, {"reason": "wrong window"}, user="U2")
    said = here.road.said[-1]
    assert said.text == 'reject REQ-1 --reason "wrong window"'
    assert (said.account.user, said.place.channel, said.fields) == ("U2", "C1", None)


@pytest.mark.parametrize(
    "reason",
    [
        'he said "no" & left <b>',
        '\u201cquoted\u201d \u2018it\u2019s\u2019 \u2014 dash \\ back \\" slash',
        "--force now",
        "two\nlines",
        "&lt;literal&gt; &amp;amp;",
        "<@U012|anna> <!channel> <http://a|b>",
    ],
)
async def test_an_answer_reaches_the_parser_byte_for_byte(here: Open, reason: str) -> None:
    message = await card(here)
    await here.slack.press("Reject", message, user="U2")
    await here.slack.submit(await here.slack.view(), {"reason": reason}, user="U2")
    *_, option, last = tokens(here.road.said[-1].text)
    assert option.text == "--reason"
    assert last.quoted
    assert unwire(last.text) == reason


async def test_two_presses_are_two_deliveries_and_one_press_twice_is_one(here: Open) -> None:
    message = await card(here)
    body = here.slack.pressed("Approve", message)
    for _ in range(2):
        await here.slack.send("interactive", dict(body))
    await here.slack.press("Approve", message)
    first, again, other = [said.delivery for said in here.road.said[-3:]]
    assert first == again != other


async def test_a_button_of_somebody_else_is_not_ours(here: Open) -> None:
    message = await card(here)
    message.buttons["Approve"]["action_id"] = "something_else"
    before = len(here.road.said)
    answer = await here.slack.press("Approve", message)
    assert answer.status == 404
    assert len(here.road.said) == before


async def test_a_question_that_can_not_be_asked_is_no_crash(here: Open) -> None:
    message = await card(here)
    answer = await here.slack.press("Reject", message, trigger_id="long.gone.x")
    assert answer.status == 200
    assert here.slack.views == []


async def test_a_press_that_opens_an_address_types_nothing(here: Open) -> None:
    url = "https://wardroom.hospital.example/sign/bcdfghjklmnpqrstvwxz"
    here.road.replies["sign"] = Reply(
        "Sign it.", buttons=(Button("Sign in to sign", url=url),), visibility=Visibility.PUBLIC
    )
    await here.slack.say("sign")
    message = await here.slack.message()
    said = len(here.road.said)
    answer = await here.slack.press("Sign in to sign", message)
    assert answer.status == 200
    assert len(here.road.said) == said
