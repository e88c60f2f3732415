"""Verifies the side table: every opening is what its event's digest says, and none just vanished.

The log proves itself without it. What is missing must have been redacted by a request that the log
tells of, with the very openings that two people decided on.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from sqlalchemy import Connection, func, select

from bot.audit import verify
from bot.audit.disclosure.rows import OPENING, redactions, sealed
from bot.audit.disclosure.sdjwt import ALGORITHM, digests_of
from bot.audit.disclosure.vault import Sealed, Unopenable, Vault
from bot.audit.matching import at
from bot.audit.probe import rows_of
from bot.audit.reading import AUDIT, fetch, read_event, select_rows
from bot.model import Event

NAME: Final = "OPENINGS"
_PART: Final = 500
_REDACT: Final = "audit redact"


def check_openings(connection: Connection, vault: Vault, findings: verify.Findings) -> None:
    """Add what is wrong with the openings to what was found of the log."""
    hidden = _hidden(connection)
    gone = redactions(connection)
    decided = _decided(connection, {each.request for each in gone})
    for each in gone:
        if f"{each.seq}:{each.field}" not in decided.get(each.request, ()):
            said = f"the {each.field} of event {each.seq} is gone, and {each.request} says nothing"
            findings.add(NAME, f"{said} of that in the log")
    found = {each.seq for each in gone}
    for part in _parts(connection):
        found |= {row[0] for row in part}
        events = map(read_event, rows_of(connection, sorted({row[0] for row in part})))
        known = {event.seq: event for event in events if event is not None}
        for row in part:
            if why := _wrong(vault, row, known.get(row[0])):
                findings.add(NAME, f"the opening of event {row[0]} ({row[2]}): {why}")
    for seq in sorted(hidden - found):
        findings.add(NAME, f"the openings of event {seq} are gone, and nobody redacted them")


def _wrong(vault: Vault, row: Sealed, event: Event | None) -> str:
    if event is None:
        return ""  # the log's own check says what is wrong with the event
    try:
        disclosure = vault.open(row)
    except Unopenable as error:
        return str(error)
    outer, _, name = row[2].rpartition(".")
    stands = ((outer,) if outer else (), disclosure.digest)
    if name != disclosure.name or stands not in set(digests_of(event.data)):
        return "the event has no such digest"
    return ""


def _hidden(connection: Connection) -> set[int]:
    """Return the events that have digests."""
    mark = f'"{ALGORITHM}":'
    where = func.instr if connection.dialect.name == "sqlite" else func.strpos
    return set(
        connection.execute(select(AUDIT.c.seq).where(where(AUDIT.c.body, mark) > 0)).scalars()
    )


def _parts(connection: Connection) -> Iterator[Sequence[Sealed]]:
    last = 0
    while True:
        query = select(OPENING.c.seq).where(OPENING.c.seq > last).distinct()
        seqs = list(connection.execute(query.order_by(OPENING.c.seq).limit(_PART)).scalars())
        if not seqs:
            return
        yield sealed(connection, seqs)
        last = seqs[-1]


def _decided(connection: Connection, requests: set[str]) -> dict[str, set[str]]:
    """Return what the log says that each request destroyed."""
    decided: dict[str, set[str]] = {}
    for request in requests:
        rows = fetch(connection, select_rows(connection).where(AUDIT.c.request == request))
        for event in filter(None, map(read_event, rows)):
            if event.data.get("verb") == _REDACT and event.data.get("kind") == "effect_outcome":
                named = at(event.data, ("params", "fact.openings"))
                decided.setdefault(request, set()).update(str(named or "").split())
    return decided
