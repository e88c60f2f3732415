"""GitLab CI as a CI server: GitLab.com and self-managed, 16.9 or later."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.api import Ci, ConfigurationError
from bot.vendors import Vendor
from integrations.gitlab.names import BLOCK, NAME
from integrations.gitlab.provider import GitLab
from integrations.gitlab.rest import Rest
from integrations.gitlab.starting import Starter

if TYPE_CHECKING:
    from collections.abc import Mapping

    import httpx

    from bot.api import Credentials

PORT = Ci
API = "/api/v4"
UNUSED = (
    "user",
    "password",
    "client_id",
    "client_secret",
    "tenant_id",
    "app_id",
    "installation_id",
    "private_key",
    "region",
    "role_arn",
)


def connect(credentials: Credentials, client: httpx.AsyncClient) -> GitLab:
    """Return the provider, which signs in by an access token; nothing is asked for yet."""
    url = credentials.url.rstrip("/")
    for name in UNUSED:
        if getattr(credentials, name):
            raise ConfigurationError(f"{BLOCK}.{name}: {NAME} has no use for it; remove it")
    if not credentials.token:
        raise ConfigurationError(f"{BLOCK}.token_file: is missing; set it to an access token")
    if not url.endswith(API):
        raise ConfigurationError(
            f"{BLOCK}.url: is not the address of its API; set https://gitlab.com{API}, or that of "
            f"your own {NAME}"
        )

    async def signed() -> Mapping[str, str]:
        return {"PRIVATE-TOKEN": credentials.token}

    rest = Rest(Vendor(NAME, BLOCK, url, client, headers=signed))
    return GitLab(rest, Starter(rest))
