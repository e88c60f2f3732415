"""Buttons: each types its command as whoever presses it, and Teams gets an answer of ours."""

from __future__ import annotations

import asyncio

import pytest

from bot.adapters.teams import Patience
from bot.dispatch.tokens import tokens
from bot.model import (
    AccountKind,
    Button,
    Form,
    Input,
    Invocation,
    Place,
    Reason,
    Reply,
    Style,
    Visibility,
)
from tests.adapters.teams.conftest import Open, opened, restarted
from tests.fakes.teams import Shown, activities
from tests.fakes.teams.activities import CHANNEL

MESSAGE = "application/vnd.microsoft.activity.message"
ERROR = "application/vnd.microsoft.error"
CARD_TYPE = "application/vnd.microsoft.card.adaptive"
APPROVE = "approve REQ-1 --proposal 4f2a"
PUBLIC, PRIVATE = Visibility.PUBLIC, Visibility.PRIVATE
CARD = Reply(
    "deploy lab-results 1.4.2 to production waits for approval as REQ-1.",
    Reason.PENDING_APPROVAL,
    title="deploy lab-results 1.4.2 to production?",
    buttons=(
        Button("Approve", APPROVE, Style.PRIMARY),
        Button("Reject", "reject REQ-1", asks="reason"),
    ),
    visibility=PUBLIC,
    topic="REQ-1",
    request="REQ-1",
)
FORM = Form("deploy", "Deploy", (Input("version", "Version"),))
DECIDED = Reply("REQ-1 was approved by anna.", title="deploy lab-results", topic="REQ-1")


async def card(here: Open, where: str = "channel") -> Shown:
    """Ask for a deploy; returns the message with its buttons, remembered as shown."""
    here.road.replies["deploy"] = CARD
    await here.teams.say("deploy", where=where)
    message = await here.teams.message()
    while not here.topics.shown["REQ-1"]:  # noqa: ASYNC110 - remembered after it was posted
        await asyncio.sleep(0.001)
    return message


# --- what a press types ------------------------------------------------------------------------


async def test_a_press_types_the_command_as_the_person_who_pressed(here: Open) -> None:
    message = await card(here)
    await here.teams.press("Approve", message, user="ben")
    said = here.road.said[-1]
    assert said.text == APPROVE
    assert (said.account.user, said.account.kind) == ("ben", AccountKind.MEMBER)
    assert said.place == here.road.said[0].place
    assert said.delivery.startswith("teams:")


async def test_a_press_that_teams_sends_again_is_the_same_delivery(here: Open) -> None:
    message = await card(here)
    for _ in range(2):
        await here.teams.press("Approve", message, user="ben", id="f:1")
    assert here.road.said[-1].delivery == here.road.said[-2].delivery


@pytest.mark.parametrize(
    "reason",
    ["wrong window", 'he said "no" & left <b>', "\u201ccurly\u201d \u2013 back\\ slash \\"],
)
async def test_a_button_that_asks_types_what_was_answered(here: Open, reason: str) -> None:
    message = await card(here)
    await here.teams.press("Reject", message, user="ben", values={"reason": reason})
    assert [word.text for word in tokens(here.road.said[-1].text)] == [
        "reject",
        "REQ-1",
        "--reason",
        reason,
    ]


async def test_a_client_without_execute_sends_a_message_that_types_the_same(here: Open) -> None:
    message = await card(here)
    refusal = Reply("Not your own request.", Reason.NOT_AUTHORISED, visibility=PRIVATE)
    here.road.replies[APPROVE] = refusal
    answer = await here.teams.press("Approve", message, user="anna", fallback=True)
    assert (answer.status, answer.body) == (202, "")
    whispered = await here.teams.message(2)
    assert here.road.said[-1].text == APPROVE
    assert (whispered.to, "Not your own request." in whispered.words) == ("29:anna", True)


async def test_an_answered_question_comes_by_fallback_too(here: Open) -> None:
    message = await card(here)
    values = {"reason": "wrong window"}
    await here.teams.press("Reject", message, user="ben", values=values, fallback=True)
    await here.teams.message(2)
    assert here.road.said[-1].text == 'reject REQ-1 --reason "wrong window"'


# --- what Teams is answered --------------------------------------------------------------------


