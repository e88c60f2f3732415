"""Tokens that expire are changed in time, and the newest refresh token is never lost."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest

from bot.adapters.slack import Workspace
from bot.errors import ConfigurationError, Unreachable
from tests.adapters.slack.conftest import Open, opened

APP: dict[str, Any] = {
    "client_id": "1.2",
    "client_secret": "app-secret",
    "refresh_token": "xoxe-1-first",
}


@dataclass
class Vault:
    """Keeps what it is given, unless it is shut."""

    kept: str | None = None
    saved: list[str] = field(default_factory=list)
    is_shut: bool = False

    async def load(self) -> str | None:
        self.check()
        return self.kept

    async def save(self, kept: str) -> None:
        self.check()
        self.kept = kept
        self.saved.append(kept)

    def check(self) -> None:
        if self.is_shut:
            raise Unreachable("The vault does not answer.")


async def refreshed(here: Open, number: int = 1) -> None:
    """Wait until the n-th exchange has been kept."""
    await here.slack.until(lambda: len(here.slack.called("oauth.v2.access")) >= number)
    await turn(here)


async def turn(here: Open) -> None:
    """Look once whether a token is due."""
    assert here.door._rotation is not None
    await here.door._rotation.turn()


def exchanges(here: Open) -> int:
    """Return how often tokens were asked for."""
    return len(here.slack.called("oauth.v2.access"))


async def test_the_first_token_is_changed_at_once_and_both_new_ones_are_kept() -> None:
    vault = Vault()
    async with opened(tokens=vault, **APP) as here:
        await refreshed(here)
        kept = json.loads(vault.kept or "{}")
        assert (kept["access"], kept["refresh"]) == (here.slack.token, here.slack.refresh_token)
        await here.slack.say("help")
        assert {c.token for c in here.slack.calls if c.method == "users.info"} == {here.slack.token}


async def test_a_token_is_changed_before_two_hours_are_left_and_not_earlier() -> None:
    async with opened(tokens=Vault(), **APP) as here:
        await refreshed(here)
        here.clock.ahead = timedelta(hours=9, minutes=59)
        await turn(here)
        assert exchanges(here) == 1
        here.clock.ahead = timedelta(hours=10, minutes=1)
        await turn(here)
        assert exchanges(here) == 2
        assert here.door._client.token == here.slack.token


async def test_after_a_restart_the_kept_tokens_are_taken_up() -> None:
    vault = Vault()
    async with opened(tokens=vault, **APP) as here:
        await refreshed(here)
        token = here.slack.token
    async with opened(tokens=vault, **APP) as again:
        again.slack.token = token
        await turn(again)
        await again.slack.say("help")
        assert exchanges(again) == 0
        assert again.door._client.token == token


async def test_another_refresh_token_in_the_settings_begins_anew() -> None:
    vault = Vault()
    async with opened(tokens=vault, **APP) as here:
        await refreshed(here)
    other = {**APP, "refresh_token": "xoxe-1-other"}
    async with opened(
        tokens=vault, arrange=lambda s: setattr(s, "refresh_token", "xoxe-1-other"), **other
    ) as again:
        await refreshed(again)
        assert json.loads(vault.kept or "{}")["refresh"] == again.slack.refresh_token


async def test_a_refresh_that_fails_leaves_the_old_token_in_use_and_is_tried_again(
    capsys: pytest.CaptureFixture[str],
) -> None:
    def failing(slack: object) -> None:
        slack.fail("oauth.v2.access", "internal_error")  # type: ignore[attr-defined]  # the small Slack

    vault = Vault()
    async with opened(tokens=vault, arrange=failing, **APP) as here:
        old = here.slack.token
        await here.slack.until(lambda: exchanges(here) == 1)
        assert here.door._client.token == old
        await here.slack.say("help")
        assert here.road.said[0].account.kind == "member"
        await turn(here)
        assert here.door._client.token == here.slack.token != old
    out = capsys.readouterr().out
    assert "internal_error" in out
    assert not [secret for secret in (old, *APP.values()) if secret in out and secret != "1.2"]


async def test_tokens_that_can_not_be_kept_are_used_and_kept_as_soon_as_that_works() -> None:
    vault = Vault(is_shut=True)
    async with opened(tokens=vault, **APP) as here:
        await refreshed(here)
        assert here.door._client.token == here.slack.token
        assert vault.kept is None
        vault.is_shut = False
        await turn(here)
        assert exchanges(here) == 1
        assert json.loads(vault.kept or "{}")["refresh"] == here.slack.refresh_token


@pytest.mark.parametrize("kept", ["no JSON", "[]", '{"access": "x"}', "{}"])
async def test_kept_tokens_that_can_not_be_read_are_begun_anew(kept: str) -> None:
    vault = Vault(kept)
    async with opened(tokens=vault, **APP) as here:
        await refreshed(here)
        assert json.loads(vault.kept or "{}")["access"] == here.slack.token


async def test_secrets_are_not_sent_as_a_bearer_token() -> None:
    async with opened(tokens=Vault(), **APP) as here:
        await refreshed(here)
        [call] = [call for call in here.slack.calls if call.method == "oauth.v2.access"]
        assert call.token == ""


async def test_without_the_rest_a_refresh_token_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="client_id"):
        async with opened(refresh_token="xoxe-1-first"):
            pass


def test_secrets_are_not_in_a_workspaces_words() -> None:
    shown = repr(Workspace("signing", "xoxb-token", **APP))
    assert not [s for s in ("signing", "xoxb", "xoxe", "app-secret") if s in shown]
