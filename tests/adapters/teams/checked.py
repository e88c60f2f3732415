"""A check of tokens with a small Microsoft behind it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bot.adapters.teams.keys import Keys
from bot.adapters.teams.refusals import Refusal, TokenRefused
from bot.adapters.teams.service_urls import ServiceUrls
from bot.adapters.teams.tokens import Claims, Tokens
from tests.fakes.teams import Teams, activities


class TurnedClock:
    """The machine's clock, moved by what a test says."""

    def __init__(self) -> None:
        self.ahead = timedelta()

    def now(self) -> datetime:
        return datetime.now(UTC) + self.ahead

    def turn(self, **by: int) -> None:
        self.ahead += timedelta(**by)


@dataclass
class Checked:
    """A check, with a small Microsoft behind it."""

    teams: Teams
    tokens: Tokens
    keys: Keys
    clock: TurnedClock

    async def refused(self, token: str) -> Refusal:
        """Return why a token is refused."""
        return await self.refused_header(f"Bearer {token}")

    async def refused_header(self, authorization: str | None) -> Refusal:
        """Return why an Authorization header is refused."""
        with pytest.raises(TokenRefused) as refused:
            await self.tokens.verify(authorization)
        return refused.value.reason

    async def taken(self, **over: Any) -> Claims:
        """Return what a genuine token says."""
        token = self.teams.identity.token(self.teams.service_url, **over)
        return await self.tokens.verify(f"Bearer {token}")

    async def admitted(self, claims: Claims | None = None, **over: Any) -> Refusal | None:
        """Return why an activity is refused, None when it is not."""
        activity = activities.said(self.teams, "help", **over)
        try:
            self.tokens.admit(claims or await self.taken(), activity)
        except TokenRefused as refused:
            return refused.reason
        return None


def tokens(teams: Teams, keys: Keys, clock: TurnedClock, **over: Any) -> Tokens:
    """Return a check as the door makes it."""
    given = {
        "app_id": teams.app_id,
        "tenants": frozenset({teams.tenant}),
        "issuer": "https://api.botframework.com",
        "service_urls": ServiceUrls((teams.base,)),
    }
    return Tokens(keys, clock, **{**given, **over})
