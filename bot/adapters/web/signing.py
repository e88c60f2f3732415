"""The pages on which somebody signs an approval: a link, a fresh sign-in, one button.

They are open in production too: what counts is the sign-in, not who reaches the page. A signature
is tied to the browser that followed the link by a cookie; nothing else of it is kept anywhere.
"""

from __future__ import annotations

import base64
import hmac
import re
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final, NoReturn
from urllib.parse import urlsplit

from jinja2 import Environment
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from bot.adapters.web.identity import Attempt, Identity, SignIn, SignInFailed
from bot.adapters.web.persona import form
from bot.errors import NotAuthorised, Refused
from bot.model import Account, Invocation, Place, Reason, Signing
from bot.ports import Road
from bot.ports.signatures import Signatures

LINK: Final = re.compile(r"[a-z]{20,80}")
BROWSER: Final = re.compile(r"[A-Za-z0-9_-]{43}")
OFFER, GO, BACK, CONFIRM = "/sign/{link}", "/sign/{link}/go", "/sign/back", "/sign/confirm"
COOKIE: Final = "wardroom_signing"
SECONDS: Final = 300
LONGEST_CODE: Final = 4096
SHOWN: Final = 12  # hex digits of the proposal's digest, as on a card's button
PLACE: Final = Place("web", "signing")

NO_LINK = "There is no such link. Type `approve REQ-n` in chat for one."
NOT_BEGUN = "Nothing is being signed in this browser. Type `approve REQ-n` in chat for a link."
NO_CODE = "The sign-in provider did not sign you in, so nothing is signed."
NOT_OURS = "This did not come from the page that you sign on, so nothing is signed."
STATUS: Final = {
    Reason.NOT_FOUND: HTTPStatus.NOT_FOUND,
    Reason.UNAVAILABLE: HTTPStatus.BAD_GATEWAY,
    Reason.BAD_INPUT: HTTPStatus.BAD_REQUEST,
    Reason.NOT_AUTHORISED: HTTPStatus.FORBIDDEN,
    Reason.NOT_IDENTIFIED: HTTPStatus.FORBIDDEN,
}


