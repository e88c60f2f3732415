"""Where a person is reached alone: their chat with us on each platform."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.model import Place

if TYPE_CHECKING:
    from bot.api import Linking
    from bot.stores import References


@dataclass(frozen=True)
class OwnChats:
    """Asks who somebody is on each platform."""

    links: Linking
    references: References

    async def __call__(self, person: str) -> Sequence[Place]:
        """Return the places; none for somebody who has no chat with us."""
        found: list[Place] = []
        for account in [known.account for known in self.links.accounts(person)]:
            if account.platform == "slack":
                # Slack takes a person's id for a channel, and opens their chat with us.
                found.append(Place("slack", account.user))
            elif account.platform == "teams":
                own = await self.references.personal(account.tenant, account.user)
                if own is not None and not own.is_blocked:
                    found.append(Place("teams", own.conversation))
        return found