async def test_a_short_private_reply_is_told_in_the_answer_and_nowhere_else(here: Open) -> None:
    message = await card(here)
    here.road.replies[APPROVE] = Reply("Not your own request.", Reason.NOT_AUTHORISED)
    answer = await here.teams.press("Approve", message, user="anna")
    assert answer.status == 200
    assert (answer.json["statusCode"], answer.json["type"]) == (200, MESSAGE)
    assert "Not your own request." in answer.json["value"]
    await here.door.close()
    assert here.teams.messages == [message]


async def test_a_long_private_reply_is_whispered_as_well(here: Open) -> None:
    message = await card(here)
    here.road.replies[APPROVE] = Reply("Twice.", fields=(("Window", "Tuesday"),))
    await here.teams.press("Approve", message, user="anna")
    whispered = await here.teams.message(2)
    assert (whispered.to, "Tuesday" in whispered.words) == ("29:anna", True)


async def test_a_decision_replaces_the_buttons_for_everybody_and_makes_no_second_message(
    here: Open,
) -> None:
    message = await card(here)

    async def deciding(invocation: Invocation) -> Reply:
        assert invocation.text == APPROVE
        await here.notices.publish("REQ-1", DECIDED)
        return Reply("REQ-1 is approved.", visibility=PUBLIC, request="REQ-1")

    here.road.handle = deciding  # type: ignore[method-assign]  # decides, as the road does
    answer = await here.teams.press("Approve", message, user="ben")
    assert answer.json["value"] == "REQ-1 is approved."
    await here.door.close()
    assert message.buttons == {}
    assert "approved by anna" in message.words
    assert here.teams.messages == [message]


async def test_a_press_whose_topic_is_new_here_posts_its_message(here: Open) -> None:
    message = await card(here)
    here.road.replies[APPROVE] = Reply("Deploying.", visibility=PUBLIC, topic="DEP-7")
    await here.teams.press("Approve", message, user="ben")
    assert (await here.teams.message(2)).words == "Deploying."
    await here.door.close()
    assert len(await here.topics.posts("DEP-7")) == 1


async def test_a_press_on_a_message_that_began_its_thread_shows_its_topic_only_once(
    here: Open,
) -> None:
    await card(here)
    place = Place("teams", CHANNEL)
    await here.notices.announce("REQ-1", place)
    began = await here.teams.message(2)
    assert began.conversation == f"{CHANNEL};messageid={began.id}"
    here.road.replies[APPROVE] = Reply("Approved.", visibility=PUBLIC, request="REQ-1")
    await here.teams.press("Approve", began, user="ben")
    await here.door.close()
    assert here.road.said[-1].place == Place("teams", CHANNEL, began.id)
    assert len(here.teams.messages) == 2


async def test_a_press_that_takes_longer_is_acknowledged_and_answered_later() -> None:
    async with opened(patience=Patience(message=30, invoke=0.05)) as here:
        message = await card(here)
        here.road.gate = asyncio.Event()
        answer = await here.teams.press("Approve", message, user="ben")
        assert (answer.json["type"], answer.json["value"]) == (MESSAGE, "Working on it.")
        here.road.gate.set()
        later = await here.teams.message(2)
        assert (later.to, later.words) == ("29:ben", f"You said {APPROVE}")


async def test_a_press_of_what_needs_a_form_sends_the_form(here: Open) -> None:
    message = await card(here)
    here.road.replies[APPROVE] = Reply("Which?", Reason.BAD_INPUT, form=FORM)
    answer = await here.teams.press("Approve", message, user="ben")
    assert "form" in answer.json["value"]
    sent = await here.teams.message(2)
    assert (sent.to, list(sent.buttons)) == ("29:ben", ["Fill in the form"])


@pytest.mark.parametrize(
    "value",
    [
        None,
        "x",
        {},
        {"action": {}},
        {"action": {"verb": "types", "data": {}}},
        {"action": {"verb": "types", "data": {"types": 7}}},
        {"action": {"verb": "types", "data": "deploy"}},
        {"action": {"verb": "other", "data": {"types": "deploy"}}},
        {"action": {"verb": 7, "data": [1]}},
    ],
    ids=str,
)
async def test_what_is_no_button_of_ours_is_refused_and_types_nothing(
    here: Open, value: object
) -> None:
    body = activities.executed(here.teams, {}, "anna", "personal")
    answer = await here.teams.send({**body, "value": value})
    assert answer.status == 200
    assert (answer.json["statusCode"], answer.json["type"]) == (400, ERROR)
    assert here.road.said == []


