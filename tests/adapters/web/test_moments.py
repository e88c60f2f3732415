"""Moments in the console: in the reader's own time zone, with UTC at hand, in every message."""

from __future__ import annotations

import pytest
from playwright.async_api import Browser, expect

from bot.model import Reply
from tests.adapters.web.house import House
from tests.browser import watch

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

KEPT = Reply("It expires at 2026-11-22 23:39 UTC.", topic="REQ-12")
SAID = Reply("It began at 2026-07-01 09:39:05 UTC.", code="2026-07-01 09:39 UTC INFO")


@pytest.mark.parametrize(
    ("zone", "winter", "summer"),
    [
        ("Europe/Berlin", "Nov 23, 2026, 00:39 GMT+1", "Jul 1, 2026, 11:39:05 GMT+2"),
        ("America/New_York", "Nov 22, 2026, 18:39 EST", "Jul 1, 2026, 05:39:05 EDT"),
    ],
)
async def test_a_moment_is_shown_in_the_readers_zone_and_its_title_is_utc(
    house: House, browser: Browser, zone: str, winter: str, summer: str
) -> None:
    context = await browser.new_context(timezone_id=zone, locale="en-US")
    page = await context.new_page()
    complaints = watch(page)
    await house.topics.put("REQ-12", KEPT)
    house.say["status"] = SAID
    await page.goto(house.url)
    kept = page.locator("#messages .reply time")
    await expect(kept).to_have_text(winter)
    await expect(kept).to_have_attribute("title", "2026-11-22 23:39 UTC")
    await page.get_by_label("You are").select_option("engineer")
    await page.get_by_label("Command").fill("status")
    await page.get_by_label("Command").press("Enter")
    answer = page.get_by_role("article").last
    await expect(answer.locator("time")).to_have_text(summer)
    await expect(answer.locator("time")).to_have_attribute("title", "2026-07-01 09:39:05 UTC")
    await expect(answer.locator("pre")).to_have_text("2026-07-01 09:39 UTC INFO")
    assert complaints == []
    await context.close()
