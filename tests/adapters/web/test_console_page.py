"""The console in a real browser, used with the mouse, the keyboard and a phone."""

from __future__ import annotations

import asyncio

import pytest
from playwright.async_api import Browser, Page, Route, expect

from bot.dispatch.tokens import tokens
from bot.model import Reason, Reply, StepState
from tests.adapters.web import replies
from tests.adapters.web.accessible import problems
from tests.adapters.web.house import House, serving
from tests.browser import watch

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

DONE, RUNNING, WAITING = StepState.DONE, StepState.RUNNING, StepState.WAITING


async def enter(page: Page, house: House, person: str = "engineer") -> None:
    """Open the console as a person, with the stream open."""
    await page.goto(house.url)
    await page.get_by_label("You are").select_option(person)
    await expect(page.locator("#link")).to_have_text("Live")


# A message that is also shown live may come before the answer, which then takes its place.
ANSWER = "article:not(.working)"


async def send(page: Page, line: str) -> None:
    """Type a line and send it."""
    await page.get_by_label("Command").fill(line)
    await page.get_by_label("Command").press("Enter")


async def test_a_typed_command_shows_its_reply(house: House, page: Page) -> None:
    house.say["help"] = Reply("You can type these.", items=("deploy", "approvals"))
    await enter(page, house)
    await send(page, "help")
    await expect(page.locator(ANSWER)).to_contain_text("You can type these.")
    await expect(page.locator(".said")).to_contain_text("engineer")
    await expect(page.locator("#announcer")).to_contain_text("You can type these.")
    assert house.road.lines == ["help"]
    assert house.road.heard[0].account.user == "engineer"


async def test_nothing_is_sent_for_nobody(house: House, page: Page) -> None:
    await page.goto(house.url)
    await send(page, "help")
    await expect(page.get_by_label("You are")).to_be_focused()
    await expect(page.get_by_label("Command")).to_have_value("help")
    assert house.road.lines == []


async def test_a_button_types_its_command_and_the_message_changes_in_place(
    house: House, page: Page
) -> None:
    await house.topics.put("REQ-12", replies.PENDING)
    house.say["approve REQ-12"] = replies.APPROVED
    await enter(page, house, "release-manager")
    await expect(page.locator("#waiting")).to_contain_text("REQ-12")
    await house.topics.put("REQ-12", replies.APPROVED)
    await page.get_by_role("button", name="Approve").click()
    await expect(page.locator(ANSWER)).to_contain_text("It runs now.")
    await expect(page.get_by_role("article")).to_have_count(1)
    await expect(page.get_by_role("button", name="Approve")).to_have_count(0)
    await expect(page.locator("#waiting li")).to_have_count(0)
    await expect(page.get_by_text("Nothing waits.")).to_be_visible()
    assert house.road.lines == ["approve REQ-12"]
    assert house.road.heard[0].account.user == "release-manager"


async def test_a_refused_button_leaves_the_message_and_says_why_below(
    house: House, page: Page
) -> None:
    await house.topics.put("REQ-12", replies.PENDING)
    house.say["approve REQ-12"] = replies.REFUSED
    await enter(page, house)
    await page.get_by_role("button", name="Approve").click()
    await expect(page.get_by_role("article").last).to_contain_text("Status: not authorised")
    await expect(page.get_by_role("button", name="Approve")).to_be_enabled()


async def test_a_button_pressed_twice_runs_once(house: House, page: Page) -> None:
    await house.topics.put("REQ-12", replies.PENDING)
    await enter(page, house)
    house.road.hold = asyncio.Event()
    await page.get_by_role("button", name="Approve").dblclick()
    house.road.hold.set()
    await expect(page.get_by_role("article")).to_have_count(2)
    assert house.road.lines == ["approve REQ-12"]


async def test_a_rejection_asks_for_its_reason_and_keeps_it_whole(house: House, page: Page) -> None:
    reason = 'He said "no" \\ --really, \u201ctwice\u201d'
    await house.topics.put("REQ-12", replies.PENDING)
    await enter(page, house)
    await page.get_by_role("button", name="Reject").click()
    await expect(page.get_by_role("dialog").get_by_label("Reason")).to_be_focused()
    await page.keyboard.type(reason)
    await page.get_by_role("dialog").get_by_role("button", name="Reject").click()
    await expect(page.get_by_role("article")).to_have_count(2)
    words = [word.text for word in tokens(house.road.lines[0])]
    assert words == ["reject", "REQ-12", "--reason", reason]


