"""Who may knock at the web console: loopback only, same origin only, closed in production."""

from __future__ import annotations

import ipaddress
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeAlias
from urllib.parse import urlsplit

import structlog
from starlette.requests import Request
from starlette.responses import Response

from bot.errors import BadInput
from bot.model import Reason

log = structlog.get_logger(__name__)

Endpoint: TypeAlias = Callable[[Request], Awaitable[Response]]
Refuse: TypeAlias = Callable[[Reason, str, int], Response]

LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})
SAFE_METHODS = frozenset({"GET", "HEAD"})

PRODUCTION = (
    "The web console has no sign-in yet, so it stays closed in production. "
    "Use Slack or Microsoft Teams; `wardroom audit` works on the server."
)
NOT_LOOPBACK = "The sandbox console answers on this machine only: open it at http://127.0.0.1."
WRONG_HOST = (
    "The sandbox console answers to 127.0.0.1 and localhost only, not to the name that was asked."
)
WRONG_ORIGIN = "This came from another web site, so nothing was done."

BROKEN = "Something failed here. Try again; the server's log says what it was."

SECURITY_HEADERS = {
    "Content-Security-Policy": (
        # Pictures of a reply may stand anywhere; they are fetched without saying where from.
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' https:; "
        "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; "
        "require-trusted-types-for 'script'; trusted-types wardroom"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    # Not `no-referrer`: with it browsers send `Origin: null` with our own forms.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}


@dataclass(frozen=True)
class Door:
    """Opens an endpoint to whoever may come in, and says to the others why not."""

    mode: str
    public_url: str

    @property
    def is_https(self) -> bool:
        """Say whether browsers reach us over TLS, so that cookies can insist on it."""
        return urlsplit(self.public_url).scheme == "https"

    def opened(self, endpoint: Endpoint, refuse: Refuse) -> Endpoint:
        """Return `endpoint` behind the checks; `refuse` draws the sentence that says why not."""
        return edge(endpoint, refuse, self._objection)

    def _objection(self, request: Request) -> str:
        if self.mode != "sandbox":
            return PRODUCTION
        if not _is_loopback(request.client.host if request.client else ""):
            return NOT_LOOPBACK
        # A name that merely resolves to 127.0.0.1 belongs to somebody else: DNS rebinding.
        if _host_name(request.headers.get("host", "")) not in LOOPBACK_NAMES:
            return WRONG_HOST
        return "" if _is_same_origin(request) else WRONG_ORIGIN


def edge(endpoint: Endpoint, refuse: Refuse, objection: Callable[[Request], str]) -> Endpoint:
    """Return `endpoint` as the outside meets it: behind `objection`, never without an answer."""

    async def checked(request: Request) -> Response:
        why = objection(request)
        if why:
            return sealed(refuse(Reason.NOT_AUTHORISED, why, 403))
        try:
            return sealed(await endpoint(request))
        except BadInput as error:
            return sealed(refuse(error.reason, error.text, 400))
        except Exception:  # the edge: a page says that it failed, the log says why
            log.exception("web_endpoint_failed", path=pattern(request))
            return sealed(refuse(Reason.FAILED, BROKEN, 500))

    return checked


def pattern(request: Request) -> str:
    """Return the route's own path: the one that was asked for may hold a secret."""
    return getattr(request.scope.get("route"), "path", request.url.path)


def sealed(response: Response) -> Response:
    """Add the security headers; what is not said to be cacheable is not stored anywhere."""
    for name, value in SECURITY_HEADERS.items():
        response.headers[name] = value
    response.headers.setdefault("Cache-Control", "no-store")
    return response


def _is_loopback(address: str) -> bool:
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False


def _host_name(host: str) -> str:
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""


def _is_same_origin(request: Request) -> bool:
    origin = request.headers.get("origin")
    if origin is not None:
        return origin.lower() == f"{request.url.scheme}://{request.headers['host']}".lower()
    if request.method in SAFE_METHODS:
        # A link may lead here from anywhere; the SameSite cookie stays behind then.
        return True
    return request.headers.get("sec-fetch-site", "none") in ("same-origin", "none")
