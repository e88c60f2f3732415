"""Jenkins as a CI server: its remote access API, and git for what a version is now."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.api import Ci, ConfigurationError
from integrations.jenkins.provider import Jenkins
from integrations.jenkins.rest import BLOCK, Rest

if TYPE_CHECKING:
    import httpx

    from bot.api import Credentials

PORT = Ci
_NO_USE = ("client_id", "client_secret", "tenant_id", "app_id", "installation_id", "private_key")


def connect(credentials: Credentials, client: httpx.AsyncClient) -> Jenkins:
    """Return the provider; nothing is asked for yet."""
    useless = [name for name in (*_NO_USE, "region", "role_arn") if getattr(credentials, name, "")]
    if useless:
        raise ConfigurationError(f"{BLOCK}: Jenkins has no use for {useless[0]}; leave it out")
    if not credentials.user or not (credentials.token or credentials.password):
        raise ConfigurationError(
            f"{BLOCK}: needs user and token_file (an API token of that user), or password_file"
        )
    return Jenkins(Rest(credentials, client))
