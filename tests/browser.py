"""A real Chromium for tests: the one the machine has, driven headless; nothing is downloaded.

It starts once per run, so a test that asks for it runs in the session's event loop:
`pytestmark = pytest.mark.asyncio(loop_scope="session")`.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, async_playwright, expect

if TYPE_CHECKING:
    from playwright.async_api import ViewportSize

ARGUMENTS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
# Not a measurement: only how long a busy machine may take before a test gives up.
expect.set_options(timeout=20_000)
SCREEN: Final[ViewportSize] = {"width": 1280, "height": 800}
NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")


def chromium() -> str:
    """Return the Chromium to drive; skips the test, or fails it where that is forbidden."""
    found = os.environ.get("CHROME") or next(filter(None, map(shutil.which, NAMES)), None)
    if found is not None:
        return found
    why = "there is no Chromium here: install chromium, or set CHROME to one"
    if os.environ.get("WARDROOM_REQUIRE_CHROMIUM") == "1":
        pytest.fail(f"WARDROOM_REQUIRE_CHROMIUM=1, but {why}")
    pytest.skip(why)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    """Return a Chromium that the whole run shares; contexts keep tests apart."""
    path = chromium()
    async with async_playwright() as driver:
        running = await driver.chromium.launch(executable_path=path, args=list(ARGUMENTS))
        try:
            yield running
        finally:
            await running.close()


@dataclass
class Desk:
    """A page on a desk-sized screen, and what the browser complained about on it."""

    page: Page
    complaints: list[str]


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def desk(browser: Browser) -> AsyncIterator[Desk]:
    """Return a page that tests have one after the other: to open one takes longer than a test."""
    context = await browser.new_context(viewport=SCREEN)
    page = await context.new_page()
    yield Desk(page, watch(page))
    await context.close()


@pytest_asyncio.fixture(loop_scope="session")
async def rough_page(desk: Desk) -> AsyncIterator[Page]:
    """Return a page on a desk-sized screen, for tests in which something has to go wrong."""
    yield desk.page
    await _forget(desk.page)


@pytest_asyncio.fixture(loop_scope="session")
async def page(desk: Desk, rough_page: Page) -> AsyncIterator[Page]:
    """Return such a page on which a complaint of its scripts or of its policy fails the test."""
    desk.complaints.clear()
    yield rough_page
    assert desk.complaints == []


async def _forget(page: Page) -> None:
    """Make a page as good as new: no storage, no cookie, no route, no other tab or screen."""
    for other in page.context.pages:
        if other is not page:
            await other.close()
    if page.url.startswith("http"):
        await page.evaluate("localStorage.clear(), sessionStorage.clear()")
    await page.unroute_all()
    await page.goto("about:blank")
    await page.context.clear_cookies()
    await page.emulate_media(color_scheme="null", reduced_motion="null")
    await page.set_viewport_size(SCREEN)


def watch(page: Page) -> list[str]:
    """Return a list that fills with what the browser complains about on the page."""
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on(
        "console",
        lambda line: complaints.append(line.text) if line.type in ("error", "warning") else None,
    )
    return complaints
