"""Slack: commands, mentions, shortcuts, Home, buttons, modals and threads; HTTP or Socket Mode."""

from bot.adapters.slack.door import Slack, Workspace, routes
from bot.adapters.slack.hometab import Sources
from bot.adapters.slack.manifest import manifest
from bot.adapters.slack.rotation import Tokens

__all__ = ["Slack", "Sources", "Tokens", "Workspace", "manifest", "routes"]