async def test_what_destroys_asks_first_and_escape_means_no(house: House, page: Page) -> None:
    await house.topics.put("REQ-12", replies.PENDING)
    await enter(page, house)
    await page.get_by_role("button", name="Cancel", exact=True).click()
    await expect(page.get_by_role("dialog")).to_contain_text("Cancel REQ-12? It will not run.")
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("dialog")).to_have_count(0)
    await expect(page.get_by_role("button", name="Cancel", exact=True)).to_be_focused()
    assert house.road.lines == []


async def test_a_form_is_filled_in_place_and_sent_as_fields(house: House, page: Page) -> None:
    def deploy(invocation: object) -> Reply:
        return replies.FORM if house.road.heard[-1].fields is None else Reply("Asked for.")

    house.say["deploy"] = deploy
    await enter(page, house)
    await send(page, "deploy")
    await expect(page.get_by_label("Service")).to_be_focused()
    await page.get_by_label("Service").select_option("portal")
    await page.get_by_label("Version").fill("1.4.2")
    await page.get_by_label("Reason (optional)").fill("line one\nline two")
    await page.get_by_role("button", name="Deploy", exact=True).click()
    await expect(page.get_by_role("article").last).to_contain_text("Asked for.")
    await expect(page.get_by_role("article").locator("form")).to_have_count(0)
    sent = house.road.heard[-1]
    assert sent.text == "deploy"
    assert sent.fields is not None
    assert sent.fields["service"] == "portal"
    assert sent.fields["reason"].splitlines() == ["line one", "line two"]


async def test_a_form_that_is_refused_says_why_and_keeps_what_was_typed(
    house: House, page: Page
) -> None:
    wrong = Reply("There is no version 9.9.9.", Reason.NOT_FOUND)
    house.say["deploy"] = lambda one: replies.FORM if one.fields is None else wrong
    await enter(page, house)
    await send(page, "deploy")
    await page.get_by_label("Service").select_option("portal")
    await page.get_by_label("Version").fill("9.9.9")
    await page.get_by_role("button", name="Deploy", exact=True).click()
    await expect(page.get_by_role("alert")).to_contain_text("There is no version 9.9.9.")
    await expect(page.get_by_label("Version")).to_have_value("9.9.9")


async def test_progress_arrives_live_in_the_same_message(house: House, page: Page) -> None:
    house.say["deploy"] = replies.deploying(RUNNING, WAITING, WAITING)
    await enter(page, house)
    await send(page, "deploy")
    await expect(page.locator(ANSWER)).to_contain_text("Running: CI is green")
    await house.notices.publish("DEP-3", replies.deploying(DONE, RUNNING, WAITING))
    await expect(page.locator(ANSWER)).to_contain_text("Running: Deploy job")
    await expect(page.get_by_role("article")).to_have_count(1)
    await expect(page.locator("#announcer")).to_have_text(
        "DEP-3: lab-results 1.4.2. Running: Deploy job"
    )


async def test_an_answer_that_comes_after_its_news_is_told_no_more(
    house: House, page: Page
) -> None:
    house.say["deploy"] = replies.deploying(RUNNING, WAITING, WAITING)
    await enter(page, house)

    async def late(route: Route) -> None:
        answered = await route.fetch()
        await expect(page.get_by_role("article").last).to_contain_text("Running: CI is green")
        await house.notices.publish("DEP-3", replies.deploying(DONE, RUNNING, WAITING))
        await expect(page.locator("#announcer")).to_contain_text("Running: Deploy job")
        await route.fulfill(response=answered)

    await page.route("**/api/chat", late, times=1)
    await send(page, "deploy")
    await expect(page.locator(ANSWER)).to_have_count(1)
    await expect(page.locator(ANSWER)).to_contain_text("Running: Deploy job")
    await expect(page.locator("#announcer")).to_have_text(
        "DEP-3: lab-results 1.4.2. Running: Deploy job"
    )


async def test_two_tabs_are_two_people_and_see_each_other(house: House, page: Page) -> None:
    other = await page.context.new_page()
    house.say["deploy"] = replies.PENDING
    house.say["approve REQ-12"] = replies.APPROVED
    await enter(page, house, "engineer")
    await enter(other, house, "release-manager")
    await send(page, "deploy")
    await other.get_by_role("button", name="Approve").click()
    await expect(page.locator(ANSWER)).to_contain_text("It runs now.")
    await page.reload()
    await expect(page.get_by_label("You are")).to_have_value("engineer")
    assert [one.account.user for one in house.road.heard] == ["engineer", "release-manager"]


