"""What the fake provider signs with: keys that rotate, and every way to forge a token."""

from __future__ import annotations

import functools
import hashlib
import hmac
import json
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from typing import Any

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

Claims = Mapping[str, Any]


@functools.cache
def _rsa(number: int) -> rsa.RSAPrivateKey:
    """Return the n-th key of this process: to make one takes a while, so all tests share them."""
    assert number >= 0
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@functools.cache
def _curve(number: int) -> ec.EllipticCurvePrivateKey:
    assert number >= 0
    return ec.generate_private_key(ec.SECP256R1())


class SigningKeys:
    """One key at a time, of RSA or on a curve, published under its number."""

    def __init__(self) -> None:
        self.number = 0
        self.algorithm = "RS256"

    @property
    def kid(self) -> str:
        return f"{self.algorithm}-{self.number}"

    def rotate(self) -> None:
        """Sign with another key from now on; the old one is published no more."""
        self.number += 1

    def published(self) -> dict[str, Any]:
        """Return the JWKS: the key of now, and one for encrypting, which signs nothing."""
        other = jwt.algorithms.RSAAlgorithm.to_jwk(_rsa(500).public_key(), as_dict=True)
        entries = [
            {**other, "kid": "for-encrypting", "use": "enc"},
            {**self._public(), "kid": self.kid, "use": "sig", "alg": self.algorithm},
        ]
        return {"keys": entries}

    def signed(self, claims: Claims, **header: Any) -> str:
        return self._by(self.number, claims, **header)

    def by_another_key(self, claims: Claims) -> str:
        """Name the published key and sign with another."""
        return self._by(999, claims)

    def by_the_encrypting_key(self, claims: Claims) -> str:
        header = {"kid": "for-encrypting"}
        return jwt.encode(dict(claims), _rsa(500), algorithm="RS256", headers=header)

    def unsigned(self, claims: Claims) -> str:
        """Say that no signature is needed (`alg: none`)."""
        return f"{_head({'alg': 'none', 'kid': self.kid}, claims)}."

    def by_the_public_key(self, claims: Claims) -> str:
        """Sign by HS256 with the public key as the secret."""
        pem = (
            _rsa(self.number)
            .public_key()
            .public_bytes(
                serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
            )
        )
        head = _head({"alg": "HS256", "kid": self.kid}, claims)
        return f"{head}.{_encoded(hmac.digest(pem, head.encode(), hashlib.sha256))}"

    def _by(self, number: int, claims: Claims, **header: Any) -> str:
        key = _rsa(number) if self.algorithm == "RS256" else _curve(number)
        named = {"kid": self.kid, **header}
        return jwt.encode(dict(claims), key, algorithm=self.algorithm, headers=named)

    def _public(self) -> dict[str, Any]:
        if self.algorithm == "RS256":
            return jwt.algorithms.RSAAlgorithm.to_jwk(_rsa(self.number).public_key(), as_dict=True)
        return jwt.algorithms.ECAlgorithm.to_jwk(_curve(self.number).public_key(), as_dict=True)


def _head(header: Claims, claims: Claims) -> str:
    return ".".join(_encoded(json.dumps(part).encode()) for part in (header, claims))


def _encoded(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode()
