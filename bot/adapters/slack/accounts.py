"""Finds out whose account is speaking, and of what kind; when in doubt, an outsider's."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import aiohttp
import structlog
from slack_sdk.errors import SlackApiError

from bot.model import Account, AccountKind

if TYPE_CHECKING:
    from collections.abc import Coroutine, Mapping

    from slack_sdk.web.async_client import AsyncWebClient

    from bot.adapters.slack.payload import Speaker
    from bot.ports import Clock

LOG = structlog.get_logger(__name__)
# How long what Slack said about an account is believed where no event says that it changed.
FRESH = timedelta(minutes=2)
PAUSE = timedelta(seconds=10)  # before asking again what Slack did not answer
WAIT = 3.0  # seconds for one question; a person is waiting for an answer
KNOWN = 10_000  # accounts remembered at most
PLATFORM = "slack"


@dataclass(frozen=True)
class Home:
    """Ourselves in Slack: where we are installed, and our bot user.

    `is_org` where a whole organisation installed us; `team` may then be the organisation's id.
    """

    team: str
    enterprise: str
    user: str
    bot: str
    is_org: bool = False


class Accounts:
    """Asks Slack about accounts, once for everybody who waits, and remembers for a while."""

    def __init__(self, client: AsyncWebClient, clock: Clock) -> None:
        self._client, self._clock = client, clock
        self._home: Home | None = None
        self._home_again = datetime.min.replace(tzinfo=UTC)
        self._kinds: dict[str, tuple[AccountKind, datetime]] = {}
        self._asking: dict[str, asyncio.Task[None]] = {}
        self._changed: set[str] = set()

    async def account(self, speaker: Speaker) -> Account:
        """Return the account of a speaker.

        In an organisation that installed us whole, people work in many of its workspaces under
        one id: there the tenant is the organisation.
        """
        kind = AccountKind.BOT if speaker.is_bot else await self._kind(speaker)
        home = self._home
        is_ours = home is not None and home.is_org and kind is not AccountKind.EXTERNAL
        tenant = home.enterprise if home is not None and is_ours else speaker.team
        return Account(PLATFORM, speaker.user, tenant, kind)

    async def home(self) -> Home | None:
        """Return who we are, asked once in the process's life; None while Slack can't say."""
        if self._home is None and self._clock.now() >= self._home_again:
            await self._once("", self._ask_home())
        return self._home

    def changed(self, user: str) -> None:
        """Believe nothing about an account any more, not even an answer that is on its way."""
        self._kinds.pop(user, None)
        if user in self._asking:
            self._changed.add(user)

    async def close(self) -> None:
        """Stop asking."""
        for task in self._asking.values():
            task.cancel()
        await asyncio.gather(*self._asking.values(), return_exceptions=True)

    async def _kind(self, speaker: Speaker) -> AccountKind:
        home = await self.home()
        # In an organisation of many workspaces only the profile says who belongs to it.
        if home is None or (speaker.team != home.team and not home.enterprise):
            return AccountKind.EXTERNAL
        found = self._kinds.get(speaker.user)
        if found is None or self._clock.now() >= found[1]:
            await self._once(speaker.user, self._ask_kind(home, speaker.user))
            found = self._kinds.get(speaker.user)
        return found[0] if found else AccountKind.EXTERNAL

    async def _once(self, key: str, asking: Coroutine[None, None, None]) -> None:
        if key in self._asking:
            asking.close()
        else:
            self._asking[key] = asyncio.create_task(asking)
            self._asking[key].add_done_callback(lambda _: self._asking.pop(key, None))
        await asyncio.shield(self._asking[key])

    async def _ask_home(self) -> None:
        data = await self._ask("auth.test", {})
        if data is None:
            self._home_again = self._clock.now() + PAUSE
            return
        team, org, user, bot = (
            _word(data, name) for name in ("team_id", "enterprise_id", "user_id", "bot_id")
        )
        is_org = data.get("is_enterprise_install") is True
        self._home = Home(team, org, user, bot, is_org)

    async def _ask_kind(self, home: Home, user: str) -> None:
        data = None
        for _ in range(2):  # an account that keeps changing is an outsider's for a while
            self._changed.discard(user)
            data = await self._ask("users.info", {"user": user})
            if user not in self._changed:
                break
            data = None
        self._changed.discard(user)
        profile = data.get("user") if data else None
        if isinstance(profile, dict):
            self._remember(user, _kind_of(profile, home), FRESH)
        else:
            self._remember(user, AccountKind.EXTERNAL, PAUSE)

    def _remember(self, user: str, kind: AccountKind, how_long: timedelta) -> None:
        self._kinds.pop(user, None)
        while len(self._kinds) >= KNOWN:
            del self._kinds[next(iter(self._kinds))]
        self._kinds[user] = (kind, self._clock.now() + how_long)

    async def _ask(self, method: str, params: dict[str, str]) -> Mapping[str, object] | None:
        try:
            async with asyncio.timeout(WAIT):
                response = await self._client.api_call(method, http_verb="GET", params=params)
        except (SlackApiError, aiohttp.ClientError, TimeoutError, OSError) as error:
            LOG.warning("Slack did not answer", method=method, why=type(error).__name__)
            return None
        return response.data if isinstance(response.data, dict) else None


def _kind_of(profile: Mapping[str, object], home: Home) -> AccountKind:
    grid = profile.get("enterprise_user")
    enterprise = _word(grid, "enterprise_id") if isinstance(grid, dict) else ""
    is_ours = _word(profile, "team_id") == home.team or (
        home.enterprise != "" and enterprise == home.enterprise
    )
    if not is_ours or profile.get("is_stranger") or profile.get("deleted"):
        return AccountKind.EXTERNAL
    if profile.get("is_bot"):
        return AccountKind.BOT
    if profile.get("is_restricted") or profile.get("is_ultra_restricted"):
        return AccountKind.GUEST
    return AccountKind.MEMBER


def _word(data: Mapping[str, object], name: str) -> str:
    value = data.get(name)
    return value if isinstance(value, str) else ""
