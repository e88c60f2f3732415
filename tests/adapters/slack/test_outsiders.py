"""Outsiders: one private sentence for whatever they try, and it is on the record."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from bot.adapters.slack.accounts import FRESH
from bot.adapters.slack.payload import Speaker
from bot.adapters.slack.talk import OUTSIDER
from bot.model import (
    AccountKind,
    Button,
    Form,
    Input,
    Place,
    Reason,
    Reply,
    Visibility,
)
from tests.adapters.slack.conftest import Open, opened
from tests.adapters.slack.estate import Estate, request

FORM = Form("deploy", "Deploy", (Input("service", "Service", choices=("lab-results", "pacs")),))
OUTSIDERS: dict[str, dict[str, Any]] = {
    "a guest": {"is_restricted": True},
    "a guest of one channel": {"is_ultra_restricted": True},
    "a stranger": {"is_stranger": True},
    "somebody of another workspace": {"team_id": "T9OTHER"},
    "somebody who left": {"deleted": True},
    "a bot": {"is_bot": True},
}
BUTTONS = (Button("Approve", "approve REQ-1"), Button("Reject", "reject REQ-1", asks="reason"))


@pytest.fixture(params=sorted(OUTSIDERS))
def outsider(request: pytest.FixtureRequest, here: Open) -> Open:
    """A door at which U9 is an outsider of one kind."""
    here.slack.users["U9"] = OUTSIDERS[request.param]
    return here


async def test_a_command_is_refused_in_one_private_sentence_and_recorded(outsider: Open) -> None:
    outsider.road.replies["deploy pacs"] = Reply(
        "lab-results is deploying.", visibility=Visibility.PUBLIC, topic="DEP-1"
    )
    answer = await outsider.slack.say("deploy pacs", user="U9")
    assert answer.json["response_type"] == "ephemeral"
    assert OUTSIDER.text in answer.words
    assert "lab-results" not in answer.body
    [said] = outsider.road.said
    assert said.account.kind is not AccountKind.MEMBER


async def test_a_form_is_not_opened_for_them_nor_its_choices_shown(outsider: Open) -> None:
    outsider.road.replies["deploy"] = Reply("Which service?", Reason.BAD_INPUT, form=FORM)
    answer = await outsider.slack.say("deploy", user="U9")
    assert OUTSIDER.text in answer.words
    assert outsider.slack.called("views.open") == []


@pytest.mark.parametrize("label", ["Approve", "Reject"])
async def test_a_press_is_refused_and_recorded_and_opens_no_question(
    outsider: Open, label: str
) -> None:
    await outsider.door.post(Place("slack", "C1"), Reply("It waits.", buttons=BUTTONS))
    await outsider.slack.press(label, await outsider.slack.message(), user="U9")
    assert OUTSIDER.text in (await outsider.slack.answer()).text
    assert outsider.slack.called("views.open") == []
    assert len(outsider.road.said) == 1


async def test_a_submission_is_refused(outsider: Open) -> None:
    outsider.road.replies["deploy"] = Reply("Which service?", Reason.BAD_INPUT, form=FORM)
    await outsider.slack.say("deploy", user="U1")
    view = await outsider.slack.view()
    answer = await outsider.slack.submit(view, {"service": "pacs"}, user="U9")
    assert answer.body == ""
    assert OUTSIDER.text in (await outsider.slack.whisper()).text


async def test_a_shortcut_is_refused(outsider: Open) -> None:
    await outsider.slack.choose("run", user="U9")
    assert OUTSIDER.text in (await outsider.slack.message()).text
    await outsider.slack.choose("types:deploy", user="U9")
    assert OUTSIDER.text in (await outsider.slack.message(2)).text
    assert outsider.slack.called("views.open") == []


async def test_home_is_one_sentence_for_them() -> None:
    estate = Estate(people={"U9": "Anna"}, for_me=[request()])
    async with opened(sources=estate.sources) as here:
        here.slack.users["U9"] = {"deleted": True}
        await here.slack.open_home(user="U9")
        home = await here.slack.home()
    assert home.words == OUTSIDER.text
    assert home.buttons == {}
    assert estate.asked == 0


async def test_that_it_looks_like_patient_data_is_said_to_outsiders_too(here: Open) -> None:
    here.slack.users["U9"] = {"is_restricted": True}
    here.road.replies["x"] = Reply("This looks like patient data.", Reason.PHI_BLOCKED)
    assert "patient data" in (await here.slack.say("x", user="U9")).words


async def changed(here: Open, kind: str, **profile: object) -> None:
    """Change U1's account and have Slack say so."""
    here.slack.users["U1"] = profile
    user = {"id": "U1", "team_id": here.slack.team, **profile}
    answer = await here.slack.tell({"type": kind, "user": user, "event_ts": here.slack.ts()})
    assert (answer.status, answer.body) == (200, "")


@pytest.mark.parametrize("kind", ["user_change", "team_join"])
@pytest.mark.parametrize("profile", [{"deleted": True}, {"is_restricted": True}])
async def test_who_was_deactivated_or_made_a_guest_is_an_outsider_at_once(
    here: Open, kind: str, profile: dict[str, object]
) -> None:
    await here.slack.say("help")
    await changed(here, kind, **profile)
    assert OUTSIDER.text in (await here.slack.say("help")).words
    await changed(here, kind)
    assert (await here.slack.say("help")).words == "You said help"


async def test_an_answer_on_its_way_when_the_account_changes_is_not_believed(here: Open) -> None:
    gate = here.slack.hold("users.info")
    asking = asyncio.create_task(here.slack.say("help"))
    await asyncio.sleep(0)
    while "U1" not in here.door._accounts._asking:  # noqa: ASYNC110 - there is nothing to wait on
        await asyncio.sleep(0)
    await changed(here, "user_change", deleted=True)
    gate.set()
    await asking
    assert len(here.slack.called("users.info")) == 2
    assert here.road.said[0].account.kind is AccountKind.EXTERNAL


async def test_home_of_somebody_deactivated_is_drawn_again_as_a_sentence() -> None:
    async with opened(sources=Estate().sources) as here:
        await here.slack.open_home()
        assert "Hello Anna." in (await here.slack.home()).words
        await changed(here, "user_change", deleted=True)
        assert (await here.slack.home(2)).words == OUTSIDER.text


async def test_without_such_events_an_account_is_asked_about_every_two_minutes(here: Open) -> None:
    assert timedelta(minutes=2) == FRESH
    await here.slack.say("help")
    here.slack.users["U1"] = {"deleted": True}
    here.clock.ahead = timedelta(minutes=2)
    account = await here.door._accounts.account(Speaker("U1", "T0HOME"))
    assert account.kind is AccountKind.EXTERNAL
