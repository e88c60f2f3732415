"""Changes the bot token for a new one before it expires, and keeps the new refresh token."""

from __future__ import annotations

import asyncio
import hashlib
import json
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Protocol

import aiohttp
import structlog

from bot.errors import IntegrationError, Rejected, Unreachable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from slack_sdk.web.async_client import AsyncWebClient

    from bot.ports import Clock

LOG = structlog.get_logger(__name__)
EARLY = timedelta(minutes=120)  # before a token expires (platforms.md §1.5); they live 12 hours
LIFE = 12 * 60 * 60  # seconds, where Slack does not say
CHECK = 60.0  # seconds between two looks at the clock, and after a failure


class Tokens(Protocol):
    """Keeps the tokens of one Slack app, as one text; what is in it is secret.

    `save` returns once it is durable: a refresh token is good once, and losing the newest locks
    the app out. Any `IntegrationError` or `OSError` of theirs is retried.
    """

    async def load(self) -> str | None:
        """Return what was saved last, or None."""
        ...

    async def save(self, kept: str) -> None:
        """Keep this instead of what was kept before."""
        ...


@dataclass(frozen=True)
class Pair:
    """A token and what it is changed for the next one with; `expires` in seconds since 1970.

    `seed` marks the refresh token of the settings that the row of tokens began with: another one
    there begins a new row.
    """

    access: str = field(repr=False)
    refresh: str = field(repr=False)
    expires: int
    seed: str


class Rotation:
    """The token's upkeep; the client is given each new token as soon as it is kept.

    A refresh that fails is logged and tried again each minute, with the old token in use until
    Slack refuses it. Before each refresh it is looked whether another replica has made it.
    """

    def __init__(
        self,
        client: AsyncWebClient,
        tokens: Tokens,
        clock: Clock,
        app: tuple[str, str],
        *,
        seed: str,
    ) -> None:
        self._client, self._tokens, self._clock, self._app = client, tokens, clock, app
        mark = hashlib.sha256(seed.encode()).hexdigest()[:16]
        # When the token of the settings expires is not known, so it is changed at once.
        self._pair = Pair(client.token or "", seed, 0, mark)
        self._is_kept = True
        self._turning = asyncio.Lock()
        self._working: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Take up the newest tokens that were kept, and begin to look after them."""
        await self._take_up()
        self._working = asyncio.create_task(self._work())

    async def close(self) -> None:
        """Stop looking after them, not in the middle of a change."""
        if self._working is not None:
            self._working.cancel()
            await asyncio.gather(self._working, return_exceptions=True)

    async def turn(self) -> None:
        """Change the token if that is due, and keep what could not be kept before."""
        async with self._turning:
            if self._is_due():
                await self._take_up()
            if self._is_due():
                await self._change()
            if not self._is_kept:
                await self._keep()

    def _is_due(self) -> bool:
        return self._clock.now() >= datetime.fromtimestamp(self._pair.expires, UTC) - EARLY

    async def _take_up(self) -> None:
        try:
            kept = _read(await self._tokens.load())
        except (IntegrationError, OSError) as error:
            LOG.error("kept Slack tokens can not be read", error=type(error).__name__)  # noqa: TRY400 - its words may hold a token
            return
        if kept and kept.seed == self._pair.seed and kept.expires > self._pair.expires:
            self._use(kept)

    async def _change(self) -> None:
        try:
            pair = await self._refreshed()
        except IntegrationError as error:
            LOG.error("the Slack token was not refreshed; the old one is used", why=error.text)  # noqa: TRY400 - its words may hold a token
        else:
            self._is_kept = False
            self._use(pair)

    async def _work(self) -> None:
        while True:
            # Once begun, a change is finished: half of one would lose the refresh token.
            await asyncio.shield(asyncio.ensure_future(self.turn()))
            await asyncio.sleep(CHECK)

    def _use(self, pair: Pair) -> None:
        self._pair = pair
        self._client.token = pair.access

    async def _keep(self) -> None:
        try:
            await self._tokens.save(json.dumps(asdict(self._pair)))
        except (IntegrationError, OSError) as error:
            # In use all the same: Slack has changed them already.
            LOG.error("new Slack tokens could not be kept", error=type(error).__name__)  # noqa: TRY400 - its words may hold a token
        else:
            self._is_kept = True

    async def _refreshed(self) -> Pair:
        client_id, client_secret = self._app
        form = {
            "client_id": client_id,
            "client_secret": client_secret,
            "grant_type": "refresh_token",
            "refresh_token": self._pair.refresh,
        }
        said = await self._ask(form)
        access, refresh, life = (
            said.get(n) for n in ("access_token", "refresh_token", "expires_in")
        )
        if (
            said.get("ok") is not True
            or not isinstance(access, str)
            or not isinstance(refresh, str)
        ):
            raise Rejected(f"Slack refused it: {said.get('error', 'no tokens in its answer')}.")
        seconds = life if isinstance(life, int) else LIFE
        expires = int(self._clock.now().timestamp()) + seconds
        return Pair(access, refresh, expires, self._pair.seed)

    async def _ask(self, form: Mapping[str, str]) -> Mapping[str, object]:
        client = self._client
        if client.session is None:
            raise Unreachable("Slack is not connected.")
        try:
            async with client.session.post(
                f"{client.base_url}oauth.v2.access",
                data=form,
                allow_redirects=False,
                proxy=client.proxy,
                ssl=client.ssl or True,
            ) as response:
                said = await response.json()
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            raise Unreachable("Slack did not answer.") from error
        return said if isinstance(said, dict) else {}


def _read(kept: str | None) -> Pair | None:
    try:
        return Pair(**json.loads(kept)) if kept else None
    except (ValueError, TypeError):
        LOG.warning("kept Slack tokens are not ours to read")
        return None
