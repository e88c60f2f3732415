"""Microsoft's side of the trust: signing keys that rotate, genuine tokens and forged ones."""

from __future__ import annotations

import functools
import json
import time
from base64 import urlsafe_b64encode
from typing import Any

import jwt
from cryptography.hazmat.primitives import hashes, hmac, serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.fakes.teams.parts import Object

ISSUER = "https://api.botframework.com"


@functools.cache
def _key(number: int) -> rsa.RSAPrivateKey:
    """Return the n-th key of this process: to make one takes a while, so all tests share them."""
    assert number >= 0
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


class Identity:
    """What signs: one key at a time, published with its endorsements."""

    def __init__(self, audience: str) -> None:
        self.audience = audience
        self.number = 0
        self.endorsements = ["msteams", "webchat"]
        self.extra: list[Any] = []

    @property
    def kid(self) -> str:
        """Return the id of the key that is published now."""
        return f"key-{self.number}"

    def rotate(self) -> None:
        """Sign with another key from now on; the old one is published no more."""
        self.number += 1

    def jwks(self) -> Object:
        """Return the published keys."""
        public = jwt.algorithms.RSAAlgorithm.to_jwk(_key(self.number).public_key(), as_dict=True)
        use = {"use": "sig", "kid": self.kid, "x5t": self.kid}
        return {"keys": [*self.extra, {**public, **use, "endorsements": self.endorsements}]}

    def claims(self, service_url: str, **over: Any) -> Object:
        """Return what a genuine token says; None in `over` leaves a claim out."""
        now = int(time.time())
        said = {
            "serviceurl": service_url,
            "nbf": now - 10,
            "exp": now + 3600,
            "iss": ISSUER,
            "aud": self.audience,
            **over,
        }
        return {name: value for name, value in said.items() if value is not None}

    def token(self, service_url: str, *, headers: Object | None = None, **over: Any) -> str:
        """Return a token signed with the published key."""
        named = {"kid": self.kid, "x5t": self.kid, **(headers or {})}
        claims = self.claims(service_url, **over)
        return jwt.encode(claims, _key(self.number), algorithm="RS256", headers=named)

    def by_another_key(self, service_url: str) -> str:
        """Return a token that names the published key and is signed with another."""
        claims = self.claims(service_url)
        return jwt.encode(claims, _key(999), algorithm="RS256", headers={"kid": self.kid})

    def unsigned(self, service_url: str) -> str:
        """Return a token that says it needs no signature (`alg: none`)."""
        return _joined(
            {"alg": "none", "typ": "JWT", "kid": self.kid}, self.claims(service_url), b""
        )

    def by_public_key(self, service_url: str) -> str:
        """Return a token signed by HS256 with the public key as the secret."""
        pem = (
            _key(self.number)
            .public_key()
            .public_bytes(
                serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
            )
        )
        header = {"alg": "HS256", "typ": "JWT", "kid": self.kid}
        signing = hmac.HMAC(pem, hashes.SHA256())
        signing.update(_joined(header, self.claims(service_url), b"").rpartition(".")[0].encode())
        return _joined(header, self.claims(service_url), signing.finalize())


def _joined(header: Object, claims: Object, signature: bytes) -> str:
    parts = (json.dumps(header).encode(), json.dumps(claims).encode(), signature)
    return ".".join(urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts)
