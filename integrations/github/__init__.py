"""GitHub Actions as a CI server: github.com, ghe.com and GitHub Enterprise Server."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from bot.api import Ci, ConfigurationError
from bot.vendors import Vendor
from integrations.github.provider import GitHub
from integrations.github.rest import Rest
from integrations.github.signing import BLOCK, NAME, Installation, Token, is_private_key

if TYPE_CHECKING:
    import httpx

    from bot.api import Credentials

PORT = Ci
UNUSED = ("user", "password", "client_id", "client_secret", "tenant_id", "region", "role_arn")
APP = ("app_id", "installation_id", "private_key")


def connect(credentials: Credentials, client: httpx.AsyncClient) -> GitHub:
    """Return the provider, which signs in by a token or as a GitHub App; nothing is asked yet."""
    url = credentials.url.rstrip("/")
    for name in UNUSED:
        if getattr(credentials, name):
            raise ConfigurationError(f"{BLOCK}.{name}: GitHub has no use for it; remove it")
    if urlsplit(url).netloc in ("github.com", "www.github.com"):
        raise ConfigurationError(f"{BLOCK}.url: is the website; set https://api.github.com")
    _one_way(credentials)
    if credentials.token:
        return GitHub(Rest(Vendor(NAME, BLOCK, url, client, headers=Token(credentials.token))))
    app = Installation(
        url, client, credentials.app_id, credentials.installation_id, credentials.private_key
    )
    return GitHub(Rest(Vendor(NAME, BLOCK, url, client, "private_key_file", app)))


def _one_way(credentials: Credentials) -> None:
    """Refuse credentials of no way to sign in, of two, or of half a one."""
    given = [name for name in APP if getattr(credentials, name)]
    if credentials.token and given:
        raise ConfigurationError(f"{BLOCK}: has a token and {given[0]}; keep one way to sign in")
    if credentials.token:
        return
    if len(given) < len(APP):
        raise ConfigurationError(
            f"{BLOCK}: needs token_file, or app_id with installation_id and private_key_file"
        )
    if not (credentials.installation_id.isascii() and credentials.installation_id.isdecimal()):
        raise ConfigurationError(
            f"{BLOCK}.installation_id: is the number at the end of the installation's address"
        )
    if not is_private_key(credentials.private_key):
        raise ConfigurationError(
            f"{BLOCK}.private_key_file: is no RSA private key in PEM, as GitHub generates it for "
            "the app"
        )
