"""Signings that are under way: hashes of their secrets, never the secrets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from datetime import datetime

    from bot.model import Signing
    from bot.ports import Effect


class Signings(Protocol):
    """At most one signing of a person and a request counts: a newer link ends the older one."""

    def offer(self, signing: Signing, *, forget: datetime) -> Effect[None]:
        """Keep a signing in place of the same person's others of the request; forget old ones."""
        ...

    def move(self, before: Signing, after: Signing) -> Effect[bool]:
        """Move one on; False when it is not (or no longer) at the stage that `before` says."""
        ...

    async def by_link(self, link: str) -> Signing | None:
        """Return a signing by the hash of its link."""
        ...

    async def by_browser(self, browser: str) -> Signing | None:
        """Return a signing by the hash that stands for the browser it is made in."""
        ...

    async def proved(self, person: str, request: str) -> Signing | None:
        """Return the signing of a request whose person has proved who they are."""
        ...
