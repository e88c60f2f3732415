"""Where an emergency is told: the security channel, and those of the services it is about."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.model import Place

if TYPE_CHECKING:
    from bot.model import Service
    from bot.ports import Catalogue


@dataclass(frozen=True)
class Channels:
    """The places of an emergency; `security` is None where the settings name none."""

    catalogue: Catalogue
    security: Place | None = None

    def about(self, *services: str) -> list[Place]:
        """Return the security channel and those of some services, each once."""
        known = (self.catalogue.service(name) for name in services)
        return self._with(service for service in known if service is not None)

    def all(self) -> list[Place]:
        """Return every channel there is, each once."""
        return self._with(self.catalogue.services())

    def _with(self, services: Iterable[Service]) -> list[Place]:
        found = [self.security] if self.security else []
        for service in services:
            found += [place for name in service.channels if (place := place_of(name))]
        return list(dict.fromkeys(found))


def place_of(channel: str) -> Place | None:
    """Return the place of a channel as settings write it, None for ""."""
    platform, _, name = channel.partition(":")
    return Place(platform, name) if name else None
