"""Microsoft Graph: the one call that the Bot Framework has no way to make, a new channel."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from bot.adapters.teams.calls import Calls, error_codes, said, word
from bot.errors import Rejected, Unreachable

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    import httpx

    from bot.adapters.teams.credentials import Credentials

# What it says when it was asked too much. It makes nothing twice for anything else: whether a 502
# made the channel is for the caller to look up.
AGAIN: Final = frozenset({429})
PERMISSION: Final = "Channel.Create.Group"
# It says this in words alone: the code is NameAlreadyExists or BadRequest.
TAKEN: Final = "name already existed"
NOT_ALLOWED: Final = (
    f"Microsoft Graph lets us make no channel in that team: an owner has to grant {PERMISSION}, by "
    "adding the app to the team again from a package made with teams.rooms: channel."
)


class NameTaken(Rejected):
    """A channel of that team has this name, or had it once and was deleted."""


class Graph:
    """Calls Microsoft Graph at `url`; the errors are the connector's, and `NameTaken`."""

    def __init__(
        self,
        url: str,
        http: httpx.AsyncClient,
        credentials: Credentials,
        pause: Callable[[float], Awaitable[None]],
    ) -> None:
        self._url = url.rstrip("/")
        self._calls = Calls("Microsoft Graph", http, credentials, pause, AGAIN)

    async def create_channel(self, group: str, name: str, about: str) -> str:
        """Make a channel that everybody in the team sees; returns its id.

        `Unreachable` says that it is not known whether there is one now.
        """
        url = f"{self._url}/v1.0/teams/{quote(group, safe='')}/channels"
        wanted = {"displayName": name, "description": about, "membershipType": "standard"}
        response = await self._calls.ask("POST", url, wanted, {})
        made = word(said(response), "id")
        if response.is_success and made:
            return made
        raise _refusal(response)


def _refusal(response: httpx.Response) -> Rejected | Unreachable:
    body, status = said(response), response.status_code
    inner = body.get("error")
    if TAKEN in (word(inner, "message") if isinstance(inner, dict) else ""):
        return NameTaken("A channel of that team has this name already.")
    if response.is_success or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return Unreachable(f"Microsoft Graph failed: {status}.")
    if status == HTTPStatus.FORBIDDEN:
        return Rejected(NOT_ALLOWED)
    return Rejected(f"Microsoft Graph refused it: {' '.join([str(status), *error_codes(body)])}.")
