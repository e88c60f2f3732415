"""Where a deploy comes from: what goes out with it, who wrote that, what its change record says.

The facts are part of the proposal, so approvals bind to them and policies may look at them. An
e-mail address only ever restricts: it says whose approval does not count, never whose does.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, TypeVar

from bot.deploys.outgoing import LOOKED_BACK, Outgoing, counted, described, running
from bot.errors import IntegrationError, Rejected
from bot.model import UNKNOWN_AUTHOR

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from bot.model import Deploy, Service
    from bot.ports import ChangeTickets, Ci, Directory
    from bot.stores import DeployStore

K = TypeVar("K")
V = TypeVar("V")
REMEMBERED: Final = 1024  # commits; who wrote one never changes
LISTS: Final = 64  # each of two commits, which never changes either


@dataclass(frozen=True)
class Origins:
    """Asks the CI server, the history, the people file and the change register."""

    ci: Ci
    people: Directory
    changes: ChangeTickets
    deploys: DeployStore
    _known: OrderedDict[tuple[str, str], tuple[str, ...]] = field(default_factory=OrderedDict)
    _lists: OrderedDict[tuple[str, str, str], Outgoing] = field(default_factory=OrderedDict)

    async def facts(
        self, service: Service, environment: str, commit: str, change: str
    ) -> Mapping[str, str]:
        """Return what policies may look at; `change` is the number of a record, or ""."""
        going = await self.outgoing(service, environment, commit)
        found = {
            "authors": ", ".join(await self._authors(service, commit, going)),
            "since": going.since.commit if going.since else "",
            "commits": counted(going),
        }
        record = await self.changes.show(change) if change else None
        if record is not None:
            found |= {
                "change_type": record.type.value,
                "change_risk": record.risk,
                "clinical_impact": record.clinical_impact,
                "incident": record.incident,
            }
        return {name: value for name, value in found.items() if value}

    async def outgoing(
        self, service: Service, environment: str, commit: str, before: Deploy | None = None
    ) -> Outgoing:
        """Return what a commit brings there, beside what runs, or ran before a deploy."""
        since = await self.runs(service.id, environment, before)
        if since is None:
            return Outgoing()
        key = service.id, since.commit, commit
        if key not in self._lists:
            try:
                found = await self.ci.between(service, since.commit, commit)
            except IntegrationError as error:
                return Outgoing(since, why=error.text)
            _remember(self._lists, key, Outgoing(since, found), LISTS)
        return Outgoing(since, self._lists[key].changes)

    def remembered(self, service: str, since: str, commit: str) -> str:
        """Return the list between two commits as people read it, "" where it was not read."""
        found = self._lists.get((service, since, commit))
        return self.described(found) if found else ""

    async def runs(
        self, service: str, environment: str, before: Deploy | None = None
    ) -> Deploy | None:
        """Return the deploy whose version runs there, or ran before another one."""
        history = await self.deploys.list(
            service=service, environment=environment, limit=LOOKED_BACK
        )
        return running(history, before)

    async def words(self, service: Service, deploy: Deploy) -> str:
        """Return what a deploy has brought, or brings, as people read it."""
        going = await self.outgoing(service, deploy.environment, deploy.commit, deploy)
        return self.described(going)

    def described(self, going: Outgoing) -> str:
        """Return the list with the people's names as the people file has them."""
        named = self._named()
        return described(going, {address: ", ".join(ids) for address, ids in named.items()})

    async def authors(self, service: Service, deploy: Deploy) -> Sequence[str]:
        """Return who wrote what a deploy brought; whom nobody knows is said to be that."""
        going = await self.outgoing(service, deploy.environment, deploy.commit, deploy)
        return await self._authors(service, deploy.commit, going)

    async def _authors(self, service: Service, commit: str, going: Outgoing) -> Sequence[str]:
        """Return the people who wrote a commit or any other that goes out with it.

        Nothing runs there yet: then those of the commit itself are all that is asked for.
        """
        of_commit = await self._addresses(service, commit)
        listed = going.changes.commits if going.changes else ()
        named = self._named()
        told = [of_commit, *(one.authors for one in listed)]
        people = {one for addresses in told for a in addresses for one in named.get(a.lower(), ())}
        is_told = going.since is None or going.is_known
        is_unknown = not is_told or any(_is_unknown(one, named) for one in told)
        return [*sorted(people), *([UNKNOWN_AUTHOR] if is_unknown else ())]

    def _named(self) -> Mapping[str, Sequence[str]]:
        """Return the people by their address."""
        named: dict[str, list[str]] = {}
        for person in self.people.people():
            if person.email:
                named.setdefault(person.email.lower(), []).append(person.id)
        return named

    async def _addresses(self, service: Service, commit: str) -> tuple[str, ...]:
        key = service.id, commit
        if key not in self._known:
            try:
                found = tuple(await self.ci.authors(service, commit))
            except Rejected:
                return ()  # it is asked again: what cannot be told now is unknown now
            _remember(self._known, key, found, REMEMBERED)
        return self._known[key]


def _is_unknown(addresses: Iterable[str], named: Mapping[str, Sequence[str]]) -> bool:
    told = [address.lower() for address in addresses]
    return not told or any(address not in named for address in told)


def _remember(kept: OrderedDict[K, V], key: K, value: V, most: int) -> None:
    kept[key] = value
    while len(kept) > most:
        kept.popitem(last=False)
