"""Where a deploy comes from: who wrote its commit, and what its change record says.

The facts are part of the proposal, so approvals bind to them and policies may look at them. An
e-mail address only ever restricts: it says whose approval does not count, never whose does.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from bot.errors import Rejected
from bot.model import UNKNOWN_AUTHOR

if TYPE_CHECKING:
    from bot.model import Service
    from bot.ports import ChangeTickets, Ci, Directory

REMEMBERED: Final = 1024  # commits; who wrote one never changes


@dataclass(frozen=True)
class Origins:
    """Asks the CI server, the people file and the change register."""

    ci: Ci
    people: Directory
    changes: ChangeTickets
    _known: OrderedDict[tuple[str, str], tuple[str, ...]] = field(default_factory=OrderedDict)

    async def facts(self, service: Service, commit: str, change: str) -> Mapping[str, str]:
        """Return what policies may look at; `change` is the number of a record, or ""."""
        found = {"authors": ", ".join(await self.authors(service, commit))}
        record = await self.changes.show(change) if change else None
        if record is not None:
            found |= {
                "change_type": record.type.value,
                "change_risk": record.risk,
                "clinical_impact": record.clinical_impact,
                "incident": record.incident,
            }
        return {name: value for name, value in found.items() if value}

    async def authors(self, service: Service, commit: str) -> Sequence[str]:
        """Return the people who wrote a commit; whom nobody knows is said to be that."""
        addresses = await self._addresses(service, commit)
        named: dict[str, list[str]] = {}
        for person in self.people.people():
            if person.email:
                named.setdefault(person.email.lower(), []).append(person.id)
        people = {one for address in addresses for one in named.get(address.lower(), ())}
        is_unknown = not addresses or any(one.lower() not in named for one in addresses)
        return [*sorted(people), *([UNKNOWN_AUTHOR] if is_unknown else ())]

    async def _addresses(self, service: Service, commit: str) -> tuple[str, ...]:
        key = service.id, commit
        if key not in self._known:
            try:
                found = tuple(await self.ci.authors(service, commit))
            except Rejected:
                return ()  # it is asked again: what cannot be told now is unknown now
            self._known[key] = found
            while len(self._known) > REMEMBERED:
                self._known.popitem(last=False)
        return self._known[key]
