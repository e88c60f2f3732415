"""What probes remember, and whether they are asked by themselves: the block `probes`."""

from __future__ import annotations

from datetime import timedelta

from pydantic import Field

from bot.documents import Block
from bot.setting_values import Channel


class Probes(Block):
    """How often every endpoint is asked by itself (null: only when somebody asks), and who is told.

    An endpoint turns after `after` same findings in a row.
    """

    every_seconds: int | None = Field(default=None, ge=30, le=86_400)
    after: int = Field(default=2, ge=1, le=20)
    channel: Channel | None = None
    keep_days: int = Field(default=400, ge=1, le=4_000)

    @property
    def every(self) -> timedelta | None:
        """Return how often each is asked, None for never."""
        return None if self.every_seconds is None else timedelta(seconds=self.every_seconds)

    @property
    def kept(self) -> timedelta:
        """Return how long findings are kept."""
        return timedelta(days=self.keep_days)
