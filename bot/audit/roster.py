"""Keeps in the log who the people file lets in, with which roles, and what changed about it.

Each event holds everybody, so that what changed while nothing ran is noticed at the next start.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from bot.audit.figures import PEOPLE_FILE
from bot.audit.reading import AUDIT, fetch, read_event, select_rows
from bot.errors import Conflict
from bot.model import Draft, Kind, Membership
from bot.ports import Ledger, Transaction
from bot.storage.database import sql

CORRELATION: Final = "people-file"  # has an index: the last one is found at once in any log

_STATE, _CHANGE = "is.", "changed."
_LOOKED_AT: Final = 16
_SAME: Final = Conflict("The people are those that the log knows.")


@dataclass
class Roster:
    """Records the people whenever they are others than the log says, once for all replicas."""

    ledger: Ledger
    _noted: Mapping[str, Membership] | None = None
    _writing: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def note(self, people: Mapping[str, Membership]) -> bool:
        """Record these people where they changed; AuditUnavailable where that cannot be."""
        # One at a time: what is written in the same batch is not in the log yet.
        async with self._writing:
            if people == self._noted:
                return False
            is_new = await self._record({who: _written(one) for who, one in people.items()})
            self._noted = dict(people)
            return is_new

    async def _record(self, now: Mapping[str, str]) -> bool:
        try:
            await self.ledger.append(
                lambda results: _draft(now, _mapping(results[0])), lambda tx: _before(tx, now)
            )
        except Conflict:
            return False
        return True


def _before(tx: Transaction, now: Mapping[str, str]) -> Mapping[str, str]:
    """Return who was there when this was last recorded; Conflict where that is who is there now."""
    rows = select_rows(sql(tx)).where(AUDIT.c.correlation == CORRELATION)
    newest = fetch(sql(tx), rows.order_by(AUDIT.c.seq.desc()).limit(_LOOKED_AT))
    for event in filter(None, map(read_event, newest)):
        params = _mapping(event.data.get("params"))
        if event.data.get("kind") == Kind.SYSTEM:
            before = {k.removeprefix(_STATE): v for k, v in params.items() if k.startswith(_STATE)}
            if before == now:
                raise _SAME
            return before
    return {}


def _draft(now: Mapping[str, str], before: Mapping[str, str]) -> Draft:
    changes = dict(_changes(now, before)) if before else {}
    said = "; ".join(f"{person}: {what}" for person, what in changes.items())
    return Draft(
        kind=Kind.SYSTEM,
        verb=PEOPLE_FILE,
        correlation=CORRELATION,
        params={_STATE + person: member for person, member in now.items()}
        | {_CHANGE + person: what for person, what in changes.items()},
        text=f"The people file changed. {said}."
        if said
        else f"First noted: {len(now)} people have access.",
    )


def _changes(now: Mapping[str, str], before: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    for person in sorted({*now, *before}):
        old, new = _read(before.get(person, "")), _read(now.get(person, ""))
        if old == new and (person in now) == (person in before):
            continue
        parts = [
            "" if person in before else "came",
            _listed("gained", new.roles - old.roles),
            _listed("lost", old.roles - new.roles),
            _listed("new account", new.accounts - old.accounts),
            _listed("account gone", old.accounts - new.accounts),
            "" if person in now else "has no access any more",
        ]
        yield person, ", ".join(filter(None, parts))


def _listed(what: str, names: frozenset[str]) -> str:
    return f"{what} {' and '.join(sorted(names))}" if names else ""


def _written(member: Membership) -> str:
    return f"{' '.join(sorted(member.roles))}; {' '.join(sorted(member.accounts))}"


def _read(written: str) -> Membership:
    roles, _, accounts = written.partition(";")
    return Membership(frozenset(roles.split()), frozenset(accounts.split()))


def _mapping(value: object) -> Mapping[str, str]:
    return {str(k): str(v) for k, v in value.items()} if isinstance(value, Mapping) else {}
