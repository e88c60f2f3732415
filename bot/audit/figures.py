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
from bot.audit.stretch import marks
from bot.model import Event, Json, Kind, Reason

SIGNING: Final = ("audit review sign", "audit review countersign")
PEOPLE_FILE: Final = "people file"
NORMAL: Final = "normal"

_DEPLOYS: Final = ("deploy", "rollback")
_READING: Final = ("audit search", "audit show", "audit review", "audit report")
_EXPORT: Final = "audit export"
_OWN: Final = "never-the-requester"
_OWN_DOING: Final = "never-the-subject"
_GLASS: Final = "break-glass"
_CLOSE: Final = "task close"
_LATE: Final = "task late"
_STOPS: Final = ("stop-all", "stop-all lift")
EMERGENCY: Final = "emergency"
_ANSWERS: Final = frozenset({Kind.OUTCOME, Kind.EFFECT_OUTCOME, Kind.REFUSED})
_THINGS: Final = ("request", "deploy", "change")
_CHANGE_OPEN: Final = "change open"
_VALIDATE: Final = "deploy validate"
_VALIDATION: Final = "deploy validation"
_OPENED_WITH: Final = "opened with it"  # as the change of a deploy
_GOOD: Final = frozenset({Reason.OK, Reason.PENDING_APPROVAL})
_WITHDRAWN: Final = {"reject": "rejected", "cancel": "cancelled"}
_REMEMBERED: Final = 100_000  # requests, deploys and changes: those of more than a month
_FIRST_OF_A_THING: Final = 64  # events; what somebody typed before it was there may come first

WANTED: Final = (
    *marks("kind", (Kind.OUTCOME, Kind.EFFECT_OUTCOME, Kind.REFUSED, Kind.EFFECT, Kind.ENDED)),
    *marks("verb", (PEOPLE_FILE, _EXPORT, _LATE, _VALIDATION, *_READING)),
)
"""What stands in the bytes of every event that is counted."""


@dataclass
class Figures:
    """What was counted of one service, or of all of them.

    `broken` are deploys under a break-glass, `unvalidated` those that nobody validated in time,
    whatever came of them later. `ended` and `refused` are by reason, `waits` the
    seconds from a request to its last approval.
    """

    started: Counter[str] = field(default_factory=Counter)
    rollbacks: int = 0
    broken: int = 0
    unvalidated: int = 0
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
    """What belongs to no service; `opened` are reviews by what they are about, `reviews` closed."""

    blocked: int = 0
    kinds: Counter[str] = field(default_factory=Counter)
    warned: int = 0
    access: Counter[str] = field(default_factory=Counter)
    signings: list[Signing] = field(default_factory=list)
    glasses: Counter[str] = field(default_factory=Counter)
    opened: Counter[str] = field(default_factory=Counter)
    reviews: Counter[str] = field(default_factory=Counter)
    own_reviews: Counter[str] = field(default_factory=Counter)
    late: int = 0
    stops: Counter[str] = field(default_factory=Counter)
    reads: Counter[str] = field(default_factory=Counter)
    exports: int = 0


@dataclass(frozen=True)
class Opening:
    """What a request, deploy or change is about, and since when; `type` is a change's."""

    at: datetime
    service: str
    type: str


