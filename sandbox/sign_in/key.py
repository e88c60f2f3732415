"""The key that ID tokens are signed with: made at the first start, kept in the hospital's home."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from jwt.algorithms import ECAlgorithm

from sandbox.layout import write_private

ALGORITHM = "ES256"
THUMBED = ("crv", "kty", "x", "y")  # RFC 7638: what an elliptic key's thumbprint is made of


@dataclass(frozen=True)
class SigningKey:
    """One P-256 key; `kid` is its thumbprint."""

    private: ec.EllipticCurvePrivateKey = field(repr=False)
    public: Mapping[str, str]
    kid: str

    @staticmethod
    def kept(file: Path) -> SigningKey:
        """Return the key of a file, made where there is none yet."""
        if not file.exists():
            write_private(file, _pem(ec.generate_private_key(ec.SECP256R1())))
        private = serialization.load_pem_private_key(file.read_bytes(), None)
        if not isinstance(private, ec.EllipticCurvePrivateKey):
            raise TypeError(f"{file} holds another kind of key: remove it, and one is made")
        public: dict[str, str] = ECAlgorithm.to_jwk(private.public_key(), as_dict=True)
        thumbed = json.dumps({name: public[name] for name in THUMBED}, separators=(",", ":"))
        digest = hashlib.sha256(thumbed.encode("ascii")).digest()
        return SigningKey(private, public, base64.urlsafe_b64encode(digest).rstrip(b"=").decode())

    def published(self) -> dict[str, Any]:
        """Return the public half as a JSON Web Key Set."""
        return {"keys": [{**self.public, "kid": self.kid, "use": "sig", "alg": ALGORITHM}]}

    def signed(self, claims: Mapping[str, Any]) -> str:
        """Return the claims as a signed token."""
        return jwt.encode(dict(claims), self.private, ALGORITHM, headers={"kid": self.kid})


def _pem(key: ec.EllipticCurvePrivateKey) -> str:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ).decode("ascii")
