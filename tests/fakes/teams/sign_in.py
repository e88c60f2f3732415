"""Where our app gets its tokens: by its password, or as a machine in Azure."""

from __future__ import annotations

import itertools

from aiohttp import web

RESOURCE = "https://api.botframework.com"
LIFETIME = 3600  # seconds that a token is good for


class SignIn:
    """Gives out tokens for one app of one tenant; `tokens` are those that each service takes."""

    def __init__(self, tenant: str, app_id: str, password: str) -> None:
        self.tokens: dict[str, set[str]] = {RESOURCE: set()}
        self.lifetime = LIFETIME
        self._tenant, self._app_id, self._password = tenant, app_id, password
        self._numbers = itertools.count(1)

    @property
    def issued(self) -> set[str]:
        """Return the tokens that the connector takes."""
        return self.tokens[RESOURCE]

    async def login(self, request: web.Request) -> web.Response:
        """Answer the client-credentials grant."""
        given = dict(await request.post())
        resource = str(given.get("scope")).removesuffix("/.default")
        wanted = {
            "grant_type": "client_credentials",
            "client_id": self._app_id,
            "client_secret": self._password,
            "scope": f"{resource}/.default",
        }
        if (
            resource not in self.tokens
            or given != wanted
            or request.match_info["tenant"] != self._tenant
        ):
            return web.json_response({"error": "invalid_client"}, status=401)
        return self._issue(resource, self.lifetime)

    def machine(self, request: web.Request) -> web.Response:
        """Answer as Azure's metadata service does, which writes numbers as texts."""
        resource = request.query.get("resource", "")
        wanted = {"api-version": "2018-02-01", "resource": resource, "client_id": self._app_id}
        if (
            resource not in self.tokens
            or dict(request.query) != wanted
            or request.headers.get("Metadata") != "true"
        ):
            return web.json_response({"error": "invalid_request"}, status=400)
        return self._issue(resource, str(self.lifetime))

    def _issue(self, resource: str, lifetime: int | str) -> web.Response:
        token = f"a-token-of-ours-{next(self._numbers)}"
        self.tokens[resource].add(token)
        said = {"token_type": "Bearer", "expires_in": lifetime, "access_token": token}
        return web.json_response(said)
