"""Legal holds: what must not be pruned, however old it is, until somebody lifts the hold.

A hold is a row, made and ended in the transaction of the event that says so. Rows can be changed by
whoever has the database; events cannot without being found. So before anything is pruned the rows
are compared with the events.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from typing import Any, Final, Self

from sqlalchemy import Connection, Integer, String, column, insert, select, table, text, update

from bot.audit import record
from bot.audit.matching import at
from bot.audit.reading import AUDIT, fetch, read_event, select_rows
from bot.errors import Conflict
from bot.model import Json, Kind, Reason
from bot.ports import Effect, Transaction
from bot.storage.database import sql
from bot.storage.numbers import format_id, next_number, parse_id

ADD: Final = "audit hold add"
LIFT: Final = "audit hold lift"
TERMS: Final = "terms"
"""The fact of a proposal that says what is held: the record has it as `fact.terms`."""

_NAME: Final = "HOLD"
_TEXTS: Final = ("correlation", "terms", "person", "at", "lifted", "lifted_by", "lifted_at")
_HOLD: Final = table(
    "audit_hold", column("number", Integer), *(column(name, String) for name in _TEXTS)
)
_OF_HOLDS: Final = f"verb IN ('{ADD}', '{LIFT}')"  # an index has these
_ENDS: Final = frozenset({Kind.OUTCOME, Kind.EFFECT_OUTCOME})


@dataclass(frozen=True)
class Terms:
    """What is held: events for which all of this is so; times as ISO 8601, `before` is left out."""

    incident: str = ""
    person: str = ""
    service: str = ""
    since: str = ""
    before: str = ""

    @classmethod
    def read(cls, text: str) -> Self:
        """Read terms as they are kept; ValueError."""
        try:
            return cls(**json.loads(text))
        except TypeError as error:
            raise ValueError("these are no terms of a hold") from error

    def written(self) -> str:
        """Return the terms as they are kept."""
        return json.dumps({name: value for name, value in asdict(self).items() if value})

    def covers(self, fields: Mapping[str, Json], related: Collection[str]) -> bool:
        """Say whether an event is held; `related` are the correlations of the incident."""
        is_of_it = at(fields, ("incident",)) == self.incident
        if self.incident and not is_of_it and fields.get("correlation") not in related:
            return False
        if self.person and at(fields, ("actor", "person")) != self.person:
            return False
        if self.service and at(fields, ("target", "service")) != self.service:
            return False
        ts = fields.get("ts")
        if not isinstance(ts, int):
            return True
        return _micro(self.since, 0) <= ts < _micro(self.before, 2**62)

    def __str__(self) -> str:
        named = [f"{name} {value}" for name, value in asdict(self).items() if value]
        return ", ".join(named)


def _micro(at: str, otherwise: int) -> int:
    return record.microseconds(datetime.fromisoformat(at)) if at else otherwise


@dataclass(frozen=True)
class Hold:
    """A hold, who made it and, where it was lifted, who lifted it; times as ISO 8601."""

    number: int
    correlation: str
    terms: Terms
    person: str
    at: str
    lifted: str = ""
    lifted_by: str = ""
    lifted_at: str = ""

    @property
    def id(self) -> str:
        """Return its name."""
        return format_id(_NAME, self.number)


@dataclass(frozen=True)
class InForce:
    """The holds that bind now, of all there are, and the correlations of their incidents."""

    holds: Sequence[Hold] = ()
    known: Sequence[Hold] = ()
    related: Mapping[str, Collection[str]] = field(default_factory=dict)

    def cover(self, fields: Mapping[str, Json]) -> bool:
        """Say whether one of them holds an event."""
        return any(
            each.terms.covers(fields, self.related.get(each.terms.incident, ()))
            for each in self.holds
        )


def add(hold: Hold) -> Effect[str]:
    """Make a hold; returns its name."""

    def effect(tx: Transaction) -> str:
        connection = sql(tx)
        made = replace(hold, number=next_number(connection, _NAME))
        row: dict[str, Any] = asdict(made) | {"terms": made.terms.written()}
        connection.execute(insert(_HOLD).values(row))
        return made.id

    return effect


def lift(name: str, correlation: str, person: str, at: str) -> Effect[None]:
    """End a hold; Conflict where it is not in force."""

    def effect(tx: Transaction) -> None:
        ended = update(_HOLD).where(_HOLD.c.number == parse_id(_NAME, name), _HOLD.c.lifted == "")
        values = {"lifted": correlation, "lifted_by": person, "lifted_at": at}
        if sql(tx).execute(ended.values(values)).rowcount != 1:
            raise Conflict(f"{name} is not in force any more.", reason=Reason.DUPLICATE)

    return effect


def read_holds(connection: Connection) -> list[Hold]:
    """Return every hold there was, oldest first."""
    rows = connection.execute(select(_HOLD).order_by(_HOLD.c.number)).mappings()
    return [Hold(**{**row, "terms": Terms.read(row["terms"])}) for row in rows]


def read_hold(connection: Connection, name: str) -> Hold | None:
    """Return a hold by its name."""
    return next((each for each in read_holds(connection) if each.id == name), None)


def read_in_force(connection: Connection) -> InForce:
    """Return what binds now; Conflict where the rows are not what the log says of them."""
    holds = read_holds(connection)
    _compare(connection, holds)
    binding = [each for each in holds if not each.lifted]
    incidents = {each.terms.incident for each in binding if each.terms.incident}
    related = {incident: _correlations(connection, incident) for incident in incidents}
    return InForce(binding, holds, related)


def _correlations(connection: Connection, incident: str) -> frozenset[str]:
    found = select(AUDIT.c.correlation).where(AUDIT.c.incident == incident).distinct()
    return frozenset(filter(None, connection.execute(found).scalars()))


def _compare(connection: Connection, holds: Sequence[Hold]) -> None:
    """Hold the rows against the events; an event that was itself changed is no excuse."""
    by_correlation = {each.correlation: each for each in holds}
    lifted: set[str] = set()
    rows = select_rows(connection).where(text(_OF_HOLDS)).order_by(AUDIT.c.seq)
    for row in fetch(connection, rows):
        event = read_event(row)
        if event is None:
            raise Conflict(f"Event {row[0]}, of a hold, is damaged. Run `audit verify`.")
        if not _has_happened(event.data):
            continue
        correlation = str(event.data.get("correlation"))
        if event.data.get("verb") == LIFT:
            lifted.add(correlation)
            continue
        hold = by_correlation.get(correlation)
        said = at(event.data, ("params", f"fact.{TERMS}"))
        if hold is None or hold.terms.written() != said:
            raise Conflict(
                f"The hold of event {event.seq} is not in the database as it was recorded; nothing "
                "is pruned until somebody has looked."
            )
    for hold in holds:
        if hold.lifted and hold.lifted not in lifted:
            raise Conflict(f"Nobody recorded that {hold.id} was lifted; nothing is pruned.")


def _has_happened(fields: Mapping[str, Json]) -> bool:
    is_done = fields.get("kind") in _ENDS and fields.get("reason") == Reason.OK.value
    return is_done and not at(fields, ("params", "dry_run"))
