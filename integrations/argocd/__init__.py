"""Argo CD as what deploys: it syncs an application to a commit, and builds nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.api import Ci, ConfigurationError
from bot.vendors import Vendor
from integrations.argocd.provider import ArgoCd

if TYPE_CHECKING:
    from collections.abc import Mapping

    import httpx

    from bot.api import Credentials

PORT = Ci
BLOCK = "integrations.argocd"
_NO_USE = (
    *("user", "password", "client_id", "client_secret", "tenant_id", "app_id"),
    *("installation_id", "private_key", "region", "role_arn"),
)


def connect(credentials: Credentials, client: httpx.AsyncClient) -> ArgoCd:
    """Return the provider; nothing is asked for yet."""
    useless = [name for name in _NO_USE if getattr(credentials, name)]
    if useless:
        raise ConfigurationError(f"{BLOCK}: Argo CD has no use for {useless[0]}; leave it out")
    if not credentials.token:
        raise ConfigurationError(f"{BLOCK}: needs token_file, with the token of a project's role")

    async def headers() -> Mapping[str, str]:
        return {"Authorization": f"Bearer {credentials.token}"}

    return ArgoCd(Vendor("Argo CD", BLOCK, credentials.url, client, headers=headers))
