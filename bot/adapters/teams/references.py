"""Where we may write: one reference per conversation, learnt from what Teams sends us."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class Reference:
    """A conversation, and how to reach it; ids only.

    `conversation` is without a thread. `bot` is our id there. `user` (an aadObjectId) is whose
    personal chat it is, "" for a conversation of several; `team` is the team a channel belongs to.
    `is_blocked` says that Teams refused to write there (`MessageWritesBlocked`).
    """

    conversation: str
    service_url: str
    tenant: str
    bot: str
    user: str = ""
    team: str = ""
    is_blocked: bool = False


class References(Protocol):
    """Keeps references across restarts; every write is idempotent."""

    async def put(self, reference: Reference) -> None:
        """Remember a conversation, in place of what was known of it."""
        ...

    async def get(self, conversation: str) -> Reference | None:
        """Return how to reach a conversation, or None where we are not."""
        ...

    async def personal(self, tenant: str, user: str) -> Reference | None:
        """Return somebody's own chat with us, or None where there is none yet."""
        ...

    async def forget(self, conversation: str) -> None:
        """Forget a conversation, and every channel of the team of that id."""
        ...
