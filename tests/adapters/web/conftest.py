"""What the console's tests ask for."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest_asyncio

from tests.adapters.web.house import House, Switch, build
from tests.browser import browser, desk, page, rough_page
from tests.serving import served

__all__ = ["browser", "desk", "house", "page", "rough_page"]


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def switch() -> AsyncIterator[tuple[Switch, str]]:
    """Return the server that the run shares, and its address."""
    app = Switch()
    async with served(app) as url:
        yield app, url


@pytest_asyncio.fixture(loop_scope="session")
async def house(switch: tuple[Switch, str]) -> AsyncIterator[House]:
    """Return a console that is being served, and what is behind it."""
    server, url = switch
    server.app, made = build()
    made.url = url
    yield made
    made.live.close()
