"""The sign-in page in a real browser: its policy lets the form through."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlencode

import pytest
from playwright.async_api import Browser, expect
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse
from starlette.routing import Route

from sandbox import facts
from sandbox.estate import PASSWORD
from sandbox.layout import Layout
from tests.adapters.web.accessible import problems
from tests.browser import browser, watch
from tests.sandbox.signing_in import Browser as Asking
from tests.sandbox.signing_in import serving
from tests.serving import served

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["browser"]
pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.browser]


async def back(request: Request) -> HTMLResponse:
    """Be the application that somebody comes back to."""
    page = '<!doctype html><html lang="en"><title>Back</title><link rel="icon" href="data:,">'
    return HTMLResponse(f"{page}<main><h1>Back as {request.query_params['state']}</h1></main>")


@pytest.mark.thorough
async def test_somebody_chooses_who_they_are_and_is_sent_back(
    browser: Browser, tmp_path: Path
) -> None:
    layout = Layout(tmp_path)
    layout.ci.mkdir(parents=True)
    facts.make_passwords(layout)
    async with served(Starlette(routes=[Route("/sign/back", back)])) as url:
        with serving(layout) as running:
            context = await browser.new_context()
            page = await context.new_page()
            complaints = watch(page)
            wish = Asking(running).wish(redirect_uri=f"{url}/sign/back")
            await page.goto(f"{running.url}/authorize?{urlencode(wish)}")
            assert await problems(page) == []
            await page.get_by_label("Person").select_option("safety-officer")
            await page.get_by_label("Password").fill("wrong")
            complaints.clear()
            await page.get_by_role("button", name="Sign in").click()
            await expect(page.get_by_role("alert")).to_contain_text("not the password")
            await expect(page.get_by_label("Person")).to_have_value("safety-officer")
            complaints.clear()  # the browser says that the answer was a refusal
            await page.get_by_label("Password").fill(PASSWORD)
            await page.get_by_role("button", name="Sign in").click()
            await expect(page.get_by_role("heading", name="Back as a state")).to_be_visible()
            assert complaints == []
            await context.close()
