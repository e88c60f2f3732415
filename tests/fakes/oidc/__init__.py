"""A real OpenID Connect provider for tests: discovery, keys, authorisation, tokens, over HTTP.

It keeps to the rules (client, redirect address, PKCE, codes that work once) and signs for real;
a test says who signs in there, how long ago, and what is wrong with the token.
"""

from __future__ import annotations

import base64
import hashlib
import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, unquote, urlencode

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from tests.databases import FixedClock
from tests.fakes.oidc.keys import Claims, SigningKeys
from tests.serving import served

CLIENT, SECRET = "wardroom", "pw:with/odd&characters"
REALM = "/realms/staff"
LASTS = 60  # seconds that an ID token is good for
PAGE = """<!doctype html><html lang="en"><title>Sign in</title>
<link rel="icon" href="data:,">
<form method="post" action="{action}"><label>Password <input name="password" type="password">
</label><button id="kc-login">Sign in</button></form></html>"""


@dataclass
class FakeProvider:
    """`subject` signs in next, `ago` seconds before the code is asked for."""

    clock: FixedClock
    url: str = ""
    subject: str = "sub-safety-officer"
    ago: float | None = 0
    over: dict[str, Any] = field(default_factory=dict)
    made: Callable[[SigningKeys, Claims], str] | None = None
    has_a_page: bool = False
    is_down: bool = False
    methods: list[str] = field(default_factory=lambda: ["client_secret_basic"])
    says_issuer: str = ""
    listed: Any = None
    keys: SigningKeys = field(default_factory=SigningKeys)
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    asked: list[dict[str, str]] = field(default_factory=list)
    redeemed: list[str] = field(default_factory=list)
    issued: list[str] = field(default_factory=list)

    @property
    def issuer(self) -> str:
        return self.url + REALM

    def app(self) -> Starlette:
        return Starlette(
            routes=[
                Route(f"{REALM}/.well-known/openid-configuration", self.discovery),
                Route(f"{REALM}/keys", self.jwks),
                Route(f"{REALM}/authorize", self.authorize, methods=["GET", "POST"]),
                Route(f"{REALM}/token", self.token, methods=["POST"]),
            ]
        )

    async def discovery(self, _request: Request) -> Response:
        if self.is_down:
            return JSONResponse({}, status_code=503)
        return JSONResponse(
            {
                "issuer": self.says_issuer or self.issuer,
                "authorization_endpoint": f"{self.issuer}/authorize",
                "token_endpoint": f"{self.issuer}/token",
                "jwks_uri": f"{self.issuer}/keys",
                "token_endpoint_auth_methods_supported": self.methods,
            }
        )

    async def jwks(self, _request: Request) -> Response:
        published = self.keys.published()
        return JSONResponse(published if self.listed is None else {"keys": self.listed})

    async def authorize(self, request: Request) -> Response:
        """Sign in whom the test says, and send them back with a code."""
        asked = dict(request.query_params)
        wrong = self._wrong(asked)
        if wrong:
            return JSONResponse({"error": wrong}, status_code=400)
        if self.has_a_page and request.method == "GET":
            return HTMLResponse(PAGE.format(action=f"{REALM}/authorize?{request.url.query}"))
        self.asked.append(asked)
        code = secrets.token_urlsafe(16)
        self.codes[code] = asked
        back = {"code": code, "state": asked["state"], "iss": self.issuer}
        return RedirectResponse(f"{asked['redirect_uri']}?{urlencode(back)}", status_code=303)

    async def token(self, request: Request) -> Response:
        """Redeem a code, once, for the client that proves itself and its PKCE verifier."""
        given = {
            name: values[0] for name, values in parse_qs((await request.body()).decode()).items()
        }
        if not self._is_client(request, given):
            return JSONResponse({"error": "invalid_client"}, status_code=401)
        asked = self.codes.pop(given["code"], None)
        if asked is None or given["grant_type"] != "authorization_code":
            return JSONResponse({"error": "invalid_grant"}, status_code=400)
        proof = hashlib.sha256(given["code_verifier"].encode()).digest()
        challenge = base64.urlsafe_b64encode(proof).rstrip(b"=").decode()
        is_same = asked["redirect_uri"] == given["redirect_uri"]
        if challenge != asked["code_challenge"] or not is_same:
            return JSONResponse({"error": "invalid_grant"}, status_code=400)
        self.redeemed.append(given["code"])
        claims = self.claims(asked["nonce"])
        self.issued.append((self.made or SigningKeys.signed)(self.keys, claims))
        answer = {"access_token": secrets.token_urlsafe(16), "token_type": "Bearer"}
        return JSONResponse({**answer, "id_token": self.issued[-1], "expires_in": LASTS})

    def claims(self, nonce: str) -> dict[str, Any]:
        """Return what the token says; None in `over` leaves a claim out."""
        now = int(self.clock.now().timestamp())
        said = {
            "iss": self.issuer,
            "sub": self.subject,
            "aud": CLIENT,
            "exp": now + LASTS,
            "iat": now,
            "nonce": nonce,
            "auth_time": None if self.ago is None else now - int(self.ago),
            "email": "safety-officer@hospital.example",
            **self.over,
        }
        return {name: value for name, value in said.items() if value is not None}

    def _wrong(self, asked: dict[str, str]) -> str:
        wanted = {
            "response_type": "code",
            "client_id": CLIENT,
            "code_challenge_method": "S256",
            "prompt": "login",
            "max_age": "300",
        }
        wrong = [name for name, value in wanted.items() if asked.get(name) != value]
        missing = [name for name in ("state", "nonce", "code_challenge") if not asked.get(name)]
        if "openid" not in asked.get("scope", "").split():
            missing.append("scope")
        if not asked.get("redirect_uri", "").endswith("/sign/back"):
            wrong.append("redirect_uri")
        return " ".join(wrong + missing)

    def _is_client(self, request: Request, given: dict[str, str]) -> bool:
        if "client_secret_basic" in self.methods:
            raw = request.headers.get("authorization", "").removeprefix("Basic ")
            name, _, password = base64.b64decode(raw).decode().partition(":")
            return (unquote(name), unquote(password)) == (CLIENT, SECRET)
        return (given.get("client_id"), given.get("client_secret")) == (CLIENT, SECRET)


@asynccontextmanager
async def providing(clock: FixedClock) -> AsyncIterator[FakeProvider]:
    """Run a provider on a port of this machine."""
    provider = FakeProvider(clock)
    async with served(provider.app()) as provider.url:
        yield provider
