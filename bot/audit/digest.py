"""The daily digest: what was denied, tried for oneself, or done as an emergency, in a channel.

A day ends at the hour of the settings (UTC). Of several replicas one posts it: the claim of the
day, the event, the message and its letter are one transaction.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from typing import Final

import structlog
from sqlalchemy import Connection

from bot.audit.matching import at
from bot.audit.reading import read_size
from bot.audit.search import first_at
from bot.audit.stretch import Stretch, marks, read_stretch
from bot.errors import AuditUnavailable, Conflict, StoreFailed
from bot.model import Draft, Event, Json, Kind, Place, Reason, Reply, Table
from bot.moments import written
from bot.ports import Clock, Ledger, Notices
from bot.storage.database import Database
from bot.stores import Deliveries, Letters

LOG = structlog.get_logger(__name__)
DAY: Final = timedelta(days=1)
MOST: Final = 20
"""Lines of one digest; the rest is counted."""

VERB: Final = "audit digest"
COLUMNS: Final = ("What", "Who", "Tried", "How often", "Events")
OWN: Final = "never-the-requester"
OWN_DOING: Final = "never-the-subject"
EMERGENCY: Final = "emergency"
BREAK_GLASS: Final = "break-glass"

_NAMED: Final = 5  # events of a line
_DONE: Final = {
    "task close": "reviews of emergencies closed",
    "task late": "reviews of emergencies late",
    "stop-all": "stop-all",
    "stop-all lift": "stop-all lifted",
}
_WANTED: Final = (
    *marks("reason", (Reason.NOT_AUTHORISED, Reason.PHI_BLOCKED)),
    *marks("type", (EMERGENCY,)),
    *marks("verb", _DONE),
    OWN.encode(),
    OWN_DOING.encode(),
    BREAK_GLASS.encode(),
)
_ANSWERS: Final = frozenset({Kind.OUTCOME, Kind.REFUSED})
_CARRIED_OUT: Final = frozenset({Kind.OUTCOME, Kind.EFFECT_OUTCOME})
_BY_RULE: Final = {
    OWN: "approvals of one's own request",
    OWN_DOING: "reviews of one's own doing",
}
_BY_REASON: Final = {
    Reason.NOT_AUTHORISED: "denied",
    Reason.PHI_BLOCKED: "stopped for patient data",
}


@dataclass
class Found:
    """What a day had, by what it was, who it was, and what was tried; events by number."""

    lines: dict[tuple[str, str, str], list[int]] = field(default_factory=dict)

    def take(self, _: Connection, event: Event) -> None:
        """Count one event; for `read_stretch`."""
        what = _what(event.data)
        if what:
            line = (what, _word(event.data, "actor", "person") or "somebody", _tried(event.data))
            self.lines.setdefault(line, []).append(event.seq)

    def rows(self) -> Iterator[tuple[str, ...]]:
        """Return the lines, what happened most often first in each group."""
        ordered = sorted(self.lines.items(), key=lambda line: (line[0][0], -len(line[1]), line[0]))
        for (what, who, tried), seqs in ordered:
            named = ", ".join(map(str, seqs[:_NAMED]))
            yield what, who, tried, str(len(seqs)), f"{named}, ..." if seqs[_NAMED:] else named

    def counted(self) -> Counter[str]:
        """Return how many there were of each group."""
        counts: Counter[str] = Counter()
        for (what, _, _), seqs in self.lines.items():
            counts[what] += len(seqs)
        return counts


@dataclass(frozen=True, kw_only=True)
class Digest:
    """Posts one a day, once, however many replicas look; a day on which all were down has none."""

    place: Place
    hour: time
    database: Database
    ledger: Ledger
    deliveries: Deliveries
    notices: Notices
    letters: Letters
    clock: Clock

    async def look(self) -> None:
        """Post the digest of the day that is over, unless that was done; it is tried again."""
        now = self.clock.now()
        until = datetime.combine(now.date(), self.hour, now.tzinfo)
        claim = f"audit-digest {until:%Y-%m-%d}"
        if now < until:
            return
        try:
            if await self.deliveries.seen(claim) is None:
                await self._post(claim, until)
        except (AuditUnavailable, StoreFailed):
            LOG.warning("the audit digest is posted once the audit log can be written")
        except Conflict:
            return  # another replica was first

    async def _post(self, claim: str, until: datetime) -> None:
        found = Found()
        stretch = await self.database.read(lambda log: _stretch(log, until - DAY, until))
        read = await read_stretch(self.database, stretch, _WANTED, found.take)
        topic, now = f"DIGEST-{until:%Y-%m-%d}", self.clock.now()
        shown = sheet(found, read, until)
        said = Draft(kind=Kind.SYSTEM, verb=VERB, correlation=topic, text=shown.text)
        await self.ledger.append(
            said,
            self.deliveries.claim(claim, now),
            self.notices.keep(topic, shown),
            self.letters.add(topic, self.place, due=now),
        )
        await self.notices.tell(topic)


def sheet(found: Found, read: Stretch, until: datetime) -> Reply:
    """Return the message of a day."""
    rows = tuple(found.rows())
    counts = ", ".join(f"{count:,} {what}" for what, count in sorted(found.counted().items()))
    text = (
        f"{written(until - DAY)} to {written(until)}: {counts or 'nothing of note'}, "
        f"in {read.count:,} events."
    )
    if read.damaged:
        text += f" WARNING: {len(read.damaged)} events do not match their hash; run `audit verify`."
    if len(rows) > MOST:
        text += f" The first {MOST} of {len(rows)} lines; `audit search outcome:denied` has more."
    table = Table(COLUMNS, rows[:MOST]) if rows else None
    return Reply(title="Audit digest", text=text, table=table)


def _stretch(log: Connection, since: datetime, until: datetime) -> Stretch:
    end = read_size(log) + 1
    return Stretch(first_at(log, since, end), first_at(log, until, end) - 1)


def _what(data: Mapping[str, Json]) -> str:
    """Return what an event is to the digest, "" where it is nothing."""
    verb, is_ok = _word(data, "verb"), data.get("reason") == Reason.OK
    kind = data.get("kind")
    if verb in _DONE and (kind == Kind.SYSTEM or (kind in _CARRIED_OUT and is_ok)):
        return "" if at(data, ("params", "dry_run")) else _DONE[verb]
    if kind not in _ANSWERS or at(data, ("params", "dry_run")):
        return ""
    return _answered(data)


def _answered(data: Mapping[str, Json]) -> str:
    policies = at(data, ("decision", "policies"))
    rules = [str(rule) for rule in policies] if isinstance(policies, list) else []
    reason = data.get("reason")
    named = next((_BY_RULE[rule] for rule in rules if rule in _BY_RULE), "")
    if named or any(rule.startswith(BREAK_GLASS) for rule in rules):
        return named or BREAK_GLASS
    if reason in _BY_REASON:
        return _BY_REASON[Reason(str(reason))]
    is_done = reason in {Reason.OK, Reason.PENDING_APPROVAL}
    return "emergencies" if is_done and _word(data, "params", "type") == EMERGENCY else ""


def _tried(data: Mapping[str, Json]) -> str:
    target = (_word(data, "target", name) for name in ("service", "environment"))
    return " ".join(filter(None, (_word(data, "verb"), *target))) or "unknown words"


def _word(data: Mapping[str, Json], *path: str) -> str:
    value = at(data, path)
    return value if isinstance(value, str) else ""
