"""A hospital in which every name is somebody or something: what a runbook is tried against.

A runbook is checked before it comes to a site, so a command has to parse for some service and some
person; whether they exist is asked when it runs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bot.model import (
    Account,
    Deployment,
    Endpoint,
    EndpointKind,
    EngineChannel,
    Principal,
    Service,
)


@dataclass(frozen=True)
class Anywhere:
    """Takes each of the words for a service, an environment or a person, whichever is asked.

    Implements `Catalogue` and `Directory`.
    """

    words: tuple[str, ...]

    def service(self, service_id: str) -> Service | None:
        """Return a service of that name, with every environment."""
        everywhere = tuple(Deployment(word) for word in self.environments())
        return Service(service_id, "", "C", None, everywhere)

    def services(self) -> Sequence[Service]:
        """Return nothing: they are not listed, they are taken as they come."""
        return ()

    def channel(self, name: str) -> EngineChannel | None:
        """Return a channel of that name, of some service."""
        endpoint = Endpoint(name, EndpointKind.ENGINE, "anywhere", "production")
        service = self.service(endpoint.service)
        return EngineChannel(endpoint, service) if service else None

    def environments(self) -> Sequence[str]:
        """Return every word: each may be one."""
        return [word.lower() for word in self.words]

    def identify(self, account: Account) -> Principal | None:
        """Return whoever has the account's name."""
        return self.person(account.user)

    def person(self, person_id: str) -> Principal | None:
        """Return somebody of that name."""
        return Principal(person_id, person_id, frozenset())

    def people(self) -> Sequence[Principal]:
        """Return nobody: they are not listed, they are taken as they come."""
        return ()
