"""The daily digest: the block `audit.digest` of the settings."""

from __future__ import annotations

from datetime import time
from typing import Any, Final

from pydantic import field_validator

from bot.documents import Block
from bot.model import Place

_MEND: Final = 'must be an hour and a minute in UTC, in quotes: "07:00"'


class DigestPlace(Block):
    """Where the digest is posted, and when in the day (UTC)."""

    channel: str
    at: time = time(7)

    @field_validator("channel")
    @classmethod
    def _is_a_channel(cls, value: str) -> str:
        platform, _, channel = value.partition(":")
        if platform not in {"slack", "teams"} or not channel:
            raise ValueError("must be like slack:C0123456789")
        return value

    @field_validator("at", mode="before")
    @classmethod
    def _is_a_time(cls, value: Any) -> time:
        # YAML reads 07:00 without quotes as a number.
        if isinstance(value, time):
            return value
        if not isinstance(value, str) or len(value) != len("07:00"):
            raise ValueError(_MEND)
        try:
            return time.fromisoformat(value)
        except ValueError:
            raise ValueError(_MEND) from None

    @property
    def place(self) -> Place:
        """Return the channel."""
        platform, _, channel = self.channel.partition(":")
        return Place(platform, channel)
