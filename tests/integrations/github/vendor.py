"""Plays GitHub for the contract suite: github.com, with a personal access token."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

import httpx
import respx

from bot.api import CiTarget, Credentials, Service
from integrations.github import connect
from tests.contracts.faults import every_request
from tests.integrations.github.forge import CLOUD, REPO, TOKEN, Forge
from tests.serving import NO_TLS

if TYPE_CHECKING:
    from bot.ports import Ci
    from integrations.github.provider import GitHub
    from tests.contracts.faults import Fault

TARGET = CiTarget("github", "ci.yml", "deploy.yml", REPO, "v{version}")
PORTAL = Service("portal", "web", "A", TARGET, ())


@asynccontextmanager
async def asking(forge: Forge) -> AsyncIterator[GitHub]:
    """Connect to a GitHub that is played."""
    with respx.mock(assert_all_called=False) as router:
        router.route().mock(side_effect=forge.answer)
        async with httpx.AsyncClient(verify=NO_TLS) as client:
            provider = connect(Credentials(forge.url, token=TOKEN), client)
            # What is played is listed at once.
            yield replace(provider, settling=0.0)


@asynccontextmanager
async def playing() -> AsyncIterator[tuple[Ci, Service]]:
    """Play GitHub as it is when all is well."""
    async with asking(Forge()) as ci:
        yield ci, PORTAL


@asynccontextmanager
async def failing(fault: Fault) -> AsyncIterator[tuple[Ci, Service]]:
    """Play GitHub with one fault."""
    with every_request(fault):
        async with httpx.AsyncClient(verify=NO_TLS) as client:
            yield connect(Credentials(CLOUD, token=TOKEN), client), PORTAL
