"""Microsoft Teams: messages, cards and dialogs, in personal chats, groups and channels."""