async def test_an_edit_does_not_take_the_focus_away(house: House, page: Page) -> None:
    await house.topics.put("REQ-12", replies.PENDING)
    await enter(page, house)
    await page.get_by_role("button", name="Approve").focus()
    await house.notices.publish("REQ-12", replies.APPROVED)
    await expect(page.locator(ANSWER)).to_contain_text("It runs now.")
    await expect(page.locator("#msg-REQ-12")).to_be_focused()


async def test_a_page_finds_its_way_back_after_a_restart(rough_page: Page) -> None:
    async with serving() as first:
        port = int(first.url.rpartition(":")[2])
        await first.topics.put("REQ-12", replies.PENDING)
        await enter(rough_page, first)
    await expect(rough_page.locator("#link")).to_have_text("Not connected, trying again")
    async with serving(port=port) as second:
        await second.topics.put("REQ-12", replies.APPROVED)
        article = rough_page.get_by_role("article")
        await expect(article).to_contain_text("It runs now.", timeout=20_000)
        await expect(rough_page.locator("#link")).to_have_text("Live")


async def test_a_lost_answer_can_be_asked_for_again_and_runs_once(
    house: House, rough_page: Page
) -> None:
    house.say["deploy"] = Reply("Asked for.")
    await enter(rough_page, house)

    async def lose(route: object) -> None:
        response = await route.fetch()  # type: ignore[attr-defined]  # playwright's Route
        assert response.ok
        await route.abort("connectionreset")  # type: ignore[attr-defined]  # as above

    await rough_page.route("**/api/chat", lose, times=1)
    await send(rough_page, "deploy")
    await rough_page.get_by_role("button", name="Try again").click()
    await expect(rough_page.locator(ANSWER)).to_contain_text("Asked for.")
    assert house.road.lines == ["deploy"]


async def test_the_keyboard_alone_is_enough(house: House, page: Page) -> None:
    line = "deploy portal 1.4.2 to test"
    house.say[line] = Reply("Asked for.")
    await enter(page, house)
    await page.get_by_label("Command").focus()
    await page.keyboard.type("dep")
    await expect(page.get_by_role("listbox").get_by_role("option")).to_have_count(2)
    await page.keyboard.press("ArrowDown")
    await page.keyboard.press("ArrowDown")
    active = await page.get_by_label("Command").get_attribute("aria-activedescendant")
    assert await page.locator(f"#{active}").text_content() == line
    await page.keyboard.press("Enter")
    await expect(page.get_by_label("Command")).to_have_value(f"{line} ")
    assert house.road.lines == []
    await page.keyboard.press("Enter")
    await expect(page.locator(ANSWER)).to_contain_text("Asked for.")
    await page.keyboard.press("ArrowUp")
    await expect(page.get_by_label("Command")).to_have_value(line)
    await page.keyboard.press("ArrowDown")
    await expect(page.get_by_label("Command")).to_have_value("")
    assert house.road.lines == [line]


async def test_escape_closes_the_suggestions_and_keeps_the_line(house: House, page: Page) -> None:
    await enter(page, house)
    await page.get_by_label("Command").focus()
    await page.keyboard.type("dep")
    await expect(page.get_by_role("listbox")).to_be_visible()
    await expect(page.get_by_label("Command")).to_have_attribute("aria-expanded", "true")
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("listbox")).to_have_count(0)
    await expect(page.get_by_label("Command")).to_have_value("dep")
    await page.keyboard.press("Tab")
    await expect(page.get_by_role("button", name="Send")).to_be_focused()


async def test_the_tab_key_reaches_everything_in_reading_order(house: House, page: Page) -> None:
    await house.topics.put("REQ-12", replies.PENDING)
    await page.goto(house.url)
    await page.locator(".skip").focus()
    reached = []
    for _ in range(30):
        reached.append(
            await page.evaluate(
                "(document.activeElement.id || document.activeElement.textContent).trim()"
            )
        )
        if reached[-1] == "Send":
            break
        outline = await page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
        assert outline == "solid"
        await page.keyboard.press("Tab")
    order = ["Skip to the content", "persona", "What waits for me?", "Approve", "Reject", "line"]
    assert [reached.index(one) for one in order] == sorted(reached.index(one) for one in order)
    assert reached[-1] == "Send"


