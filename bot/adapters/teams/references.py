"""Where we may write in Teams: learnt from what Teams sends us, kept by `bot.stores`."""

from __future__ import annotations

from bot.stores import Reference, References

__all__ = ["Reference", "References"]
