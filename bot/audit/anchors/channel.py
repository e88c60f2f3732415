"""A chat channel in which many people hold copies of what was posted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.audit.note import unverified
from bot.model import Draft, Kind, Place, Reply

if TYPE_CHECKING:
    from bot.audit.anchors.anchor import Grown
    from bot.ports import Clock, Ledger, Notices
    from bot.stores import Letters


@dataclass(frozen=True)
class Channel:
    """Posts checkpoints where people, and not only we, keep them; it cannot be asked for them.

    Take a channel in which Wardroom cannot delete, or one that is mailed or archived.
    """

    name: str
    place: Place
    every: float
    ledger: Ledger
    notices: Notices
    letters: Letters
    clock: Clock
    is_asked: bool = False

    async def held(self) -> str | None:
        """Return None: see the class."""
        return None

    async def keep(self, note: str, *, after: str | None, log: Grown) -> None:  # noqa: ARG002 - it only ever gets more
        """Post the checkpoint; the outbox brings it there, now or when the chat is back."""
        size = unverified(note).size
        topic = f"CHECKPOINT-{size}"
        shown = Reply(
            title="Audit checkpoint",
            text=f"The audit log has {size} events. Keep this text: with it anybody can show later "
            "whether the log was cut or rewritten before this point.",
            code=note,
        )
        said = Draft(
            kind=Kind.SYSTEM,
            verb="audit anchor",
            correlation=topic,
            text=f"checkpoint of {size} events for {self.name}",
        )
        # A letter, which waits for the chat if that is not connected yet.
        letter = self.letters.add(topic, self.place, due=self.clock.now())
        await self.ledger.append(said, self.notices.keep(topic, shown), letter)
        await self.notices.tell(topic)
