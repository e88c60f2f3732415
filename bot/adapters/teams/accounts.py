"""Finds out of what kind the account is that speaks; when in doubt, an outsider's."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import structlog

from bot.errors import IntegrationError
from bot.model import Account, AccountKind

if TYPE_CHECKING:
    from bot.adapters.teams.connector import Connector
    from bot.adapters.teams.payload import Said, Speaker
    from bot.adapters.teams.references import Reference
    from bot.ports import Clock

LOG = structlog.get_logger(__name__)
FRESH = timedelta(minutes=2)  # how long what Teams said about an account is believed
PAUSE = timedelta(seconds=10)  # before asking again what Teams did not answer
WAIT = 3.0  # seconds for one question; a person is waiting for an answer
KNOWN = 10_000  # accounts remembered at most
PLATFORM = "teams"
GUEST_NAME = "#EXT#"  # in a guest's user principal name


class Accounts:
    """Asks the roster about accounts, once for everybody who waits, and remembers for a while."""

    def __init__(self, connector: Connector, clock: Clock, tenants: frozenset[str]) -> None:
        self._connector, self._clock = connector, clock
        self._tenants = {tenant.lower() for tenant in tenants}
        self._kinds: dict[str, tuple[AccountKind, datetime]] = {}
        self._asking: dict[str, asyncio.Task[None]] = {}

    async def account(self, said: Said, home: Reference) -> Account:
        """Return the account of whoever said something, in a conversation that they are in."""
        speaker = said.speaker
        kind = await self._kind(speaker, home)
        return Account(PLATFORM, speaker.user or speaker.id, speaker.tenant.lower(), kind)

    async def close(self) -> None:
        """Stop asking."""
        for task in self._asking.values():
            task.cancel()
        await asyncio.gather(*self._asking.values(), return_exceptions=True)

    async def _kind(self, speaker: Speaker, home: Reference) -> AccountKind:
        if speaker.is_bot:
            return AccountKind.BOT
        if not speaker.user or speaker.tenant.lower() not in self._tenants:
            return AccountKind.EXTERNAL
        found = self._kinds.get(speaker.user)
        if found is None or self._clock.now() >= found[1]:
            await self._once(speaker, home)
            found = self._kinds.get(speaker.user)
        return found[0] if found else AccountKind.EXTERNAL

    async def _once(self, speaker: Speaker, home: Reference) -> None:
        key = speaker.user
        if key not in self._asking:
            self._asking[key] = asyncio.create_task(self._ask(speaker, home))
            self._asking[key].add_done_callback(lambda _: self._asking.pop(key, None))
        await asyncio.shield(self._asking[key])

    async def _ask(self, speaker: Speaker, home: Reference) -> None:
        try:
            async with asyncio.timeout(WAIT):
                member = await self._connector.member(
                    home.service_url, home.conversation, speaker.id
                )
        except (IntegrationError, TimeoutError) as error:
            LOG.warning("Teams did not say who is speaking", why=type(error).__name__)
            self._remember(speaker.user, AccountKind.EXTERNAL, PAUSE)
        else:
            self._remember(speaker.user, self._kind_of(member, speaker), FRESH)

    def _kind_of(self, member: Mapping[str, object], speaker: Speaker) -> AccountKind:
        said = {name: value for name, value in member.items() if isinstance(value, str)}
        same = speaker.user in (said.get("aadObjectId"), said.get("objectId"))
        if not same or said.get("tenantId", "").lower() not in self._tenants:
            return AccountKind.EXTERNAL
        role, name = said.get("userRole", "").lower(), said.get("userPrincipalName", "")
        if role == "guest" or GUEST_NAME in name.upper():
            return AccountKind.GUEST
        return AccountKind.EXTERNAL if role == "anonymous" else AccountKind.MEMBER

    def _remember(self, user: str, kind: AccountKind, how_long: timedelta) -> None:
        self._kinds.pop(user, None)
        while len(self._kinds) >= KNOWN:
            del self._kinds[next(iter(self._kinds))]
        self._kinds[user] = (kind, self._clock.now() + how_long)
