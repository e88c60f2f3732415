"""Counts a month of the log, event by event, for all services together and for each."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from sqlalchemy import Connection

from bot.audit.matching import at
from bot.audit.reading import AUDIT, fetch, read_event, select_rows
from bot.model import Event, Json, Kind, Reason

COUNTED: Final = frozenset(Kind) - {Kind.INTENT}
SIGNING: Final = ("audit review sign", "audit review countersign")
PEOPLE_FILE: Final = "people file"
LINKING: Final = ("link", "unlink")

_DEPLOYS: Final = ("deploy", "rollback")
_READING: Final = ("audit search", "audit show", "audit review", "audit report")
_EXPORT: Final = "audit export"
_OWN: Final = "never-the-requester"
_ANSWERS: Final = frozenset({Kind.OUTCOME, Kind.EFFECT_OUTCOME, Kind.REFUSED})
_GOOD: Final = frozenset({Reason.OK, Reason.PENDING_APPROVAL})
_WITHDRAWN: Final = {"reject": "rejected", "cancel": "cancelled"}
_FIRST_OF_A_THING: Final = 64  # events; what somebody typed before it was there may come first


@dataclass
class Figures:
    """What was counted of one service, or of all of them.

    `ended` and `refused` are by reason, `waits` the seconds from a request to its last approval.
    """

    started: Counter[str] = field(default_factory=Counter)
    rollbacks: int = 0
    ended: Counter[str] = field(default_factory=Counter)
    settled: int = 0
    under: Counter[str] = field(default_factory=Counter)
    changes: Counter[str] = field(default_factory=Counter)
    requests: int = 0
    decided: Counter[str] = field(default_factory=Counter)
    waits: list[float] = field(default_factory=list)
    own: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    rules: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True)
class Signing:
    """A review that somebody signed in the month."""

    seq: int
    at: datetime
    person: str
    verb: str


@dataclass
class Site:
    """What belongs to no service."""

    blocked: int = 0
    kinds: Counter[str] = field(default_factory=Counter)
    warned: int = 0
    access: Counter[str] = field(default_factory=Counter)
    signings: list[Signing] = field(default_factory=list)
    reads: Counter[str] = field(default_factory=Counter)
    exports: int = 0


@dataclass
class Month:
    """Counts events as they come; `take` is for `read_stretch`."""

    whole: Figures = field(default_factory=Figures)
    services: dict[str, Figures] = field(default_factory=lambda: defaultdict(Figures))
    site: Site = field(default_factory=Site)
    _begun: set[str] = field(default_factory=set)

    def take(self, connection: Connection, event: Event) -> None:
        """Count one event."""
        data = event.data
        kind = data.get("kind")
        if kind == Kind.SYSTEM:
            self._count_ours(data)
        elif kind == Kind.ENDED:
            self._count_ended(connection, data)
        elif not at(data, ("decision", "version")):
            return  # a step of a deploy's own: its end says how it went
        elif kind == Kind.EFFECT:
            self._count_approved(connection, event)
        elif kind in _ANSWERS:
            self._count_answer(connection, event)

    def _count_ours(self, data: Mapping[str, Json]) -> None:
        verb = _word(data, "verb")
        if verb == PEOPLE_FILE:
            self.site.access[verb] += 1
        elif verb == _EXPORT:
            self.site.exports += 1
        elif verb in _READING:
            self.site.reads[f"{_word(data, 'actor', 'account')} (command line)"] += 1

    def _count_ended(self, connection: Connection, data: Mapping[str, Json]) -> None:
        reason = _word(data, "reason")
        for figures in self._of(connection, data):
            if data.get("deploy"):
                figures.ended[reason] += 1
            else:
                figures.decided[reason] += 1

    def _count_approved(self, connection: Connection, event: Event) -> None:
        request = _word(event.data, "request")
        if not request or request in self._begun:
            return  # carried out again after a restart: it was approved once
        self._begun.add(request)
        asked = _first(connection, "request", request, "reason", Reason.PENDING_APPROVAL)
        for figures in self._of(connection, event.data):
            figures.decided["approved"] += 1
            if asked is not None:
                figures.waits.append((event.at - asked.at).total_seconds())

    def _count_answer(self, connection: Connection, event: Event) -> None:
        data = event.data
        reason, privacy = _word(data, "reason"), _word(data, "params", "privacy")
        if reason == Reason.PHI_BLOCKED:
            self.site.blocked += 1
            self.site.kinds.update(privacy.split(", ")[:-1])  # the last one is the length
        elif privacy:
            self.site.warned += 1
        if reason not in _GOOD:
            self._count_refused(connection, data, reason)
        elif not at(data, ("params", "dry_run")):
            self._count_done(connection, event)

    def _count_refused(self, connection: Connection, data: Mapping[str, Json], reason: str) -> None:
        policies = at(data, ("decision", "policies"))
        rules = [str(rule) for rule in policies] if isinstance(policies, list) else []
        ends = reason == Reason.SUPERSEDED and (
            data.get("verb") == "approve" or data.get("kind") == Kind.EFFECT_OUTCOME
        )
        for figures in self._of(connection, data):
            figures.refused[reason] += 1
            if ends:
                figures.decided[reason] += 1
            if reason == Reason.NOT_AUTHORISED:
                figures.rules.update(rules)
            if _OWN in rules:
                figures.own[_word(data, "actor", "person")] += 1

    def _count_done(self, connection: Connection, event: Event) -> None:
        data = event.data
        verb = _word(data, "verb")
        if verb in SIGNING:
            who = _word(data, "actor", "person")
            self.site.signings.append(Signing(event.seq, event.at, who, verb))
        elif verb in _READING:
            self.site.reads[_word(data, "actor", "person")] += 1
        elif gives_access(data, verb):
            self.site.access[verb] += 1
        for figures in self._of(connection, data) if _is_counted(data, verb) else ():
            self._count_in(figures, connection, data, verb)

    def _count_in(
        self, figures: Figures, connection: Connection, data: Mapping[str, Json], verb: str
    ) -> None:
        if data.get("reason") == Reason.PENDING_APPROVAL:
            figures.requests += 1
        elif verb in _WITHDRAWN:
            figures.decided[_WITHDRAWN[verb]] += 1
        elif verb == "deploy settle":
            figures.settled += 1
        elif verb == "change open":
            figures.changes[_word(data, "params", "type") or "normal"] += 1
        elif verb in _DEPLOYS and data.get("deploy"):
            figures.started[_word(data, "target", "environment")] += 1
            figures.rollbacks += verb == "rollback"
            if change := _word(data, "change"):
                figures.under[_type_of(connection, change)] += 1

    def _of(self, connection: Connection, data: Mapping[str, Json]) -> Iterator[Figures]:
        """Return where an event counts: in all, and in its service where that can be known."""
        yield self.whole
        service = _word(data, "target", "service")
        for name in ("request", "deploy", "change"):
            if not service and (number := _word(data, name)):
                opened = _first(connection, name, number, "target")
                service = _word(opened.data, "target", "service") if opened else ""
        if service:
            yield self.services[service]


def _is_counted(data: Mapping[str, Json], verb: str) -> bool:
    return (
        verb in {*_DEPLOYS, *_WITHDRAWN, "deploy settle", "change open"}
        or data.get("reason") == Reason.PENDING_APPROVAL
    )


def gives_access(data: Mapping[str, Json], verb: str) -> bool:
    """Say whether an account was linked or a link ended; whoever only makes a code is known."""
    return verb == "unlink" or (verb == "link" and not at(data, ("actor", "person")))


def _type_of(connection: Connection, change: str) -> str:
    """Return a change's type; one that was opened with its deploy is a normal one."""
    opened = _first(connection, "change", change, "verb", "change open")
    return (opened and _word(opened.data, "params", "type")) or "normal"


def _first(
    connection: Connection, name: str, number: str, field_: str, value: str = ""
) -> Event | None:
    """Return the first event of a request, deploy or change that says something in a field."""
    rows = select_rows(connection).where(AUDIT.c[name] == number).order_by(AUDIT.c.seq)
    for row in fetch(connection, rows.limit(_FIRST_OF_A_THING)):
        event = read_event(row)
        if event and event.data.get(field_) and value in ("", event.data[field_]):
            return event
    return None


def _word(data: Mapping[str, Json], *path: str) -> str:
    value = at(data, path)
    return value if isinstance(value, str) else ""
