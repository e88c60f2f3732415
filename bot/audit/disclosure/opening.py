"""Opens events: puts sensitive texts back where their digests stand, for those who may read them.

What is put back is believed only where its digest is in the event, which is signed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from sqlalchemy import Connection

from bot.audit.disclosure.rows import Redaction, redactions, sealed
from bot.audit.disclosure.sdjwt import ALGORITHM, Disclosure, revealed
from bot.audit.disclosure.vault import Sealed, Unopenable, Vault
from bot.model import Event, Json
from bot.storage.database import Database

WITHHELD: Final = "(withheld)"
DAMAGED: Final = "(its opening is not what was sealed; run `audit verify`)"


@dataclass(frozen=True)
class OpeningReader:
    """The `bot.ports.Openings` over a database and its vault."""

    database: Database
    vault: Vault

    async def opened(
        self, events: Sequence[Event], may_read: Callable[[Event], bool]
    ) -> Sequence[Event]:
        """Return the events opened; nothing is read for those that have no digests."""
        if not any(ALGORITHM in event.data for event in events):
            return events
        return await self.database.read(
            lambda connection: open_events(connection, self.vault, events, may_read)
        )


def open_events(
    connection: Connection,
    vault: Vault,
    events: Sequence[Event],
    may_read: Callable[[Event], bool],
) -> list[Event]:
    """Open events on one snapshot."""
    seqs = [event.seq for event in events if ALGORITHM in event.data]
    rows, gone = sealed(connection, seqs), redactions(connection, seqs)
    opened = []
    for event in events:
        if ALGORITHM not in event.data:
            opened.append(event)
            continue
        mine = [row for row in rows if row[0] == event.seq]
        fields, notes = event.data, [(each.field, _gone(each)) for each in _of(event, gone)]
        if may_read(event):
            fields, damaged = _revealed(event, mine, vault)
            notes += [(field, DAMAGED) for field in damaged]
        else:
            notes += [(row[2], WITHHELD) for row in mine]
        opened.append(replace(event, data=_noted(fields, notes)))
    return opened


def _revealed(
    event: Event, rows: Sequence[Sealed], vault: Vault
) -> tuple[dict[str, Json], list[str]]:
    """Return an event's fields with its texts, and the fields whose opening is not to be had."""
    found: dict[str, Disclosure] = {}
    damaged: list[str] = []
    for row in rows:
        try:
            disclosure = vault.open(row)
        except Unopenable:
            damaged.append(row[2])
        else:
            found[row[2]] = disclosure
    fields, left = revealed(event.data, found.values())
    return fields, damaged + [field for field, each in found.items() if each in left]


def _of(event: Event, gone: Iterable[Redaction]) -> Iterable[Redaction]:
    return (each for each in gone if each.seq == event.seq)


def _gone(each: Redaction) -> str:
    return f"(redacted by {each.request} on {each.at:%Y-%m-%d})"


def _noted(fields: Json, notes: Iterable[tuple[str, str]]) -> dict[str, Json]:
    """Say in the place of each text why it is not there; what is there stays."""
    whole: dict[str, Json] = dict(fields) if isinstance(fields, dict) else {}
    for field, note in notes:
        outer, _, name = field.rpartition(".")
        if outer:
            group = whole.get(outer)
            inner = dict(group) if isinstance(group, dict) else {}
            inner.setdefault(name, note)
            whole[outer] = inner
        else:
            whole.setdefault(name, note)
    return whole
