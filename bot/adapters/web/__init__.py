"""The web console and the door that `wardroom chat` uses: pages, JSON, server-sent events."""

from __future__ import annotations

from bot.adapters.web.health import Readiness, health
from bot.adapters.web.hooks import Source, hooks
from bot.adapters.web.identity import SignIn
from bot.adapters.web.live import Live
from bot.adapters.web.routes import Parts, console

__all__ = ["Live", "Parts", "Readiness", "SignIn", "Source", "console", "health", "hooks"]
