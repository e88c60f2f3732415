"""Shortcuts: a command of their own, or any command typed or chosen in a form."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from bot.model import Form, Input, Place, Reason, Reply, Visibility
from tests.adapters.slack.conftest import Open, opened
from tests.adapters.slack.estate import NAMES, Estate

FORM = Form("deploy", "Deploy a version", (Input("version", "Version"),))
ASKED = Reply("Which?", Reason.BAD_INPUT, form=FORM, visibility=Visibility.PRIVATE)


@pytest.fixture
async def known() -> AsyncIterator[Open]:
    """A door that knows which commands a person may type."""
    async with opened(sources=Estate().sources) as here:
        yield here


async def test_deploy_a_service_opens_the_form_of_deploy(here: Open) -> None:
    here.road.replies["deploy"] = ASKED
    answer = await here.slack.choose("types:deploy")
    assert (answer.status, answer.body) == (200, "")
    view = await here.slack.view()
    assert view["title"]["text"] == "Deploy a version"
    here.road.replies["deploy"] = Reply("Deploying.", visibility=Visibility.PUBLIC)
    await here.slack.submit(view, {"version": "1.4.2"})
    assert (await here.slack.message()).channel == "DU1"


async def test_any_command_can_be_typed(here: Open) -> None:
    await here.slack.choose("run")
    view = await here.slack.view()
    assert [block["block_id"] for block in view["blocks"]] == ["line"]
    await here.slack.submit(view, {"line": 'deploy status DEP-3 --note "a < b & <@U1>"'})
    [said] = here.road.said
    assert said.text == 'deploy status DEP-3 --note "a &lt; b &amp; &lt;@U1&gt;"'
    assert (said.fields, said.place) == (None, Place("slack", "DU1"))
    assert (await here.slack.message()).text.startswith("You said deploy status DEP-3")


@pytest.mark.parametrize("typed", ["/ops deploy list", "/ops-deploy list", " deploy list "])
async def test_a_slash_command_may_stand_before_it(here: Open, typed: str) -> None:
    await here.slack.choose("run")
    await here.slack.submit(await here.slack.view(), {"line": typed})
    assert here.road.said[0].text == "deploy list"


async def test_a_command_can_be_chosen_of_those_that_the_person_may_type(known: Open) -> None:
    await known.slack.choose("run")
    view = await known.slack.view()
    [_, choice] = view["blocks"]
    assert tuple(o["value"] for o in choice["element"]["options"]) == NAMES
    await known.slack.submit(view, {"choice": "help"})
    assert known.road.said[0].text == "help"


async def test_a_form_with_nothing_in_it_says_so_and_stays(known: Open) -> None:
    await known.slack.choose("run")
    answer = await known.slack.submit(await known.slack.view(), {})
    assert answer.json["response_action"] == "errors"
    assert answer.json["errors"] == {"line": "Type a command, or choose one."}
    assert known.road.said == []


async def test_what_needs_more_becomes_its_own_form(known: Open) -> None:
    known.road.replies["deploy"] = ASKED
    await known.slack.choose("run")
    answer = await known.slack.submit(await known.slack.view(), {"choice": "deploy"})
    assert answer.json["response_action"] == "update"
    view = answer.json["view"]
    assert [block["block_id"] for block in view["blocks"]] == ["version"]
    await known.slack.submit(view, {"version": "1.4.2"})
    assert (known.road.said[-1].text, known.road.said[-1].fields) == (
        "deploy",
        {"version": "1.4.2"},
    )


async def test_a_line_that_is_not_understood_is_mended_in_the_form(known: Open) -> None:
    known.road.replies["deplyo"] = Reply("Did you mean `deploy`?", Reason.BAD_INPUT)
    await known.slack.choose("run")
    answer = await known.slack.submit(await known.slack.view(), {"line": "deplyo"})
    assert answer.json["errors"] == {"line": "Did you mean `deploy`?"}


async def test_on_a_message_a_command_runs_in_that_messages_thread(here: Open) -> None:
    await here.slack.mention("hello")
    await here.door.post(Place("slack", "C1"), Reply("REQ-1 waits."))
    message = await here.slack.message()
    await here.slack.choose("run", message=message)
    here.road.replies["ci status"] = Reply("Green.", visibility=Visibility.PUBLIC)
    await here.slack.submit(await here.slack.view(), {"line": "ci status"})
    assert here.road.said[-1].place == Place("slack", "C1", message.ts)
    answer = await here.slack.message(2)
    assert (answer.channel, answer.thread) == ("C1", message.ts)


async def test_one_choice_delivered_twice_is_one_delivery(here: Open) -> None:
    for _ in range(2):
        await here.slack.choose("types:help", trigger_id="7.7.t")
    assert {said.delivery for said in here.road.said} == {"slack:7.7.t"}


async def test_slack_does_not_wait_for_a_shortcut_that_takes_for_ever(here: Open) -> None:
    here.road.gate = asyncio.Event()
    answer = await here.slack.choose("types:deploy")
    assert (answer.status, answer.body) == (200, "")
    here.road.gate.set()
    assert (await here.slack.message()).text == "You said deploy"


async def test_a_shortcut_of_another_app_is_not_ours(here: Open) -> None:
    assert (await here.slack.choose("something_else")).status == 404
    assert here.road.said == []
