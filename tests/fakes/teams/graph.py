"""As much of Microsoft Graph as makes a channel, and refuses one as it does."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from aiohttp import web

from tests.fakes.teams.parts import Call, Object

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

GROUP = "57fb72d0-d811-46f4-8947-305e6072eaa5"  # what our team is called in Entra
LONGEST = 50
FORBIDDEN = re.compile(r"""[~#%&*{}+/\\:<>?|'"]|^[._]|\.$""")
TAKEN = "Channel name already existed, please use other name"
DENIED = "Missing role permissions on the request. API requires one of 'Channel.Create.Group'."


class Graph:
    """One team's channels by id; `deleted` names are kept from use, and `is_granted` is consent.

    `loses` has the answer to a channel that was made get lost on its way.
    """

    def __init__(self) -> None:
        self.tokens: set[str] = set()
        self.made: dict[str, str] = {}
        self.deleted: set[str] = set()
        self.is_granted = True
        self.loses = False
        self.calls: list[Call] = []

    def route(
        self, app: web.Application, arranged: Callable[[str], Awaitable[web.Response | None]]
    ) -> None:
        """Serve under /graph; `arranged` returns what a test has arranged for an operation."""

        async def post(request: web.Request) -> web.Response:
            body, token = await request.json(), request.headers.get("Authorization", "")
            path = request.path.removeprefix("/graph/")
            self.calls.append(Call("POST", path, dict(request.query), body, token))
            return await arranged("graph") or self._create(request, body)

        app.router.add_post("/graph/v1.0/teams/{team}/channels", post)

    def _create(self, request: web.Request, body: Object) -> web.Response:
        name = str(body.get("displayName", ""))
        refused = self._refusal(request, name)
        if refused is not None:
            return refused
        made = f"19:made{len(self.made)}@thread.tacv2"
        self.made[made] = name
        if self.loses:
            return web.Response(status=502)
        return web.json_response({**body, "id": made, "email": "", "webUrl": ""}, status=201)

    def _refusal(self, request: web.Request, name: str) -> web.Response | None:
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        if token not in self.tokens:
            return _error(401, "InvalidAuthenticationToken", "Access token is not for this.")
        if request.match_info["team"] != GROUP:
            return _error(404, "NotFound", "No team found with Group Id.")
        if not self.is_granted:
            return _error(403, "Forbidden", DENIED)
        if not 0 < len(name.encode("utf-16-le")) <= 2 * LONGEST or FORBIDDEN.search(name):
            return _error(400, "BadRequest", f"Channel name {name} is not valid.")
        taken = name.lower() in {one.lower() for one in (*self.made.values(), *self.deleted)}
        return _error(400, "BadRequest", TAKEN) if taken else None


def _error(status: int, code: str, message: str) -> web.Response:
    said = {"code": code, "message": message, "innerError": {"request-id": "1"}}
    return web.json_response({"error": said}, status=status)