@dataclass(frozen=True)
class SigningPages:
    """Every page from the link to the signature; they work without scripts."""

    sign_in: SignIn
    signatures: Signatures
    road: Road
    templates: Environment
    public_url: str

    async def offer(self, request: Request) -> Response:
        """Answer `GET /sign/LINK`: say what happens next. Looking uses nothing up.

        Chats fetch the links that are posted in them, and mail filters follow them.
        """
        link = _link(request)
        signing = await self.signatures.offered(link)
        return self._page("offered", signing=signing, address=f"/sign/{link}/go")

    async def go(self, request: Request) -> Response:
        """Answer `GET /sign/LINK/go`: use the link up, and go to sign in."""
        link = _link(request)
        if request.method != "GET":
            return Response(status_code=HTTPStatus.NO_CONTENT)
        browser = secrets.token_urlsafe(32)
        attempt = _attempt(browser)
        signing = await self.signatures.sent(link, attempt.state)
        try:
            address = await self.sign_in.address(attempt)
        except SignInFailed as failure:
            await self._failed(signing, failure)
        response = RedirectResponse(address, status_code=HTTPStatus.SEE_OTHER)
        response.set_cookie(
            self._cookie,
            browser,
            max_age=SECONDS,
            path="/",
            httponly=True,
            samesite="lax",  # the provider sends people back here by a link of its own
            secure=self._is_https,
        )
        return response

    async def back(self, request: Request) -> Response:
        """Answer `GET /sign/back`: redeem what the provider sent, once."""
        state = request.query_params.get("state", "")
        attempt = self._begun(request)
        if attempt is None or not hmac.compare_digest(attempt.state.encode(), state.encode()):
            await self.signatures.elsewhere(state)
        signing = await self.signatures.returned(attempt.state)
        identity = await self._identity(request, signing, attempt)
        await self.signatures.proved(signing, identity.subject, identity.signed_in)
        # What is signed has an address without the code in it.
        return RedirectResponse(CONFIRM, status_code=HTTPStatus.SEE_OTHER)

    async def confirm(self, request: Request) -> Response:
        """Answer `GET /sign/confirm`: show exactly what is signed, and the button."""
        attempt = self._begun(request)
        if attempt is None:
            raise NotAuthorised(NOT_BEGUN)
        signing, asked = await self.signatures.ready(attempt.state)
        return self._page(
            "ready", signing=signing, request=asked, address=CONFIRM, proof=self._proof(request)
        )

    async def sign(self, request: Request) -> Response:
        """Answer `POST /sign/confirm`: type the approval, which the road takes like any other."""
        attempt, given = self._begun(request), await form(request)
        proof = given.get("proof", "").encode()
        if attempt is None or not self._is_ours(request):
            raise NotAuthorised(NOT_OURS)
        if not hmac.compare_digest(self._proof(request).encode(), proof):
            raise NotAuthorised(NOT_OURS)
        signing, _ = await self.signatures.ready(attempt.state)
        reply = await self.road.handle(
            Invocation(
                text=f"approve {signing.request} --proposal {signing.digest[:SHOWN]}",
                account=Account("oidc", signing.subject),
                place=PLACE,
                delivery=f"sign:{signing.link}",
            )
        )
        response = self._page("signed", signing=signing, reply=reply)
        response.delete_cookie(self._cookie, path="/", secure=self._is_https, httponly=True)
        return response

    def told(
        self, endpoint: Callable[[Request], Awaitable[Response]]
    ) -> Callable[[Request], Awaitable[Response]]:
        """Return an endpoint that says on a page why it refuses."""

        async def answered(request: Request) -> Response:
            try:
                return await endpoint(request)
            except Refused as refusal:
                return self.closed(refusal.reason, refusal.text, _status(refusal.reason))

        return answered

    def closed(self, reason: Reason, why: str, status: int) -> HTMLResponse:
        """Return the page that says why nothing was signed."""
        return self._page("refused", status=status, why=why, reason=reason.value)

    @property
    def _is_https(self) -> bool:
        return self.public_url.startswith("https://")

    @property
    def _cookie(self) -> str:
        # With that prefix a browser takes it from this host alone, and over TLS alone.
        return f"__Host-{COOKIE}" if self._is_https else COOKIE

    def _begun(self, request: Request) -> Attempt | None:
        browser = self._browser(request)
        return _attempt(browser) if browser else None

    def _browser(self, request: Request) -> str:
        browser = request.cookies.get(self._cookie, "")
        return browser if BROWSER.fullmatch(browser) else ""

    def _proof(self, request: Request) -> str:
        """Return what the form sends back: only a page of this browser's has it."""
        return _derived(self._browser(request), "form")

    def _is_ours(self, request: Request) -> bool:
        own = urlsplit(self.public_url)
        return request.headers.get("origin", "").lower() == f"{own.scheme}://{own.netloc}".lower()

    async def _identity(self, request: Request, signing: Signing, attempt: Attempt) -> Identity:
        code = request.query_params.get("code", "")
        if not 0 < len(code) <= LONGEST_CODE:
            await self.signatures.refuse(signing, Reason.NOT_AUTHORISED, NO_CODE, error="no code")
        try:
            return await self.sign_in.identity(attempt, code, request.query_params.get("iss", ""))
        except SignInFailed as failure:
            await self._failed(signing, failure)

    async def _failed(self, signing: Signing, failure: SignInFailed) -> NoReturn:
        reason = Reason.UNAVAILABLE if failure.is_silent else Reason.NOT_AUTHORISED
        await self.signatures.refuse(signing, reason, failure.why, error=failure.error)

    def _page(self, step: str, *, status: int = HTTPStatus.OK, **values: object) -> HTMLResponse:
        text = self.templates.get_template("sign.html").render(step=step, **values)
        return HTMLResponse(text, status_code=status)


def _link(request: Request) -> str:
    link = str(request.path_params["link"])
    if not LINK.fullmatch(link):
        raise Refused(Reason.NOT_FOUND, NO_LINK)
    return link


def _attempt(browser: str) -> Attempt:
    """Return what is derived from a browser's secret: none of it has to be kept."""
    return Attempt(
        _derived(browser, "state"), _derived(browser, "nonce"), _derived(browser, "pkce")
    )


def _derived(browser: str, what: str) -> str:
    made = hmac.digest(browser.encode("ascii"), what.encode("ascii"), "sha256")
    return base64.urlsafe_b64encode(made).rstrip(b"=").decode("ascii")


def _status(reason: Reason) -> int:
    return STATUS.get(reason, HTTPStatus.CONFLICT)