async def test_an_invoke_that_is_not_known_is_not_implemented(here: Open) -> None:
    body = activities.executed(here.teams, {}, "anna", "personal", name="composeExtension/query")
    assert (await here.teams.send(body)).status == 501


async def test_a_press_that_fails_in_us_is_said_under_a_reference(here: Open) -> None:
    message = await card(here)

    async def failing(invocation: Invocation) -> Reply:
        raise RuntimeError("a secret")

    here.road.handle = failing  # type: ignore[method-assign]  # the road never raises; if it did
    answer = await here.teams.press("Approve", message)
    assert (answer.status, answer.json["statusCode"], answer.json["type"]) == (200, 500, ERROR)
    assert "ref" in answer.json["value"]["message"]
    assert "secret" not in answer.body


# --- refresh -----------------------------------------------------------------------------------


async def test_a_refresh_is_answered_with_the_newest_card(here: Open) -> None:
    message = await card(here)
    await here.topics.put("REQ-1", DECIDED)
    assert message.card["refresh"]["userIds"] == ["29:anna"]
    answer = await here.teams.refresh(message)
    assert (answer.json["statusCode"], answer.json["type"]) == (200, CARD_TYPE)
    shown = Shown("", "", {"attachments": [{"content": answer.json["value"]}]})
    assert "approved by anna" in shown.words


async def test_an_edited_card_still_refreshes_for_who_asked(here: Open) -> None:
    message = await card(here)
    await here.notices.publish("REQ-1", DECIDED)
    await here.teams.until(lambda: message.buttons == {})
    assert message.card["refresh"]["userIds"] == ["29:anna"]


@pytest.mark.parametrize("where", ["personal", "channel"])
async def test_a_refresh_finds_its_topic_after_a_restart(here: Open, where: str) -> None:
    message = await card(here, where=where)
    await here.door._tasks.close(10)
    async with restarted(here):
        await here.topics.put("REQ-1", DECIDED)
        answer = await here.teams.refresh(message)
        assert answer.json["statusCode"] == 200
        assert "approved by anna" in answer.body
        message.card["refresh"]["action"]["data"]["topic"] = "REQ-2"
        await here.topics.put("REQ-2", Reply("Somebody else's lab-results."))
        answer = await here.teams.refresh(message)
        assert answer.json["statusCode"] == 404


async def test_a_refresh_is_answered_before_the_store_knows_the_message(here: Open) -> None:
    message = await card(here)
    here.topics.shown.clear()
    assert (await here.teams.refresh(message)).json["statusCode"] == 200


async def test_a_refresh_of_what_is_not_known_any_more_says_so(here: Open) -> None:
    message = await card(here)
    here.topics.kept.clear()
    answer = await here.teams.refresh(message)
    assert (answer.json["statusCode"], answer.json["type"]) == (404, ERROR)
    assert "outdated" in answer.json["value"]["message"]


@pytest.mark.parametrize("topic", ["REQ-2", 7, None, ["REQ-2"]])
async def test_a_refresh_gives_no_other_topic_than_the_card_shows(
    here: Open, topic: object
) -> None:
    message = await card(here)
    await here.topics.put("REQ-2", Reply("Somebody else's lab-results."))
    message.card["refresh"]["action"]["data"]["topic"] = topic
    answer = await here.teams.refresh(message)
    assert answer.json["statusCode"] == 404
    assert "lab-results" not in answer.body


@pytest.mark.parametrize(
    "member", [{"userRole": "guest"}, {"tenantId": "99999999-0000-0000-0000-000000000000"}], ids=str
)
async def test_a_refresh_shows_nothing_to_an_outsider(
    here: Open, member: dict[str, object]
) -> None:
    message = await card(here)
    here.teams.users["eve"] = {"member": member}
    answer = await here.teams.refresh(message, user="eve")
    assert (answer.json["statusCode"], answer.json["type"]) == (403, ERROR)
    assert "lab-results" not in answer.body
