"""Buildbot as a CI server: its REST API v2, and git for what a version is now."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.api import Ci, ConfigurationError
from integrations.buildbot.provider import Buildbot
from integrations.buildbot.rest import BLOCK, Rest

if TYPE_CHECKING:
    import httpx

    from bot.api import Credentials

PORT = Ci
_NO_USE = ("token", "client_id", "client_secret", "tenant_id", "app_id", "installation_id")


def connect(credentials: Credentials, client: httpx.AsyncClient) -> Buildbot:
    """Return the provider; nothing is asked for yet."""
    for name in (*_NO_USE, "private_key", "region", "role_arn"):
        if getattr(credentials, name):
            raise ConfigurationError(
                f"{BLOCK}: Buildbot has no use for {name}; it takes user and password_file"
            )
    return Buildbot(Rest(credentials, client))
