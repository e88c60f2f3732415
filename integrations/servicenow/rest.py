"""ServiceNow's Change Management API and Table API, and how we sign in there."""

from __future__ import annotations

import base64
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Self

from bot.api import Credentials
from bot.vendors import Asked, Vendor

if TYPE_CHECKING:
    from collections.abc import Sequence

    import httpx

    from bot.vendors import Answer

BLOCK: Final = "integrations.servicenow"
CHANGES: Final = "api/sn_chg_rest/change"
TABLE: Final = "api/now/table"
WRITE: Final = "the role sn_change_write"
READ: Final = "the role sn_change_read"
SECRET: Final = "client_secret_file"  # noqa: S105 - the name of a setting, not its value
EARLY: Final = 60  # seconds before its end at which a token is not used any more


@dataclass
class Token:
    """Signs in as an OAuth client (grant `client_credentials`), again when a token has run out."""

    credentials: Credentials
    client: httpx.AsyncClient
    value: str = field(default="", repr=False)
    until: float = 0.0

    async def headers(self) -> Mapping[str, str]:
        """Return the header that signs a request."""
        if time.monotonic() >= self.until:
            await self._renew()
        return {"Authorization": f"Bearer {self.value}"}

    async def _renew(self) -> None:
        vendor = Vendor("ServiceNow", BLOCK, self.credentials.url, self.client, SECRET)
        form = {
            "grant_type": "client_credentials",
            "client_id": self.credentials.client_id,
            "client_secret": self.credentials.client_secret,
        }
        asked = Asked("a token", "an OAuth client with the grant client_credentials")
        answer = await vendor.change("POST", "oauth_token.do", asked, data=form)
        found = answer.object()
        if not isinstance(found.get("access_token"), str):
            raise answer.odd()
        self.value = found["access_token"]
        lasts = found.get("expires_in")
        self.until = time.monotonic() + (int(lasts) if isinstance(lasts, int) else 0) - EARLY


@dataclass(frozen=True)
class Rest:
    """Asks one instance; a record's fields come as `{value, display_value}` everywhere."""

    vendor: Vendor

    @classmethod
    def made(cls, credentials: Credentials, client: httpx.AsyncClient) -> Self:
        """Sign in as an OAuth client where there is one, else by name and password."""
        secret = "password_file"  # noqa: S105 - the name of a setting, not its value
        headers = _basic(credentials)
        if credentials.client_id:
            secret, headers = SECRET, Token(credentials, client).headers
        return cls(Vendor("ServiceNow", BLOCK, credentials.url, client, secret, headers))

    async def rows(
        self, table: str, query: str, fields: str, asked: Asked, *, most: int = 100
    ) -> Sequence[Mapping[str, Any]]:
        """Return the rows of a table that an encoded query finds."""
        params: dict[str, str | int] = {
            "sysparm_query": query,
            "sysparm_fields": fields,
            "sysparm_limit": most,
            "sysparm_display_value": "all",
            "sysparm_exclude_reference_link": "true",
        }
        answer = await self.vendor.read(f"{TABLE}/{table}", asked, params=params)
        return answer.rows("result")

    async def create(
        self, kind: str, asked: Asked, *, body: Mapping[str, str], in_url: bool = False
    ) -> Mapping[str, Any]:
        """Open a change request; sent once."""
        # What a template makes takes its fields from the address alone.
        how: dict[str, Any] = {"params": body} if in_url else {"json": dict(body)}
        answer = await self.vendor.change("POST", f"{CHANGES}/{kind}", asked, **how)
        return record(answer)

    async def change(self, sys_id: str, asked: Asked, body: Mapping[str, str]) -> Mapping[str, Any]:
        """Set fields of a change request; returns it as it is then."""
        answer = await self.vendor.change("PATCH", f"{CHANGES}/{sys_id}", asked, json=dict(body))
        return record(answer)

    async def next_states(self, sys_id: str, asked: Asked) -> Mapping[str, Any]:
        """Return the states that a change request may be moved to, as the instance says."""
        answer = await self.vendor.read(f"{CHANGES}/{sys_id}/nextstates", asked)
        return record(answer)

    async def check_conflicts(self, sys_id: str, asked: Asked) -> None:
        """Have the instance compare a change request with its calendars."""
        await self.vendor.change("POST", f"{CHANGES}/{sys_id}/conflict", asked)


def record(answer: Answer) -> Mapping[str, Any]:
    """Return the one record of an answer, which the instance gives alone or in a list."""
    found = answer.object().get("result")
    match found:
        case dict() | [dict()]:
            return found if isinstance(found, dict) else found[0]
    raise answer.odd()


def value(row: Mapping[str, Any], name: str) -> str:
    """Return what a field holds; numbers as whole ones, for -5 comes as "-5" and as -5.0."""
    found = row.get(name)
    if isinstance(found, Mapping):
        found = found.get("value")
    if isinstance(found, float) and found.is_integer():
        found = int(found)
    return "" if found is None else str(found)


def _basic(credentials: Credentials) -> Any:
    pair = f"{credentials.user}:{credentials.password}".encode()
    signed = {"Authorization": f"Basic {base64.b64encode(pair).decode()}"}

    async def headers() -> Mapping[str, str]:
        return signed

    return headers
