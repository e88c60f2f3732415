"""Signing: what the page that somebody signs on asks of the engine."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn, Protocol

if TYPE_CHECKING:
    from datetime import datetime

    from bot.model import Reason, Request, Signing


class Signatures(Protocol):
    """Takes a signature from its link to the moment before the button, step by step.

    Every step raises `Refused`, and every refusal of a signing that is known is in the log.
    """

    async def offered(self, link: str) -> Signing:
        """Return what a link is for, without using it up."""
        ...

    async def sent(self, link: str, browser: str) -> Signing:
        """Use a link up: its person goes to sign in, in the browser that `browser` stands for."""
        ...

    async def elsewhere(self, browser: str) -> NoReturn:
        """Refuse what comes back in another browser than it was begun in; that one may go on."""
        ...

    async def returned(self, browser: str) -> Signing:
        """Take somebody who comes back from the provider, once."""
        ...

    async def proved(self, signing: Signing, subject: str, signed_in: datetime | None) -> Signing:
        """Believe who they are: whose account it is, and whether they signed in for this."""
        ...

    async def ready(self, browser: str) -> tuple[Signing, Request]:
        """Return what a browser's person is about to sign."""
        ...

    async def refuse(
        self, signing: Signing, reason: Reason, text: str, *, error: str, subject: str = ""
    ) -> NoReturn:
        """Record that a signing came to nothing, and raise that as `Refused`."""
        ...
