"""The hospital's interface engines: asked as probes, and their channels told what to do."""

from __future__ import annotations

from bot.engines.connecting import connected
from bot.engines.desk import ChannelDesk
from bot.engines.known import Engines, undeclared
from bot.engines.probing import EngineProber

__all__ = ["ChannelDesk", "EngineProber", "Engines", "connected", "undeclared"]