@dataclass
class Month:
    """Counts events as they come; `take` is for `read_stretch`."""

    whole: Figures = field(default_factory=Figures)
    services: dict[str, Figures] = field(default_factory=lambda: defaultdict(Figures))
    site: Site = field(default_factory=Site)
    _begun: set[str] = field(default_factory=set)
    _known: dict[str, Opening] = field(default_factory=dict)

    def take(self, connection: Connection, event: Event) -> None:
        """Count one event."""
        data = event.data
        kind = data.get("kind")
        self._remember(event)
        if kind == Kind.SYSTEM:
            self._count_ours(connection, data)
        elif kind == Kind.ENDED:
            self._count_ended(connection, data)
        elif not at(data, ("decision", "version")):
            return  # a step of a deploy's own: its end says how it went
        elif kind == Kind.EFFECT:
            self._count_approved(connection, event)
        elif kind in _ANSWERS:
            self._count_answer(connection, event)

    def _remember(self, event: Event) -> None:
        """Keep what later events of the same request, deploy or change do not say again."""
        for name in _THINGS:
            number = _word(event.data, name)
            if number and number not in self._known and _opens(event, name):
                if len(self._known) >= _REMEMBERED:
                    self._known.clear()  # what is asked for again is read again
                self._known[number] = _opening(event)

    def _opened(self, connection: Connection, name: str, number: str) -> Opening | None:
        if number not in self._known and (event := _first(connection, name, number)):
            self._known[number] = _opening(event)
        return self._known.get(number)

    def _count_ours(self, connection: Connection, data: Mapping[str, Json]) -> None:
        verb = _word(data, "verb")
        if verb == PEOPLE_FILE:
            self.site.access[verb] += 1
        elif verb == _EXPORT:
            self.site.exports += 1
        elif verb == _LATE:
            self.site.late += 1
        elif verb == _VALIDATION and data.get("reason") == Reason.EXPIRED:
            for figures in self._of(connection, data):
                figures.unvalidated += 1
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
        asked = self._opened(connection, "request", request)
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
        if _OWN_DOING in rules:
            self.site.own_reviews[_word(data, "actor", "person")] += 1
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
        elif data.get("reason") == Reason.OK:
            self._count_emergency(data, verb)
        for figures in self._of(connection, data) if _is_counted(data, verb) else ():
            self._count_in(figures, connection, data, verb)

    def _count_emergency(self, data: Mapping[str, Json], verb: str) -> None:
        who = _word(data, "actor", "person")
        if _opens_emergency(data, verb):
            self.site.opened["emergency change"] += 1
        if verb == _GLASS:
            self.site.glasses[who] += 1
            self.site.opened[_GLASS] += 1
        elif verb == _CLOSE:
            self.site.reviews[who] += 1
        elif verb in _STOPS:
            self.site.stops[verb] += 1

    def _count_in(
        self, figures: Figures, connection: Connection, data: Mapping[str, Json], verb: str
    ) -> None:
        if data.get("reason") == Reason.PENDING_APPROVAL:
            figures.requests += 1
        elif verb in _WITHDRAWN:
            figures.decided[_WITHDRAWN[verb]] += 1
        elif verb == "deploy settle":
            figures.settled += 1
        elif verb == _VALIDATE:
            # Such a deploy has no end of its own: the answer is its end.
            is_good = _word(data, "params", "verdict") == "ok"
            figures.ended[Reason.OK if is_good else Reason.FAILED] += 1
        elif verb == _CHANGE_OPEN:
            figures.changes[_word(data, "params", "type") or NORMAL] += 1
        elif verb in _DEPLOYS and data.get("deploy"):
            figures.started[_word(data, "target", "environment")] += 1
            figures.rollbacks += verb == "rollback"
            figures.broken += bool(_word(data, "params", "break_glass"))
            if change := _word(data, "change"):
                opened = self._opened(connection, "change", change)
                figures.under[opened.type if opened else NORMAL] += 1

    def _of(self, connection: Connection, data: Mapping[str, Json]) -> Iterator[Figures]:
        """Return where an event counts: in all, and in its service where that can be known."""
        yield self.whole
        service = _word(data, "target", "service")
        for name in _THINGS:
            if not service and (number := _word(data, name)):
                opened = self._opened(connection, name, number)
                service = opened.service if opened else ""
        if service:
            yield self.services[service]


def _is_counted(data: Mapping[str, Json], verb: str) -> bool:
    return (
        verb in {*_DEPLOYS, *_WITHDRAWN, "deploy settle", _VALIDATE, _CHANGE_OPEN}
        or data.get("reason") == Reason.PENDING_APPROVAL
    )


def gives_access(data: Mapping[str, Json], verb: str) -> bool:
    """Say whether an account was linked or a link ended; whoever only makes a code is known."""
    return verb == "unlink" or (verb == "link" and not at(data, ("actor", "person")))


def _opening(event: Event) -> Opening:
    data = event.data
    kind = _word(data, "params", "type") if data.get("verb") == _CHANGE_OPEN else ""
    if _word(data, "params", "break_glass") and _opened_with(data):
        kind = EMERGENCY
    return Opening(event.at, _word(data, "target", "service"), kind or NORMAL)


def _opens_emergency(data: Mapping[str, Json], verb: str) -> bool:
    """Say whether an emergency change was opened, by itself or with a deploy under break-glass."""
    if verb == _CHANGE_OPEN:
        return _word(data, "params", "type") == EMERGENCY
    is_begun = verb in _DEPLOYS and bool(data.get("deploy"))
    return is_begun and bool(_word(data, "params", "break_glass")) and _opened_with(data)


def _opens(event: Event, name: str) -> bool:
    """Say whether an event opened its request, deploy or change, as far as it alone can tell."""
    data = event.data
    if not _word(data, "target", "service") or data.get("kind") == Kind.INTENT:
        return False
    if name == "request":
        return data.get("reason") == Reason.PENDING_APPROVAL
    if name == "change":
        by_itself = (data.get("verb"), data.get("reason")) == (_CHANGE_OPEN, Reason.OK)
        return by_itself or _opened_with(data)
    return True


def _opened_with(data: Mapping[str, Json]) -> bool:
    """Say whether an event opened its change record together with a deploy."""
    return _word(data, "params", "fact.change") == _OPENED_WITH


def _first(connection: Connection, name: str, number: str) -> Event | None:
    """Return the event that opened a request, deploy or change, by the index of such numbers.

    Where that is not among the first, the first of them that names a service.
    """
    rows = select_rows(connection).where(AUDIT.c[name] == number).order_by(AUDIT.c.seq)
    found = filter(None, map(read_event, fetch(connection, rows.limit(_FIRST_OF_A_THING))))
    events = [event for event in found if _word(event.data, "target", "service")]
    opening = (event for event in events if _opens(event, name))
    return next(opening, events[0] if events else None)


def _word(data: Mapping[str, Json], *path: str) -> str:
    value = at(data, path)
    return value if isinstance(value, str) else ""
