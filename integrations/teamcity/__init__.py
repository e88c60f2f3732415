"""TeamCity as a CI server: its REST API, and git for what a version is now."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.api import Ci, ConfigurationError
from integrations.teamcity.provider import TeamCity
from integrations.teamcity.rest import BLOCK, Rest

if TYPE_CHECKING:
    import httpx

    from bot.api import Credentials

PORT = Ci
_NO_USE = ("user", "password", "client_id", "client_secret", "tenant_id", "app_id")


def connect(credentials: Credentials, client: httpx.AsyncClient) -> TeamCity:
    """Return the provider; nothing is asked for yet."""
    for name in (*_NO_USE, "installation_id", "private_key", "region", "role_arn"):
        if getattr(credentials, name):
            raise ConfigurationError(
                f"{BLOCK}: TeamCity has no use for {name}; it takes token_file alone"
            )
    if not credentials.token:
        raise ConfigurationError(f"{BLOCK}: needs token_file, an access token of a user of its own")
    return TeamCity(Rest(credentials, client))
