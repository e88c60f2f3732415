"""Slack: commands, mentions, buttons, modals and threads, over HTTP or Socket Mode."""

from bot.adapters.slack.door import Slack, Workspace, routes
from bot.adapters.slack.manifest import manifest

__all__ = ["Slack", "Workspace", "manifest", "routes"]
