"""The whole of a signature in a real browser: its rules for cookies, redirects and forms hold."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.async_api import Browser, expect

from tests.adapters.web.accessible import problems
from tests.browser import watch
from tests.signatures.house import signing

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.browser]


async def test_somebody_follows_the_link_signs_in_and_signs(
    browser: Browser, launched_url: str, tmp_path: Path
) -> None:
    async with signing(tmp_path, launched_url) as desk:
        desk.provider.has_a_page = True
        await desk.asked()
        context = await browser.new_context()
        page = await context.new_page()
        complaints = watch(page)
        await page.goto(await desk.link())
        assert await problems(page) == []
        await page.get_by_role("link", name="Sign in to go on").click()
        await page.get_by_label("Password").fill("correct horse")
        await page.get_by_role("button", name="Sign in").click()
        await expect(page.get_by_role("heading", name="What you sign")).to_be_visible()
        assert "code=" not in page.url
        assert await problems(page) == []
        await expect(page.locator("#name")).to_have_text("Safety-Officer")
        assert await desk.counted() == []
        await page.get_by_role("button", name="Sign as Safety-Officer").click()
        await expect(page.get_by_role("heading", name="Signed")).to_be_visible()
        assert await problems(page) == []
        assert await desk.counted() == ["safety-officer"]
        assert await context.cookies() == []
        assert complaints == []
        await context.close()
