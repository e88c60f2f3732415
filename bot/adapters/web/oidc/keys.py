"""The keys that a sign-in provider signs with, asked for again when one is not known."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import httpx
import jwt
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from bot.adapters.web.oidc import asking
from bot.adapters.web.oidc.refusals import Refusal, refused

if TYPE_CHECKING:
    from bot.ports import Clock

FRESH = timedelta(hours=1)
KEY_BITS = 2048
CURVES = {"ES256": "secp256r1", "ES384": "secp384r1"}
# Asymmetric ones alone: with others a public key, or nothing at all, could sign.
ALGORITHMS = frozenset({"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", *CURVES})


class Keys:
    """Public keys by id; an id that is not known is looked for once more at the provider.

    Nobody can make us ask often: each question costs a link that works once.
    """

    def __init__(self, http: httpx.AsyncClient, clock: Clock) -> None:
        self._http, self._clock = http, clock
        self._listed: Mapping[str, Mapping[str, Any]] = {}
        self._asked: datetime | None = None

    async def find(
        self, url: str, kid: object, algorithm: str
    ) -> RSAPublicKey | EllipticCurvePublicKey:
        """Return the key of an id, fit for the algorithm; `SignInFailed` where there is none."""
        if not isinstance(kid, str):
            raise refused(Refusal.UNKNOWN_KEY)
        if self._is_stale() or kid not in self._listed:
            await self._ask(url)
        entry = self._listed.get(kid)
        if entry is None:
            raise refused(Refusal.UNKNOWN_KEY)
        return _public(entry, algorithm)

    def _is_stale(self) -> bool:
        return self._asked is None or not timedelta() <= self._clock.now() - self._asked < FRESH

    async def _ask(self, url: str) -> None:
        listed = (await asking.get(self._http, url)).get("keys")
        entries = listed if isinstance(listed, list) else []
        self._listed = {
            one["kid"]: one
            for one in entries
            if isinstance(one, dict)
            and isinstance(one.get("kid"), str)
            and one.get("use", "sig") == "sig"
        }
        self._asked = self._clock.now()


def _public(entry: Mapping[str, Any], algorithm: str) -> RSAPublicKey | EllipticCurvePublicKey:
    if entry.get("alg", algorithm) != algorithm:
        raise refused(Refusal.ALGORITHM)
    try:
        key = jwt.PyJWK(dict(entry), algorithm=algorithm).key
    except (jwt.PyJWTError, ValueError, TypeError):
        raise refused(Refusal.UNKNOWN_KEY) from None
    if isinstance(key, RSAPublicKey) and algorithm not in CURVES and key.key_size >= KEY_BITS:
        return key
    if isinstance(key, EllipticCurvePublicKey) and key.curve.name == CURVES.get(algorithm):
        return key
    raise refused(Refusal.UNKNOWN_KEY)
