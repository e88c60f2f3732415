"""Jira's REST API: version 3 of Cloud, version 2 of Data Center, and the service desk's."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Self

from bot.vendors import Asked, NotThere, Vendor

if TYPE_CHECKING:
    import httpx

    from bot.api import Credentials

BLOCK: Final = "integrations.jira"
BROWSE: Final = "the project permission Browse projects"
CREATE: Final = "the project permissions Browse projects and Create issues"
EDIT: Final = "the project permissions Browse projects and Edit issues"
TRANSITION: Final = "the project permission Transition issues"
AGENT: Final = "to be an agent of the service project"


@dataclass(frozen=True)
class Rest:
    """Asks one Jira; whoever signs in as a user with a token is in Cloud."""

    vendor: Vendor
    is_cloud: bool

    @classmethod
    def made(cls, credentials: Credentials, client: httpx.AsyncClient) -> Self:
        """Sign in with an API token (Cloud), a personal access token or a password."""
        user, token = credentials.user, credentials.token
        secret = "token_file" if token else "password_file"
        if user:
            pair = f"{user}:{token or credentials.password}".encode()
            signed = f"Basic {base64.b64encode(pair).decode()}"
        else:
            signed = f"Bearer {token}"

        async def headers() -> Mapping[str, str]:
            return {"Authorization": signed}

        vendor = Vendor("Jira", BLOCK, credentials.url, client, secret, headers)
        return cls(vendor, is_cloud=bool(user and token))

    @property
    def api(self) -> str:
        """Return the path that the API's begin with."""
        return f"rest/api/{3 if self.is_cloud else 2}"

    async def search(self, jql: str, asked: Asked) -> Sequence[Mapping[str, Any]]:
        """Return the first issues that a query finds, with their status and labels."""
        path = f"{self.api}/search/jql" if self.is_cloud else f"{self.api}/search"
        params: dict[str, str | int] = {"jql": jql, "fields": "status,labels", "maxResults": 5}
        return (await self.vendor.read(path, asked, params=params)).rows("issues")

    async def issue(self, key: str, asked: Asked) -> Mapping[str, Any]:
        """Return an issue with its status and labels."""
        params = {"fields": "status,labels"}
        answer = await self.vendor.read(f"{self.api}/issue/{key}", asked, params=params)
        return answer.object()

    async def create(self, fields: Mapping[str, Any], asked: Asked) -> str:
        """Open an issue and return its key; sent once."""
        body = {"fields": dict(fields)}
        answer = await self.vendor.change("POST", f"{self.api}/issue", asked, json=body)
        key = answer.object().get("key")
        if not isinstance(key, str):
            raise answer.odd()
        return key

    async def edit(self, key: str, fields: Mapping[str, Any], asked: Asked) -> None:
        """Set fields of an issue."""
        body = {"fields": dict(fields)}
        await self.vendor.change("PUT", f"{self.api}/issue/{key}", asked, json=body)

    async def transitions(self, key: str, asked: Asked) -> Sequence[Mapping[str, Any]]:
        """Return what an issue may be moved by, as its workflow and our rights have it."""
        answer = await self.vendor.read(f"{self.api}/issue/{key}/transitions", asked)
        return answer.rows("transitions")

    async def move(self, key: str, transition: str, asked: Asked) -> None:
        """Move an issue."""
        body = {"transition": {"id": transition}}
        path = f"{self.api}/issue/{key}/transitions"
        await self.vendor.change("POST", path, asked, json=body)

    async def approvals(self, key: str, asked: Asked) -> Sequence[Mapping[str, Any]]:
        """Return the approvals of a request; none where it is no service desk's."""
        try:
            answer = await self.vendor.read(f"rest/servicedeskapi/request/{key}/approval", asked)
        except NotThere:
            return ()
        return answer.rows("values")

    async def project(self, key: str, asked: Asked) -> str:
        """Return a project's name."""
        answer = await self.vendor.read(f"{self.api}/project/{key}", asked)
        return str(answer.object().get("name") or key)
