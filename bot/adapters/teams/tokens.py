"""Says whether a request comes from Teams and is for us; there is no way to switch it off.

botbuilder's own check answers 500 to most bad tokens, blocks the loop while it fetches keys, and
lets everybody in where no app id is set, so nothing of it is used here (platforms.md §0.4, §2.1).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import jwt

from bot.adapters.teams.refusals import Refusal, TokenRefused
from bot.adapters.teams.service_urls import ServiceUrls, same
from bot.errors import ConfigurationError

if TYPE_CHECKING:
    from jwt.types import Options

    from bot.adapters.teams.keys import Keys
    from bot.ports import Clock

ALGORITHM = "RS256"  # the only one: others would let the public key sign
CHANNEL = "msteams"
SKEW = 5 * 60  # seconds; Microsoft's figure
LONGEST_TOKEN = 16_384
PARTS = 3
# Only the signature is left to the library: each claim has a reason of its own below.
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
class Claims:
    """What a genuine token says of the activity that may come with it."""

    service_url: str
    endorsements: frozenset[str]


class Tokens:
    """The seven checks, the channel's endorsement, the tenant and the address.

    `verify` judges the token, before a byte of the body is read as anything; `admit` judges
    whether an activity is one that the token vouches for. Both raise `TokenRefused`.
    """

    def __init__(
        self,
        keys: Keys,
        clock: Clock,
        *,
        app_id: str,
        tenants: frozenset[str],
        issuer: str,
        service_urls: ServiceUrls,
    ) -> None:
        if not app_id.strip() or not tenants or not all(t.strip() for t in tenants):
            raise ConfigurationError("teams: needs an app_id and a tenant_id")
        self._keys, self._clock = keys, clock
        self._issuer, self._urls = issuer, service_urls
        self._audiences = {app_id, f"api://{app_id}", f"api://botid-{app_id}"}
        self._tenants = {tenant.lower() for tenant in tenants}

    async def verify(self, authorization: str | None) -> Claims:
        """Return what a genuine token says."""
        token = _bearer(authorization)
        key = await self._keys.find(_header(token).get("kid"))
        try:
            claims = jwt.decode(token, key.public, algorithms=[ALGORITHM], options=SIGNATURE_ALONE)
        except jwt.InvalidSignatureError:
            raise TokenRefused(Refusal.SIGNATURE) from None
        except (jwt.PyJWTError, ValueError, RecursionError):
            raise TokenRefused(Refusal.UNREADABLE) from None
        self._judge(claims)
        url = claims.get("serviceurl")
        return Claims(url if isinstance(url, str) else "", key.endorsements)

    def admit(self, claims: Claims, activity: Mapping[str, object]) -> None:
        """Take an activity that belongs to a token, or raise."""
        url = activity.get("serviceUrl")
        if activity.get("channelId") != CHANNEL:
            raise TokenRefused(Refusal.CHANNEL)
        if CHANNEL not in claims.endorsements:
            raise TokenRefused(Refusal.ENDORSEMENT)
        if not isinstance(url, str) or not same(url, claims.service_url):
            raise TokenRefused(Refusal.SERVICE_URL)
        if not self._urls.allows(url):
            raise TokenRefused(Refusal.SERVICE_URL_NOT_ALLOWED)
        if not self._is_our_tenant(activity):
            raise TokenRefused(Refusal.TENANT)

    def _judge(self, claims: Mapping[str, Any]) -> None:
        if claims.get("iss") != self._issuer:
            raise TokenRefused(Refusal.ISSUER)
        named = claims.get("aud")
        audiences = named if isinstance(named, list) else [named]
        if not any(isinstance(one, str) and one in self._audiences for one in audiences):
            raise TokenRefused(Refusal.AUDIENCE)
        now = self._clock.now().timestamp()
        until, since = _seconds(claims, "exp"), _seconds(claims, "nbf")
        if until is None or now >= until + SKEW:
            raise TokenRefused(Refusal.EXPIRED)
        if since is not None and now < since - SKEW:
            raise TokenRefused(Refusal.NOT_YET_VALID)

    def _is_our_tenant(self, activity: Mapping[str, object]) -> bool:
        named = _inner(_inner(activity, "channelData"), "tenant").get("id")
        also = _inner(activity, "conversation").get("tenantId")
        return self._is_ours(named) and (also is None or self._is_ours(also))

    def _is_ours(self, tenant: object) -> bool:
        return isinstance(tenant, str) and tenant.lower() in self._tenants


def _bearer(authorization: str | None) -> str:
    if not authorization:
        raise TokenRefused(Refusal.NO_TOKEN)
    scheme, _, token = authorization.strip().partition(" ")
    if scheme.lower() != "bearer":
        raise TokenRefused(Refusal.NOT_BEARER)
    token = token.strip()
    if len(token) > LONGEST_TOKEN or token.count(".") != PARTS - 1 or not token.isascii():
        raise TokenRefused(Refusal.UNREADABLE)
    return token


def _header(token: str) -> Mapping[str, Any]:
    try:
        header = jwt.get_unverified_header(token)
    except (jwt.PyJWTError, ValueError, RecursionError):
        raise TokenRefused(Refusal.UNREADABLE) from None
    if header.get("alg") != ALGORITHM:
        raise TokenRefused(Refusal.ALGORITHM)
    return header


def _seconds(claims: Mapping[str, Any], name: str) -> int | None:
    value = claims.get(name)
    if value is None:
        return None
    # Python reads NaN and Infinity as JSON numbers; nothing compares well with them.
    if isinstance(value, bool) or not isinstance(value, int):
        raise TokenRefused(Refusal.UNREADABLE)
    return value


def _inner(body: Mapping[str, object], name: str) -> Mapping[str, object]:
    value = body.get(name)
    return value if isinstance(value, Mapping) else {}
