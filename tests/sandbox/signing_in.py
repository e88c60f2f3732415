"""The hospital's sign-in page as a process, and somebody who signs in there over HTTP."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import secrets
import subprocess
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import httpx
import jwt

from sandbox import facts
from sandbox.estate import PASSWORD
from tests.sandbox.fixtures import ROOT, until
from tests.serving import NO_TLS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sandbox.layout import Layout

BACK = "http://127.0.0.1:18080/sign/back"


@dataclass
class Page:
    """A running sign-in page, and the application that it serves."""

    url: str
    secret: str
    client: httpx.Client

    def description(self) -> dict[str, Any]:
        found: dict[str, Any] = self.client.get(
            f"{self.url}/.well-known/openid-configuration"
        ).json()
        return found

    def token(self, code: str, verifier: str, **other: str) -> httpx.Response:
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": BACK,
            "code_verifier": verifier,
        }
        secret = other.pop("secret", self.secret)
        auth = ("wardroom", secret)
        return self.client.post(f"{self.url}/token", data=form | other, auth=auth)

    def claims(self, answer: httpx.Response) -> dict[str, Any]:
        """Return what the token says, believed by the key that the page publishes."""
        (key,) = self.client.get(self.description()["jwks_uri"]).json()["keys"]
        token = answer.raise_for_status().json()["id_token"]
        assert jwt.get_unverified_header(token)["kid"] == key["kid"]
        claims: dict[str, Any] = jwt.decode(
            token, jwt.PyJWK(key), ["ES256"], audience="wardroom", issuer=self.url
        )
        return claims


@dataclass
class Browser:
    """Somebody's browser; each `wish` is what an application asks for."""

    page: Page
    verifier: str = field(default_factory=lambda: secrets.token_urlsafe(32))
    nonce: str = field(default_factory=lambda: secrets.token_urlsafe(8))
    client: httpx.Client = field(default_factory=lambda: httpx.Client(verify=NO_TLS))

    def wish(self, **other: str | None) -> dict[str, str]:
        proof = hashlib.sha256(self.verifier.encode()).digest()
        usual = {
            "response_type": "code",
            "client_id": "wardroom",
            "redirect_uri": BACK,
            "scope": "openid",
            "state": "a state",
            "nonce": self.nonce,
            "code_challenge": base64.urlsafe_b64encode(proof).rstrip(b"=").decode(),
            "code_challenge_method": "S256",
            "max_age": "300",
            "prompt": "login",
        }
        return {name: value for name, value in (usual | other).items() if value is not None}

    def open(self, **other: str | None) -> httpx.Response:
        return self.client.get(f"{self.page.url}/authorize", params=self.wish(**other))

    def sign_in(self, person: str, password: str = PASSWORD, **other: str | None) -> httpx.Response:
        form = {"person": person, "password": password}
        return self.client.post(f"{self.page.url}/authorize", params=self.wish(**other), data=form)


@contextlib.contextmanager
def serving(layout: Layout) -> Iterator[Page]:
    """Run the page of a home until the block ends."""
    command = [sys.executable, "-m", "sandbox.sign_in", str(layout.home)]
    known = facts.settle(layout, [], 8080, print)["sign_in"]
    with (
        httpx.Client(verify=NO_TLS) as client,
        subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL) as process,
    ):
        page = Page(known["issuer"], layout.client_secret.read_text(), client)

        def answers() -> bool:
            assert process.poll() is None
            with contextlib.suppress(httpx.TransportError):
                return bool(page.description())
            return False

        try:
            until(answers)
            yield page
        finally:
            process.kill()
