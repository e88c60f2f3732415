"""Judges an ID token: OpenID Connect Core 3.1.3.7, every check and no way around one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import jwt

from bot.adapters.web.identity import Identity
from bot.adapters.web.oidc.keys import ALGORITHMS
from bot.adapters.web.oidc.refusals import Refusal, refused

if TYPE_CHECKING:
    from jwt.types import Options

SKEW = 60  # seconds that the provider's clock may be off
LONGEST_TOKEN = 16_384
LONGEST_SUBJECT = 255
# Only the signature is left to the library: each claim has a refusal of its own below.
SIGNATURE_ALONE: Options = {
    "verify_exp": False,
    "verify_nbf": False,
    "verify_iat": False,
    "verify_aud": False,
    "verify_iss": False,
    "verify_sub": False,
    "verify_jti": False,
}


@dataclass(frozen=True)
class Expected:
    """What a token has to say."""

    issuer: str
    client_id: str
    subject_claim: str
    nonce: str
    now: datetime


def header(token: object) -> tuple[str, str, object]:
    """Return the token, its algorithm (one that we take) and its key's id; nothing is believed."""
    if not isinstance(token, str) or len(token) > LONGEST_TOKEN or not token.isascii():
        raise refused(Refusal.UNREADABLE)
    try:
        read = jwt.get_unverified_header(token)
    except (jwt.PyJWTError, ValueError, RecursionError):
        raise refused(Refusal.UNREADABLE) from None
    algorithm = read.get("alg")
    if not isinstance(algorithm, str) or algorithm not in ALGORITHMS:
        raise refused(Refusal.ALGORITHM)
    return token, algorithm, read.get("kid")


def judged(token: str, algorithm: str, key: Any, expected: Expected) -> Identity:
    """Return whom a genuine token is of; `SignInFailed` says what is wrong with another."""
    try:
        claims = jwt.decode(token, key, algorithms=[algorithm], options=SIGNATURE_ALONE)
    except jwt.InvalidSignatureError:
        raise refused(Refusal.SIGNATURE) from None
    except (jwt.PyJWTError, ValueError, RecursionError):
        raise refused(Refusal.UNREADABLE) from None
    _issued(claims, expected)
    _timely(claims, int(expected.now.timestamp()))
    if claims.get("nonce") != expected.nonce:
        raise refused(Refusal.NONCE)
    subject, said = claims.get(expected.subject_claim), _seconds(claims, "auth_time")
    if not isinstance(subject, str) or not 0 < len(subject) <= LONGEST_SUBJECT:
        raise refused(Refusal.SUBJECT)
    return Identity(subject, None if said is None else datetime.fromtimestamp(said, UTC))


def _issued(claims: Mapping[str, Any], expected: Expected) -> None:
    if claims.get("iss") != expected.issuer:
        raise refused(Refusal.ISSUER)
    named = claims.get("aud")
    audiences = named if isinstance(named, list) else [named]
    if expected.client_id not in audiences:
        raise refused(Refusal.AUDIENCE)
    # Who asked for it: has to be said where it is for several, and has to be us where it is said.
    if claims.get("azp", None if len(audiences) > 1 else expected.client_id) != expected.client_id:
        raise refused(Refusal.AUDIENCE)


def _timely(claims: Mapping[str, Any], now: int) -> None:
    until, since, made = (_seconds(claims, name) for name in ("exp", "nbf", "iat"))
    if until is None or made is None:
        raise refused(Refusal.UNREADABLE)
    if now >= until + SKEW:
        raise refused(Refusal.EXPIRED)
    if made > now + SKEW or (since is not None and since > now + SKEW):
        raise refused(Refusal.NOT_YET)


def _seconds(claims: Mapping[str, Any], name: str) -> int | None:
    value = claims.get(name)
    if value is None:
        return None
    # Python reads NaN and Infinity as JSON numbers, and no year is that far away.
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 1 << 36:
        raise refused(Refusal.UNREADABLE)
    return value
