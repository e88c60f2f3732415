"""Buildbot as a CI server: its REST API v2, and git for what a version is now."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.api import Ci
from integrations.buildbot.provider import Buildbot
from integrations.buildbot.rest import Rest

if TYPE_CHECKING:
    import httpx

    from bot.api import Credentials

PORT = Ci


def connect(credentials: Credentials, client: httpx.AsyncClient) -> Buildbot:
    """Return the provider; nothing is asked for yet."""
    return Buildbot(Rest(credentials, client))
