"""Microsoft Teams: messages, cards and dialogs, in personal chats, groups and channels."""

from bot.adapters.teams.door import Registration, Teams, routes
from bot.adapters.teams.listeners import Patience
from bot.adapters.teams.references import Reference, References

__all__ = ["Patience", "Reference", "References", "Registration", "Teams", "routes"]
