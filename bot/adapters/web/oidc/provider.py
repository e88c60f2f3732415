"""One OpenID Connect provider: where to send somebody to sign in, and who came back."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode, urlsplit

import httpx

from bot.adapters.web.identity import Attempt, Identity, SignInFailed
from bot.adapters.web.oidc import asking, tokens
from bot.adapters.web.oidc.keys import Keys
from bot.adapters.web.oidc.refusals import Refusal, refused

if TYPE_CHECKING:
    from bot.ports import Clock

FRESH = timedelta(hours=1)
MAX_AGE = 300  # seconds; what came of it is judged by us, whatever the provider makes of this
BASIC, POST = "client_secret_basic", "client_secret_post"


@dataclass(frozen=True)
class Registration:
    """What the provider knows us as; an address that is "" is taken from its description."""

    issuer: str
    client_id: str
    client_secret: str = field(repr=False)
    redirect_url: str
    discovery_url: str
    authorization_url: str = ""
    token_url: str = ""
    jwks_url: str = ""
    subject_claim: str = "sub"


@dataclass(frozen=True)
class Description:
    """Where the provider is asked what, and how it wants our secret."""

    authorization_url: str
    token_url: str
    jwks_url: str
    is_posted: bool


class Provider:
    """Sends people to sign in and redeems what they bring; implements `SignIn`."""

    def __init__(self, registration: Registration, http: httpx.AsyncClient, clock: Clock) -> None:
        self._ours, self._http, self._clock = registration, http, clock
        self._keys = Keys(http, clock)
        self._description: Description | None = None
        self._read: datetime | None = None

    async def address(self, attempt: Attempt) -> str:
        """Return where to send the browser; `SignInFailed` where that can not be known now."""
        url = (await self._described()).authorization_url
        challenge = hashlib.sha256(attempt.verifier.encode("ascii")).digest()
        asked = {
            "response_type": "code",
            "response_mode": "query",
            "client_id": self._ours.client_id,
            "redirect_uri": self._ours.redirect_url,
            "scope": "openid",
            "state": attempt.state,
            "nonce": attempt.nonce,
            "code_challenge": base64.urlsafe_b64encode(challenge).rstrip(b"=").decode("ascii"),
            "code_challenge_method": "S256",
            "max_age": str(MAX_AGE),
            "prompt": "login",
        }
        return f"{url}{'&' if urlsplit(url).query else '?'}{urlencode(asked)}"

    async def identity(self, attempt: Attempt, code: str, issuer: str) -> Identity:
        """Return whom a code is of; `issuer` is who the browser says that it comes from, or ""."""
        if issuer and issuer != self._ours.issuer:  # RFC 9207
            raise refused(Refusal.ISSUER)
        described = await self._described()
        token, algorithm, kid = tokens.header(await self._redeemed(described, attempt, code))
        key = await self._keys.find(described.jwks_url, kid, algorithm)
        expected = tokens.Expected(
            issuer=self._ours.issuer,
            client_id=self._ours.client_id,
            subject_claim=self._ours.subject_claim,
            nonce=attempt.nonce,
            now=self._clock.now(),
        )
        return tokens.judged(token, algorithm, key, expected)

    async def _redeemed(self, described: Description, attempt: Attempt, code: str) -> object:
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self._ours.redirect_url,
            "code_verifier": attempt.verifier,
        }
        auth: tuple[str, str] | None = None
        if described.is_posted:
            form |= {"client_id": self._ours.client_id, "client_secret": self._ours.client_secret}
        else:
            # RFC 6749, 2.3.1: both are form-encoded before they are put together.
            auth = quote(self._ours.client_id, safe=""), quote(self._ours.client_secret, safe="")
        answer = await asking.post(self._http, described.token_url, form, auth)
        return answer.get("id_token")

    async def _described(self) -> Description:
        now = self._clock.now()
        is_fresh = self._read is not None and timedelta() <= now - self._read < FRESH
        if self._description is None or not is_fresh:
            try:
                self._description, self._read = await self._describe(), now
            except SignInFailed:
                if self._description is None:
                    raise  # what was known before goes on counting while the provider is silent
        return self._description

    async def _describe(self) -> Description:
        said = await asking.get(self._http, self._ours.discovery_url)
        if said.get("issuer") != self._ours.issuer:
            raise refused(Refusal.DESCRIPTION)
        methods = said.get("token_endpoint_auth_methods_supported")
        return Description(
            self._ours.authorization_url or self._named(said, "authorization_endpoint"),
            self._ours.token_url or self._named(said, "token_endpoint"),
            self._ours.jwks_url or self._named(said, "jwks_uri"),
            is_posted=isinstance(methods, list) and BASIC not in methods and POST in methods,
        )

    def _named(self, said: Any, name: str) -> str:
        url = said.get(name)
        if not isinstance(url, str) or not asking.is_safe(url, self._ours.discovery_url):
            raise refused(Refusal.DESCRIPTION)
        return url
