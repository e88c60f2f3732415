"""Home: what waits for me, what I asked for, what runs, and what I can start from there."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.adapters.slack import Sources
from bot.adapters.slack.payload import Speaker
from bot.errors import StoreFailed
from bot.model import (
    Form,
    Input,
    Place,
    Principal,
    Reason,
    Reply,
    Step,
    StepState,
    Visibility,
)
from bot.render.home import Entry, Section
from tests.adapters.slack.conftest import MemoryTopics, Open, opened
from tests.adapters.slack.estate import Estate, card, deploy, request

FORM = Form("deploy", "Deploy a version", (Input("version", "Version"),))


@pytest.fixture
def estate() -> Estate:
    """Something waits for Anna, something she asked for, and something runs."""
    return Estate(for_me=[request(1, "ben")], mine=[request(2)], running=[deploy()])


@pytest.fixture
async def at(estate: Estate) -> AsyncIterator[Open]:
    """A door whose Home shows the estate."""
    async with opened(sources=estate.sources) as here:
        here.topics.kept |= {"REQ-1": (card(1), 1), "REQ-2": (card(2), 1)}
        here.topics.kept["DEP-3"] = (Reply("deploying pacs 1.4.2.", title="DEP-3 pacs"), 1)
        yield here


async def test_home_shows_what_waits_what_i_asked_for_and_what_runs(at: Open) -> None:
    answer = await at.slack.open_home()
    assert (answer.status, answer.body) == (200, "")
    home = await at.slack.home()
    assert home.user == "U1"
    for said in ("Hello Anna.", "REQ-1, asked by ben", "REQ-2, asked by anna", "deploying pacs"):
        assert said in home.words
    assert list(home.buttons) == [
        "Do deploy",
        "Do rollback",
        "Do help",
        "Approve",
        "Reject",
        "Cancel",
    ]
    assert home.buttons["Approve"]["value"] == "approve REQ-1 --proposal 4f2a"
    assert home.buttons["Cancel"]["value"] == "cancel REQ-2"
    assert "confirm" in home.buttons["Cancel"]


async def test_only_what_the_person_may_type_is_offered_and_shown(estate: Estate, at: Open) -> None:
    estate.names = ("help",)
    await at.slack.open_home()
    home = await at.slack.home()
    assert list(home.buttons) == ["Do help"]
    assert "REQ-1" not in home.words
    assert "DEP-3" not in home.words
    assert estate.asked == 0


async def test_nothing_is_typed_by_looking(at: Open) -> None:
    await at.slack.open_home()
    await at.slack.home()
    assert at.road.said == []


async def test_our_other_tab_is_not_home(at: Open) -> None:
    await at.slack.open_home(tab="messages")
    await at.slack.open_home(user="U2")
    assert (await at.slack.home()).user == "U2"


async def test_somebody_nobody_knows_sees_one_sentence(at: Open) -> None:
    await at.slack.open_home(user="U7")
    home = await at.slack.home()
    assert "do not know whose account" in home.words
    assert home.buttons == {}


async def test_a_press_on_home_types_its_command_in_the_persons_own_chat(at: Open) -> None:
    await at.slack.open_home()
    home = await at.slack.home()
    at.road.replies["approve REQ-1 --proposal 4f2a"] = Reply(
        "REQ-1 is approved.", visibility=Visibility.PUBLIC, request="REQ-1"
    )
    answer = await at.slack.press("Approve", home)
    assert answer.status == 200
    told = await at.slack.message()
    assert (told.channel, told.text) == ("DU1", "REQ-1 is approved.")
    [said] = at.road.said
    assert (said.text, said.account.user) == ("approve REQ-1 --proposal 4f2a", "U1")
    assert said.place.channel == "DU1"


async def test_after_a_press_home_is_drawn_again_without_what_is_decided(
    at: Open, estate: Estate
) -> None:
    await at.slack.open_home()
    home = await at.slack.home()
    estate.for_me = []
    await at.slack.press("Approve", home)
    again = await at.slack.home(2)
    assert "Approve" not in again.buttons
    assert "Nothing waits for you." in again.words


async def test_a_quick_action_opens_its_form_and_its_request_is_edited_in_my_own_chat(
    at: Open,
) -> None:
    await at.slack.open_home()
    at.road.replies["deploy"] = Reply("Which?", Reason.BAD_INPUT, form=FORM)
    await at.slack.press("Do deploy", await at.slack.home())
    view = await at.slack.view()
    at.road.replies["deploy"] = replace(card(9), visibility=Visibility.PUBLIC)
    await at.slack.submit(view, {"version": "1.4.2"})
    message = await at.slack.message()
    assert (message.channel, at.road.said[-1].place.channel) == ("DU1", "DU1")
    while "REQ-9" not in at.topics.shown:
        await at.slack.say("help")
    await at.notices.publish("REQ-9", Reply("REQ-9 was approved."))
    assert message.text == "REQ-9 was approved."


async def test_a_button_on_home_that_asks_opens_its_question(at: Open) -> None:
    await at.slack.open_home()
    await at.slack.press("Reject", await at.slack.home())
    await at.slack.submit(await at.slack.view(), {"reason": "wrong window"})
    assert at.road.said[-1].text == 'reject REQ-1 --reason "wrong window"'


async def test_home_is_drawn_again_for_who_has_it_open_when_a_topic_changes(
    at: Open, estate: Estate
) -> None:
    await at.slack.open_home()
    await at.slack.home()
    estate.for_me = [request(5, "ben")]
    at.door.topic_changed("REQ-5")
    assert "REQ-5" in (await at.slack.home(2)).words


async def test_a_page_that_stayed_the_same_is_not_sent_again(at: Open, estate: Estate) -> None:
    await at.slack.open_home()
    await at.slack.home()
    for _ in range(3):
        at.door.topic_changed("DEP-9")
        await asyncio.wait(set(at.door._homes._working.values()))
    assert estate.asked > 1
    assert len(at.slack.homes) == 1


async def test_between_two_drawings_of_one_home_there_is_a_rest_and_the_newest_wins(
    at: Open, estate: Estate
) -> None:
    estate.gate = asyncio.Event()
    await at.slack.open_home()
    for number in range(2, 30):
        estate.for_me = [request(number)]
        await at.door.refresh_home(["U1"])
    estate.gate.set()
    await at.slack.until(lambda: any("REQ-29" in str(view) for _, view in at.slack.homes))
    assert len(at.slack.homes) <= 2
    assert set(at.rests) <= {3.0, 0.05}


async def test_a_step_of_a_deploy_redraws_nobodys_home(at: Open, estate: Estate) -> None:
    await at.slack.open_home()
    await at.slack.home()
    shown, place = Reply("deploying pacs 1.4.2.", title="DEP-3 pacs"), Place("slack-home")
    await at.door.home.edit(place, "DEP-3", shown)
    await asyncio.wait(set(at.door._homes._working.values()))
    asked = estate.asked
    step = replace(shown, progress=(Step("Deploy job", StepState.RUNNING),))
    await at.door.home.edit(place, "DEP-3", step)
    assert at.door._homes._working == {}
    await at.door.home.edit(place, "DEP-3", replace(step, text="pacs 1.4.2 is done."))
    await asyncio.wait(set(at.door._homes._working.values()))
    assert estate.asked == asked + 1


async def test_more_than_a_page_holds_is_counted(at: Open, estate: Estate) -> None:
    estate.for_me = [request(number) for number in range(1, 31)]
    await at.slack.open_home()
    assert "There are 20 more: type `approvals`." in (await at.slack.home()).words


async def test_who_never_opened_home_has_none(at: Open) -> None:
    await at.door.refresh_home(["U1", "U2"])
    at.door.topic_changed("REQ-1")
    assert at.door._homes._working == {}


async def test_a_home_that_was_opened_long_ago_is_not_kept_current(at: Open) -> None:
    await at.slack.open_home()
    await at.slack.home()
    at.clock.ahead = timedelta(minutes=31)
    at.door.topic_changed("REQ-1")
    assert at.door._homes._open == {}


async def test_only_so_many_homes_are_kept_current(at: Open) -> None:
    for number in range(105):
        at.door._homes.opened(Speaker(f"U{number}", "T0HOME"))
    assert len(at.door._homes._open) == 100
    await at.door.close()


async def test_slack_does_not_wait_for_a_home_that_takes_for_ever(at: Open, estate: Estate) -> None:
    estate.gate = asyncio.Event()
    answer = await at.slack.open_home()
    assert (answer.status, at.slack.homes) == (200, [])
    estate.gate.set()
    assert "REQ-1" in (await at.slack.home()).words


async def test_a_home_that_slack_refuses_is_drawn_again_when_it_is_opened_again(at: Open) -> None:
    at.slack.fail("views.publish", "not_enabled")
    await at.slack.open_home()
    await at.slack.until(lambda: len(at.slack.called("views.publish")) == 1)
    await at.slack.open_home()
    assert "Hello Anna." in (await at.slack.home()).words


class BrokenOnce(MemoryTopics):
    """A store that fails when it is read first."""

    is_broken = True

    async def recent(self, *, limit: int = 20) -> Sequence[tuple[str, Reply]]:
        if self.is_broken:
            self.is_broken = False
            raise StoreFailed("the disk is full")
        return await super().recent(limit=limit)


async def test_what_another_replica_decides_is_seen_on_home(estate: Estate) -> None:
    topics = BrokenOnce()
    async with opened(sources=replace(estate.sources, topics=topics)) as here:
        await here.slack.open_home()
        assert "REQ-1" in (await here.slack.home()).words
        # Nobody tells this process: only the stores know.
        estate.for_me = []
        await topics.put("REQ-1", Reply("Ben rejected it.", topic="REQ-1"))
        await here.slack.until(lambda: len(here.slack.homes) == 2)
        assert "REQ-1" not in (await here.slack.home(2)).words


async def test_nobody_looks_while_no_home_is_open(estate: Estate) -> None:
    async with opened(sources=replace(estate.sources, topics=MemoryTopics())) as here:
        await here.slack.open_home()
        await here.slack.home()
        watching = here.door._homes._watching
        assert watching is not None
        here.clock.ahead = timedelta(minutes=31)
        await asyncio.wait({watching})
        assert here.door._homes._open == {}
        here.clock.ahead = timedelta()
        await here.slack.open_home()
        await here.slack.home(2)
        assert here.door._homes._watching is not watching


async def test_more_sections_can_be_added() -> None:
    async def incidents(person: Principal) -> Section:
        entry = Entry("INC-4 Results are late", f"for {person.id}")
        return Section("Open incidents", (entry,), "None is open.", "incident list")

    plain = Estate().sources
    more = Sources(plain.directory, plain.manual, plain.approvals, plain.deploys, (incidents,))
    async with opened(sources=more) as here:
        await here.slack.open_home()
        assert "INC-4 Results are late" in (await here.slack.home()).words


async def test_without_an_estate_home_says_how_to_begin() -> None:
    async with opened() as here:
        await here.slack.open_home()
        assert list((await here.slack.home()).buttons) == ["Help"]
