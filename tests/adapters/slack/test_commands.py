"""Slash commands: answered at once, in private, or for everybody."""

from __future__ import annotations

import asyncio

import pytest

from bot.model import AccountKind, Reason, Reply, Visibility
from tests.adapters.slack.conftest import Open, opened


async def test_a_private_reply_is_the_answer_to_the_command_itself(here: Open) -> None:
    here.road.replies["ci status lab-results"] = Reply("Green.", visibility=Visibility.PRIVATE)
    answer = await here.slack.say("ci status lab-results")
    assert answer.status == 200
    assert answer.json["response_type"] == "ephemeral"
    assert answer.json["text"] == "Green."
    assert answer.words == "Green."
    assert here.slack.messages == []


async def test_the_road_is_told_who_where_and_which_delivery(here: Open) -> None:
    await here.slack.say("help", user="U7", channel="C9", trigger_id="1.2.x")
    [said] = here.road.said
    assert said.text == "help"
    assert (said.account.platform, said.account.user, said.account.tenant) == (
        "slack",
        "U7",
        "T0HOME",
    )
    assert said.account.kind is AccountKind.MEMBER
    assert (said.place.platform, said.place.channel, said.place.thread) == ("slack", "C9", "")
    assert said.delivery == "slack:1.2.x"
    assert said.fields is None


async def test_a_public_reply_is_posted_to_the_channel_and_remembered_by_its_topic(
    here: Open,
) -> None:
    reply = Reply("Deploying.", visibility=Visibility.PUBLIC, topic="DEP-1")
    here.road.replies["deploy lab-results 1.4.2 to test"] = reply
    answer = await here.slack.say("deploy lab-results 1.4.2 to test", channel="C3")
    assert answer.body == ""
    message = await here.slack.message()
    assert (message.channel, message.text) == ("C3", "Deploying.")
    await here.door.close()
    [(place, ref)] = await here.topics.posts("DEP-1")
    assert (place.channel, ref) == ("C3", message.ts)


async def test_a_slow_command_is_acknowledged_and_answered_later(here: Open) -> None:
    here.road.gate = asyncio.Event()
    here.road.replies["slow"] = Reply("At last.", visibility=Visibility.PRIVATE)
    answer = await here.slack.say("slow")
    assert answer.json == {"response_type": "ephemeral", "text": "Working on it."}
    here.road.gate.set()
    late = await here.slack.answer()
    assert late.text == "At last."
    assert here.slack.answers[0]["response_type"] == "ephemeral"
    assert here.slack.answers[0]["replace_original"] is False


async def test_fifty_slow_commands_are_all_acknowledged_while_none_is_done(here: Open) -> None:
    here.road.gate = asyncio.Event()
    answers = await asyncio.gather(*(here.slack.say("slow") for _ in range(50)))
    assert {answer.status for answer in answers} == {200}
    assert len(here.road.said) == 50
    here.road.gate.set()
    await here.slack.answer(50)


async def test_a_verb_of_its_own_is_the_same_command(here: Open) -> None:
    await here.slack.say("lab-results 1.4.2 to test", command="/ops-deploy")
    await here.slack.say("", command="/ops-approvals")
    await here.slack.say("")
    assert [said.text for said in here.road.said] == [
        "deploy lab-results 1.4.2 to test",
        "approvals",
        "",
    ]


async def test_the_command_may_be_called_anything() -> None:
    async with opened(command="/ward") as here:
        await here.slack.say("list", command="/ward-deploy")
        assert (await here.slack.say("list", command="/ops-deploy")).status == 404
    assert [said.text for said in here.road.said] == ["deploy list"]


async def test_a_group_may_have_a_name_of_its_own() -> None:
    async with opened(names={"deploy": "/ship"}) as here:
        await here.slack.say("list", command="/ship")
        await here.slack.say("log 7", command="/ops-ci")
    assert [said.text for said in here.road.said] == ["deploy list", "ci log 7"]


async def test_text_goes_down_the_road_as_slack_wrote_it(here: Open) -> None:
    typed = "page <@U012|anna> in <#C012|> &lt;b&gt; \u201cnow\u201d \u2014reason \u00e9"
    await here.slack.say(typed)
    assert here.road.said[0].text == typed


async def test_five_deliveries_of_one_command_share_an_id_and_show_one_message(
    here: Open,
) -> None:
    reply = Reply("Deploying.", visibility=Visibility.PUBLIC, topic="DEP-1")
    here.road.replies["deploy x"] = reply
    body = here.slack.command("deploy x")
    answers = await asyncio.gather(
        *(here.slack.send("slash_commands", dict(body)) for _ in range(5))
    )
    assert {answer.status for answer in answers} == {200}
    await here.door.close()
    assert len({said.delivery for said in here.road.said}) == 1
    assert len(here.slack.messages) == 1


