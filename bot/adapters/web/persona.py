"""Who speaks in the sandbox: a persona, chosen on the page or named with each command."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import parse_qs

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from bot.adapters.web.wire import body
from bot.errors import BadInput
from bot.ports import Directory

COOKIE = "wardroom_persona"
PAGES = frozenset({"/", "/audit"})


def chosen(request: Request) -> str:
    """Return the persona that the page's cookie names, or ""."""
    return request.cookies.get(COOKIE, "")


async def form(request: Request) -> dict[str, str]:
    """Return a posted HTML form; `BadInput` when it is too large or not UTF-8."""
    try:
        text = (await body(request)).decode("utf-8")
        found = parse_qs(text, errors="strict", keep_blank_values=True, max_num_fields=20)
    except ValueError as error:
        raise BadInput("That form can not be read; go back and try again.") from error
    return {name: values[-1] for name, values in found.items()}


@dataclass(frozen=True)
class Personas:
    """Keeps the choice in a cookie that scripts and other sites can not read."""

    directory: Directory
    is_https: bool

    async def choose(self, request: Request) -> Response:
        """Answer `POST /persona`: remember who speaks and go back to the page."""
        given = await form(request)
        page = given.get("page", "/")
        response = RedirectResponse(page if page in PAGES else "/", status_code=303)
        person = self.directory.person(given.get("as", ""))
        if person is None:
            response.delete_cookie(COOKIE, path="/")
            return response
        response.set_cookie(
            COOKIE, person.id, path="/", httponly=True, samesite="strict", secure=self.is_https
        )
        return response

    def current(self, request: Request) -> str:
        """Return the persona of a page, or "" when none, or one who is gone, was chosen."""
        person = self.directory.person(chosen(request))
        return person.id if person else ""
