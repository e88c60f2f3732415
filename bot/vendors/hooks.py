"""How a vendor's webhook proves who sent it; every comparison takes the same time."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping, Sequence


def is_signed(body: bytes, signature: str, secrets: Sequence[str]) -> bool:
    """Say whether `signature` is the hexadecimal HMAC-SHA-256 of the body under a secret."""
    made = [hmac.new(one.encode(), body, hashlib.sha256).hexdigest() for one in secrets]
    return _is_among(signature.lower(), made)


def is_secret(given: str, secrets: Sequence[str]) -> bool:
    """Say whether what was given is one of the secrets itself."""
    return _is_among(given, secrets)


def is_password(headers: Mapping[str, str], secrets: Sequence[str]) -> bool:
    """Say whether a secret is the password of HTTP Basic (RFC 7617), or the Bearer (RFC 6750)."""
    scheme, _, given = headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return _is_among(given.strip(), secrets)
    if scheme.lower() != "basic":
        return False
    try:
        pair = base64.b64decode(given.strip(), validate=True).decode("utf-8")
    except (binascii.Error, UnicodeDecodeError):
        return False
    return _is_among(pair.partition(":")[2], secrets)


def _is_among(given: str, known: Sequence[str]) -> bool:
    same = [hmac.compare_digest(given.encode(), one.encode()) for one in known if one]
    return bool(given) and any(same)
