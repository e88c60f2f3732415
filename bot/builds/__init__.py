"""What people wait for on the CI servers: their messages say by themselves what became of it."""

from __future__ import annotations

from bot.builds.asked import FOLLOWED, BuildDesk, BuildFlow
from bot.builds.awaited import AWAITED, AwaitedDesk, AwaitedFlow
from bot.builds.standing import Standing
from bot.builds.watch import Watch

__all__ = [
    "AWAITED",
    "FOLLOWED",
    "AwaitedDesk",
    "AwaitedFlow",
    "BuildDesk",
    "BuildFlow",
    "Standing",
    "Watch",
]
