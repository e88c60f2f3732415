"""Azure DevOps as a CI server: Services and Server, by their REST API 7.1.

Sources: learn.microsoft.com/rest/api/azure/devops, "Pipelines", "Build", "Git", "Test" and
"Approvals and checks", all 7.1.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bot.api import Ci, ConfigurationError
from bot.vendors import Vendor
from integrations.azure.provider import Azure
from integrations.azure.rest import BLOCK, NAME, Rest
from integrations.azure.signing_in import Entra, Token, login

if TYPE_CHECKING:
    import httpx

    from bot.api import Credentials

PORT = Ci
NEEDS: Final = f"{BLOCK}: needs token_file, or client_id with client_secret_file and tenant_id"
ENTRA: Final = ("client_id", "client_secret", "tenant_id")
OTHERS: Final = (
    "user",
    "password",
    "app_id",
    "installation_id",
    "private_key",
    "region",
    "role_arn",
)


def connect(credentials: Credentials, client: httpx.AsyncClient) -> Azure:
    """Return the provider; nothing is asked for yet."""
    given = [name for name in ENTRA if getattr(credentials, name)]
    for name in OTHERS:
        if getattr(credentials, name):
            raise ConfigurationError(f"{BLOCK}: has no use for {name}; remove it")
    if credentials.token and given:
        raise ConfigurationError(f"{BLOCK}: has token_file and {given[0]}; keep one of them")
    if credentials.token:
        headers, secret = Token(credentials.token).headers, "token_file"
    elif len(given) == len(ENTRA):
        # Both are the name of a setting.
        headers, secret = (
            Entra(login(credentials, client), credentials).headers,
            "client_secret_file",
        )
    else:
        raise ConfigurationError(NEEDS)
    return Azure(Rest(Vendor(NAME, BLOCK, credentials.url, client, secret, headers)))