async def test_without_a_trigger_the_delivery_is_told_by_its_answer_address(here: Open) -> None:
    once = here.slack.command("help", trigger_id="")
    again = here.slack.command("help", trigger_id="")
    for body in (once, once, again):
        await here.slack.send("slash_commands", body)
    first, replayed, second = [said.delivery for said in here.road.said]
    assert first == replayed != second
    assert first.startswith("slack:")


async def test_a_channel_that_we_are_not_in_gets_the_message_by_the_answer_address(
    here: Open,
) -> None:
    here.slack.fail("chat.postMessage", "not_in_channel")
    here.road.replies["deploy x"] = Reply("Deploying.", visibility=Visibility.PUBLIC, topic="DEP-1")
    await here.slack.say("deploy x")
    shown = await here.slack.answer()
    assert shown.text.startswith("Deploying. (This message stays as it is: ")
    assert "Invite me" in shown.words
    assert here.slack.answers[0]["response_type"] == "in_channel"


async def test_what_changes_no_more_does_not_ask_for_an_invitation(here: Open) -> None:
    here.slack.fail("chat.postMessage", "not_in_channel")
    here.road.replies["change open"] = Reply("It is open.", visibility=Visibility.PUBLIC)
    await here.slack.say("change open")
    assert (await here.slack.answer()).text == "It is open."


async def test_a_message_that_slack_can_not_draw_is_shown_as_text(here: Open) -> None:
    here.slack.fail("chat.postMessage", "invalid_blocks")
    here.road.replies["deploy x"] = Reply("Deploying.", visibility=Visibility.PUBLIC)
    await here.slack.say("deploy x")
    message = await here.slack.message()
    assert (message.text, message.blocks) == ("Deploying.", [])


async def test_a_rate_limit_is_waited_out(here: Open) -> None:
    here.slack.limit("chat.postMessage", seconds=0)
    here.road.replies["deploy x"] = Reply("Deploying.", visibility=Visibility.PUBLIC)
    await here.slack.say("deploy x")
    assert (await here.slack.message()).text == "Deploying."
    assert len(here.slack.called("chat.postMessage")) == 2


async def test_an_answer_address_elsewhere_is_never_called(here: Open) -> None:
    here.road.gate = asyncio.Event()
    elsewhere = here.slack.answer_url().replace("127.0.0.1", "localhost")
    await here.slack.say("slow", response_url=elsewhere)
    here.road.gate.set()
    whisper = await here.slack.whisper()
    assert (whisper.user, whisper.text) == ("U1", "You said slow")
    assert here.slack.answers == []


async def test_an_answer_address_older_than_half_an_hour_is_not_used(here: Open) -> None:
    url = here.door._outgoing.answer_url(here.slack.answer_url())
    for _ in range(5):
        assert await here.door._outgoing.answer(url, Reply("One of five."))
    assert not await here.door._outgoing.answer(url, Reply("The sixth."))
    aged = here.door._outgoing.answer_url(here.slack.answer_url())
    here.clock.ahead += aged.until - here.clock.now()
    assert not await here.door._outgoing.answer(aged, Reply("Too late."))
    assert [answer["text"] for answer in here.slack.answers] == ["One of five."] * 5


async def test_an_answer_address_that_fails_is_not_the_end_of_the_answer(here: Open) -> None:
    gone = here.door._outgoing.answer_url(f"{here.slack.base}/nothing/here")
    assert not await here.door._outgoing.answer(gone, Reply("Refused."))
    here.road.gate = asyncio.Event()
    await here.slack.say("slow", response_url=f"{here.slack.base}/nothing/here")
    here.road.gate.set()
    assert (await here.slack.whisper()).text == "You said slow"


async def test_closing_the_door_waits_for_answers_under_way(here: Open) -> None:
    here.road.gate = asyncio.Event()
    await here.slack.say("slow")
    closing = asyncio.create_task(here.door.close())
    await asyncio.sleep(0)
    assert not closing.done()
    here.road.gate.set()
    await closing
    assert here.slack.answers[0]["text"] == "You said slow"


@pytest.mark.parametrize("reason", [Reason.PHI_BLOCKED])
async def test_what_the_guard_stopped_is_never_shown_to_everybody(
    here: Open, reason: Reason
) -> None:
    here.road.replies["x"] = Reply("Stopped.", reason, visibility=Visibility.PUBLIC)
    answer = await here.slack.say("x")
    assert answer.json["response_type"] == "ephemeral"


async def test_a_failure_of_ours_is_said_under_a_reference(
    here: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(_: object) -> Reply:
        raise RuntimeError("MRN 12345678 is in these words")

    monkeypatch.setattr(here.road, "handle", broken)
    answer = await here.slack.say("help")
    assert answer.status == 200
    assert answer.json["text"].startswith("Something failed (ref ")
    assert "12345678" not in answer.body
