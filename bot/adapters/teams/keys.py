"""The keys that Microsoft signs with: fetched when needed, shared, and never in a hurry."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING, cast
from urllib.parse import urlsplit

import httpx
import jwt
import structlog
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from bot.adapters.teams.refusals import Refusal, TokenRefused

if TYPE_CHECKING:
    from bot.ports import Clock

LOG = structlog.get_logger(__name__)
FRESH = timedelta(hours=24)
PAUSE = timedelta(seconds=60)  # between two refreshes, however many unknown keys are named
FIRST_PAUSE = timedelta(seconds=10)  # while there is no key at all
TIMEOUT = 5.0  # seconds for one of the two answers
PATIENCE = 10.0  # seconds for both, however slowly they trickle
KEY_BITS = 2048
LONGEST_ID = 200


@dataclass(frozen=True)
class Key:
    """A public key, and the channels that it may speak for."""

    public: RSAPublicKey
    endorsements: frozenset[str]


class Keys:
    """Keys by id, as the OpenID metadata lists them.

    An id that is not known causes one refresh for everybody who waits, at most one a minute. While
    Microsoft does not answer, the keys that are known go on counting.
    """

    def __init__(self, http: httpx.AsyncClient, metadata_url: str, clock: Clock) -> None:
        self._http, self._metadata_url, self._clock = http, metadata_url, clock
        self._keys: Mapping[str, Key] = {}
        self._fetched: datetime | None = None
        self._tried: datetime | None = None
        self._asking: asyncio.Task[None] | None = None
        self._is_answering = False

    async def find(self, kid: object) -> Key:
        """Return a key; `TokenRefused` says that there is none, or that it can't be said now."""
        if not isinstance(kid, str) or not 0 < len(kid) <= LONGEST_ID:
            raise TokenRefused(Refusal.UNKNOWN_KEY)
        if self._is_stale() or kid not in self._keys:
            await self.refresh()
        key = self._keys.get(kid)
        if key is None:
            known = Refusal.UNKNOWN_KEY if self._is_answering else Refusal.KEYS_UNAVAILABLE
            raise TokenRefused(known)
        return key

    async def refresh(self) -> None:
        """Ask for the keys again, unless they were asked for a moment ago."""
        now = self._clock.now()
        if self._asking is None and self._may_ask(now):
            self._tried = now
            self._asking = asyncio.create_task(self._fetch(now))
        if self._asking is not None:
            await asyncio.shield(self._asking)

    async def close(self) -> None:
        """Stop asking."""
        if self._asking is not None:
            self._asking.cancel()
            await asyncio.gather(self._asking, return_exceptions=True)

    def _is_stale(self) -> bool:
        return self._fetched is None or self._clock.now() - self._fetched >= FRESH

    def _may_ask(self, now: datetime) -> bool:
        pause = PAUSE if self._keys else FIRST_PAUSE
        # A clock that was set back does not keep us from asking.
        return self._tried is None or not timedelta() <= now - self._tried < pause

    async def _fetch(self, now: datetime) -> None:
        try:
            async with asyncio.timeout(PATIENCE):
                found = await self._ask()
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError, ValueError) as error:
            self._is_answering = False
            LOG.warning("Microsoft's signing keys can't be read", why=type(error).__name__)
        else:
            self._keys, self._fetched, self._is_answering = found, now, True
        finally:
            self._asking = None

    async def _ask(self) -> Mapping[str, Key]:
        metadata = await self._get(self._metadata_url)
        where = metadata.get("jwks_uri")
        if not isinstance(where, str) or not self._is_safe(where):
            raise ValueError("no safe jwks_uri")
        listed = (await self._get(where)).get("keys")
        read = [_read(entry) for entry in (listed if isinstance(listed, list) else [])]
        found = dict(pair for pair in read if pair is not None)
        if not found:
            raise ValueError("no key")
        return found

    async def _get(self, url: str) -> Mapping[str, object]:
        response = await self._http.get(url, timeout=TIMEOUT)
        if response.status_code != HTTPStatus.OK:
            raise ValueError("no answer")
        data = response.json()
        return data if isinstance(data, dict) else {}

    def _is_safe(self, url: str) -> bool:
        """Say whether keys may come from here: by https, or from where the metadata came."""
        given, own = urlsplit(url), urlsplit(self._metadata_url)
        return given.scheme == "https" or given[:2] == own[:2]


def _read(entry: object) -> tuple[str, Key] | None:
    """Return one key of the list, or None for one that is not for us."""
    if not isinstance(entry, Mapping) or entry.get("kty") != "RSA":
        return None
    kid, channels = entry.get("kid"), entry.get("endorsements")
    try:
        public = cast("RSAPublicKey", jwt.PyJWK(dict(entry), algorithm="RS256").key)
    except (jwt.PyJWTError, ValueError, TypeError):
        return None
    is_ours = isinstance(kid, str) and isinstance(public, RSAPublicKey)
    if not is_ours or public.key_size < KEY_BITS:
        return None
    endorsed = channels if isinstance(channels, list) else []
    return str(kid), Key(public, frozenset(c for c in endorsed if isinstance(c, str)))
