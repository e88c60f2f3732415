"""How we sign in at GitHub: by a token, or as a GitHub App whose tokens live an hour.

Source: docs.github.com, "Generating a JSON Web Token (JWT) for a GitHub App" and "Create an
installation access token for an app".
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

import jwt

from bot.api import Rejected
from bot.vendors import Asked, NotThere, Vendor

if TYPE_CHECKING:
    import httpx

NAME: Final = "GitHub"
BLOCK: Final = "integrations.github"
STANDING: Final = {
    "Accept": "application/vnd.github+json",
    "X-GitHub-Api-Version": "2022-11-28",
    "User-Agent": "wardroom",
}
# GitHub takes at most ten minutes, by its own clock: ours may be a minute fast.
DRIFT: Final = timedelta(minutes=1)
LIFE: Final = timedelta(minutes=9)
NEVER: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Token:
    """A personal access token, sent with every question."""

    token: str = field(repr=False)

    async def __call__(self) -> Mapping[str, str]:
        """Return the headers of a question."""
        return {**STANDING, "Authorization": f"Bearer {self.token}"}


@dataclass
class Installation:
    """A GitHub App where it is installed; its token is kept until shortly before it expires."""

    url: str
    client: httpx.AsyncClient
    app_id: str
    installation_id: str
    private_key: str = field(repr=False)
    _token: str = field(default="", repr=False)
    _until: datetime = NEVER
    _asking: asyncio.Lock = field(default_factory=asyncio.Lock, repr=False)

    async def __call__(self) -> Mapping[str, str]:
        """Return the headers of a question, with a token that is good for another minute."""
        async with self._asking:
            if datetime.now(UTC) >= self._until - DRIFT:
                await self._renew()
        return {**STANDING, "Authorization": f"Bearer {self._token}"}

    async def _renew(self) -> None:
        vendor = Vendor(NAME, BLOCK, self.url, self.client, "private_key_file", self._signed)
        what = f"a token for the installation {self.installation_id} of our app"
        path = f"app/installations/{self.installation_id}/access_tokens"
        asked = Asked(what, "to be installed and not suspended")
        try:
            answer = await vendor.change("POST", path, asked, good=(201,))
        except NotThere as error:
            # Said of the thing that was asked for, it would be about a tag or a run.
            raise Rejected(
                f"GitHub knows no installation {self.installation_id} of our app: check "
                f"{BLOCK}.installation_id and app_id, and whether the app is still installed."
            ) from error
        match answer.object():
            case {"token": str(token), "expires_at": str(expires)} if token:
                self._token, self._until = token, _moment(expires)
            case _:
                raise answer.odd()

    async def _signed(self) -> Mapping[str, str]:
        now = datetime.now(UTC)
        claims = {"iat": now - DRIFT, "exp": now + LIFE, "iss": self.app_id}
        signed = jwt.encode(claims, self.private_key, algorithm="RS256")
        return {**STANDING, "Authorization": f"Bearer {signed}"}


def is_private_key(pem: str) -> bool:
    """Say whether that is an RSA private key which can sign."""
    try:
        jwt.encode({}, pem, algorithm="RS256")
    except (jwt.InvalidKeyError, ValueError, TypeError):
        return False
    return True


def _moment(text: str) -> datetime:
    """Return when a token expires; where that cannot be read, it has to be asked for again."""
    try:
        made = datetime.fromisoformat(text)
    except ValueError:
        return NEVER
    return made if made.tzinfo else made.replace(tzinfo=UTC)
