"""Destroys sensitive texts: the opening, its key, and what else of ours still has the words.

What is decided is exact: which openings, by number and field. The rest of an action says the same
text again (its intent, its outcome, its answer), so those openings go with it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from sqlalchemy import Connection, delete, insert, text

from bot.audit import record
from bot.audit.disclosure.rows import OPENING, REDACTION, Redaction, redactions, sealed
from bot.audit.disclosure.sdjwt import ALGORITHM
from bot.audit.disclosure.tree import path_of
from bot.audit.disclosure.vault import Sealed, Unopenable, Vault
from bot.audit.matching import at, fold
from bot.audit.probe import rows_of
from bot.audit.reading import AUDIT, fetch, read_event, select_rows
from bot.errors import BadInput
from bot.model import Event, Reason
from bot.ports import Clock, Effect, Transaction
from bot.storage.database import Database, sql

_LINKS: Final = ("correlation", "request", "deploy", "change")
_SHORT: Final = 4
"""Characters of a text that other texts are searched for: a shorter one stands in every other."""

Scrub: TypeAlias = Callable[[Connection, Collection[str], Collection[str]], None]
"""Takes texts out of the other stores, as far as they belong to these requests, deploys..."""


@dataclass(frozen=True)
class Target:
    """One opening that is to be destroyed."""

    row: Sealed
    value: str

    @property
    def name(self) -> str:
        """Return it as a proposal says it: `12:params.reason`."""
        return f"{self.row[0]}:{self.row[2]}"


@dataclass(frozen=True)
class Redactor:
    """Implements `bot.ports.Redactions` over a database."""

    database: Database
    vault: Vault
    clock: Clock
    scrub: Scrub

    async def openings(self, number: int, field: str) -> Sequence[str]:
        """Return what a redaction of one text destroys; BadInput where there is no such text."""
        targets = await self.database.read(lambda c: _targets(c, self.vault, number, field))
        return [target.name for target in targets]

    def redact(self, openings: Sequence[str], request: str) -> Effect[int]:
        """Delete these openings and the same words elsewhere; return how many there were."""
        moment = record.microseconds(self.clock.now())

        def effect(tx: Transaction) -> int:
            connection = sql(tx)
            targets = _named(connection, self.vault, openings)
            before = _overwrites(connection, 1)
            for target in targets:
                seq, idx, field, key, *_ = target.row
                where = (OPENING.c.seq == seq, OPENING.c.idx == idx)
                connection.execute(delete(OPENING).where(*where))
                gone = {"seq": seq, "idx": idx, "field": field, "key": key}
                connection.execute(insert(REDACTION).values(**gone, request=request, at=moment))
            links = _linked(connection, [target.row[0] for target in targets])
            self.scrub(connection, {target.value for target in targets if target.value}, links)
            _overwrites(connection, before)
            return len(targets)

        return effect

    async def finish(self) -> None:
        """Destroy the keys of everything that was redacted, and what the disk still has of it.

        It may be done again at any time, and is at every start: after a crash, and for a copy of
        the keys that was brought back. AuditUnavailable where the keys cannot be changed.
        """
        gone = await self.database.read(redactions)
        wanted = [(each.key, path_of(each.seq, each.idx)) for each in gone]
        if not wanted:
            return
        was_there = await asyncio.to_thread(self.vault.ring.destroy, wanted)
        if was_there and self.database.is_sqlite:
            await asyncio.to_thread(self._checkpoint)

    def _checkpoint(self) -> None:
        """Empty SQLite's write-ahead log, which has the pages of before."""
        with self.database.turn, self.database.engine.connect() as connection:
            raw = connection.connection.driver_connection
            if raw is not None:
                raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _targets(connection: Connection, vault: Vault, number: int, field: str) -> list[Target]:
    event = _event(connection, number)
    rows = [row for row in sealed(connection, [number]) if row[2].rpartition(".")[2] == field]
    if not rows:
        raise _nothing(connection, event, field)
    first = _opened(vault, rows[0])
    related = _related(connection, event)
    others = [_opened(vault, row) for row in sealed(connection, related)]
    same = [each for each in others if _repeats(each.value, first.value)]
    return sorted({each.row[:2]: each for each in (first, *same)}.values(), key=lambda t: t.row[:2])


def _nothing(connection: Connection, event: Event, field: str) -> BadInput:
    gone = [one for one in redactions(connection, [event.seq]) if _is(one, field)]
    if gone:
        said = f"The {field} of event {event.seq} was redacted already, by {gone[0].request}."
        return BadInput(said, reason=Reason.DUPLICATE)
    there = [row[2].rpartition(".")[2] for row in sealed(connection, [event.seq])]
    if there:
        return BadInput(f"Event {event.seq} has no `{field}`; it has {', '.join(there)}.")
    plain = at(event.data, (field,)) or at(event.data, ("params", field))
    if plain and ALGORITHM not in event.data:
        return BadInput(
            f"The {field} of event {event.seq} stands in the record itself, which nobody can "
            "change: it is no free text, or was recorded before texts were kept apart."
        )
    return BadInput(f"Event {event.seq} has no sensitive text.", reason=Reason.NOT_FOUND)


def _is(one: Redaction, field: str) -> bool:
    return one.field.rpartition(".")[2] == field


def _event(connection: Connection, number: int) -> Event:
    rows = rows_of(connection, [number]) if 0 < number < 2**63 else []
    event = read_event(rows[0]) if rows else None
    if event is None:
        raise BadInput(f"There is no event {number}.", reason=Reason.NOT_FOUND)
    return event


def _related(connection: Connection, event: Event) -> list[int]:
    """Return the events of the same action: by correlation, request, deploy or change."""
    found: set[int] = {event.seq}
    for name in _LINKS:
        if value := at(event.data, (name,)):
            rows = fetch(connection, select_rows(connection).where(AUDIT.c[name] == value))
            found |= {row[0] for row in rows}
    return sorted(found)


def _linked(connection: Connection, seqs: Sequence[int]) -> set[str]:
    """Return the requests, deploys and changes that events name."""
    events = filter(None, map(read_event, rows_of(connection, seqs))) if seqs else ()
    named = (at(event.data, (name,)) for event in events for name in _LINKS)
    return {value for value in named if isinstance(value, str) and value}


def _named(connection: Connection, vault: Vault, names: Sequence[str]) -> list[Target]:
    """Return the openings that are still there of those that were decided on."""
    pairs = {(int(seq), field) for seq, _, field in (name.partition(":") for name in names)}
    rows = sealed(connection, sorted({seq for seq, _ in pairs}))
    return [_opened(vault, row) for row in rows if (row[0], row[2]) in pairs]


def _opened(vault: Vault, row: Sealed) -> Target:
    """Open one; where it cannot be opened, it can be destroyed all the same."""
    try:
        value = vault.open(row).value
    except Unopenable:
        value = ""
    return Target(row, value if isinstance(value, str) else "")


def _repeats(other: str, value: str) -> bool:
    if len(value) < _SHORT:
        return other == value
    return " ".join(fold(value).split()) in " ".join(fold(other).split())


def _overwrites(connection: Connection, state: int) -> int:
    """Have SQLite overwrite what it deletes, or not; return what it did before."""
    if connection.dialect.name != "sqlite":
        return 0
    before = connection.execute(text("PRAGMA secure_delete")).scalar() or 0
    connection.execute(text(f"PRAGMA secure_delete = {int(state)}"))
    return int(before)