async def test_a_hint_begins_a_line_and_sends_nothing(house: House, page: Page) -> None:
    await enter(page, house)
    hints = page.get_by_role("group").filter(has_text="What can I type?").get_by_role("button")
    assert await hints.all_text_contents() == ["approvals", "audit", "ci", "deploy", "help"]
    await hints.filter(has_text="deploy").click()
    await expect(page.get_by_label("Command")).to_have_value("deploy ")
    await expect(page.get_by_label("Command")).to_be_focused()
    await expect(page.get_by_role("listbox")).to_be_visible()
    assert house.road.lines == []


async def test_markup_in_a_reply_stays_text(house: House, page: Page) -> None:
    attack = '<img src=x onerror="document.title=1"><script>document.title=2</script>'
    house.say["help"] = Reply(
        attack, title=attack, fields=((attack, attack),), items=(attack,), code=attack
    )
    await enter(page, house)
    await send(page, "help")
    await send(page, attack)
    await expect(page.get_by_role("article")).to_have_count(2)
    await expect(page.get_by_role("article").first).to_contain_text(attack)
    assert await page.locator("#messages").locator("img, script").count() == 0
    assert await page.title() == "Wardroom console"


async def test_patient_data_leaves_the_page_and_its_memory(house: House, page: Page) -> None:
    canary = "note PID|1||CANARY-MRN-77"
    house.say[canary] = Reply("That looks like an HL7 message.", Reason.PHI_BLOCKED)
    house.say["help"] = Reply("You can type these.")
    await enter(page, house)
    await send(page, canary)
    await expect(page.locator(".said")).to_contain_text("withheld")
    await send(page, "help")
    await expect(page.get_by_role("article")).to_have_count(2)
    await page.wait_for_function("sessionStorage.getItem('wardroom.history') !== null")
    assert "CANARY" not in await page.content()
    kept = await page.evaluate("JSON.stringify(sessionStorage)")
    assert "help" in kept
    assert "CANARY" not in kept


async def show_everything(page: Page, house: House) -> None:
    """Have one message of every shape on the page."""
    await house.topics.put("REQ-12", replies.PENDING)
    shapes = {
        "builds": replies.BUILDS,
        "log": replies.LOG,
        "refused": replies.REFUSED,
        "broken": replies.BROKEN,
        "deploy": replies.deploying(DONE, RUNNING, StepState.FAILED),
        "form": replies.FORM,
    }
    house.say.update(shapes)
    await enter(page, house)
    for number, line in enumerate(shapes, start=2):
        await send(page, line)
        await expect(page.get_by_role("article")).to_have_count(number)
        await expect(page.locator(".working")).to_have_count(0)


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_the_console_is_accessible(house: House, page: Page, scheme: str) -> None:
    await page.emulate_media(color_scheme=scheme, reduced_motion="reduce")  # type: ignore[arg-type]  # two of playwright's literals
    await show_everything(page, house)
    await page.get_by_label("Command").focus()
    await page.keyboard.type("dep")
    await expect(page.get_by_role("listbox")).to_be_visible()
    await page.keyboard.press("ArrowDown")
    assert await problems(page) == []
    await page.keyboard.press("Escape")
    await page.get_by_role("button", name="Reject").click()
    assert await problems(page) == []


async def test_a_phone_has_no_sideways_scroll(house: House, browser: Browser) -> None:
    context = await browser.new_context(viewport={"width": 360, "height": 640}, has_touch=True)
    page = await context.new_page()
    complaints = watch(page)
    await show_everything(page, house)
    assert await page.evaluate("document.documentElement.scrollWidth") == 360
    await expect(page.get_by_role("button", name="Send")).to_be_in_viewport()
    await expect(page.get_by_text("Sandbox hospital: no real patients")).to_be_in_viewport()
    assert await problems(page) == []
    assert complaints == []
    await context.close()


async def test_closed_in_production_looks_like_us(rough_page: Page) -> None:
    async with serving("production") as house:
        await rough_page.goto(house.url)
        await expect(rough_page.get_by_role("main")).to_contain_text("no sign-in yet")
        assert await problems(rough_page) == []
        assert await rough_page.locator("script").count() == 0
