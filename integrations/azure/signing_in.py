"""How we sign in to Azure DevOps: with a personal access token, or as an application of Entra.

Sources: learn.microsoft.com, "Use personal access tokens", "Use service principals and managed
identities in Azure DevOps", and "OAuth 2.0 client credentials flow".
"""

from __future__ import annotations

import base64
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from bot.api import ConfigurationError, Rejected, Unreachable
from bot.vendors import Asked, Vendor
from integrations.azure.rest import BLOCK

if TYPE_CHECKING:
    import httpx

    from bot.api import Credentials

CLOUD: Final = "https://login.microsoftonline.com"
# Azure DevOps' own id in every tenant, and all that the application was given there.
SCOPE: Final = "499b84ac-1321-427f-aa17-267ca6975798/.default"
EARLY: Final = 300  # seconds before its end in which a token is renewed
TENANT: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9.-]{0,252}")
# Without it a request whose credential is refused is led to a page for browsers.
PLAIN: Final = {"X-TFS-FedAuthRedirect": "Suppress"}


@dataclass(frozen=True)
class Token:
    """A personal access token, as the password of HTTP Basic without a user."""

    secret: str = field(repr=False)

    async def headers(self) -> Mapping[str, str]:
        """Return the credential of a request."""
        made = base64.b64encode(f":{self.secret}".encode()).decode()
        return {**PLAIN, "Authorization": f"Basic {made}"}


@dataclass
class Entra:
    """An application's token, asked for when the one before is about to end; `now` in seconds."""

    vendor: Vendor
    credentials: Credentials
    now: Callable[[], float] = time.monotonic
    _token: str = field(default="", repr=False)
    _until: float = 0.0

    async def headers(self) -> Mapping[str, str]:
        """Return the credential of a request."""
        if not self._token or self.now() >= self._until:
            await self._renew()
        return {**PLAIN, "Authorization": f"Bearer {self._token}"}

    async def _renew(self) -> None:
        given = self.credentials
        asked = Asked("a token of the application", "a client secret that has not expired")
        form = {
            "grant_type": "client_credentials",
            "client_id": given.client_id,
            "client_secret": given.client_secret,
            "scope": SCOPE,
        }
        began = self.now()
        try:
            answer = await self.vendor.change("POST", "oauth2/v2.0/token", asked, data=form)
        except Rejected as error:
            # A token that nobody could be asked for changes nothing: whoever reads goes on trying.
            if isinstance(error.__cause__, Unreachable):
                raise error.__cause__ from None
            raise
        said = answer.object()
        token, lasts = said.get("access_token"), said.get("expires_in")
        if not isinstance(token, str) or not token or not isinstance(lasts, int):
            raise answer.odd()
        self._token, self._until = token, began + max(0, lasts - EARLY)


def login(credentials: Credentials, client: httpx.AsyncClient) -> Vendor:
    """Return where an application gets its token.

    `tenant_id` is the tenant's id or domain, `login_url` the address of Entra in another cloud than
    Microsoft's public one, or of a proxy before it.
    """
    if not TENANT.fullmatch(credentials.tenant_id):
        raise ConfigurationError(f"{BLOCK}.tenant_id: must be the tenant's id or domain")
    url = f"{(credentials.login_url or CLOUD).rstrip('/')}/{credentials.tenant_id}"
    return Vendor("Microsoft Entra", BLOCK, url, client, "client_secret_file")
