"""Finds every event of the log that belongs to a change.

Those that name it; those of the requests and deploys that such an event names; and whatever one
asking caused together with one of these, such as the CI job of a deploy.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from bot.audit.verify import Run
from bot.model import AuditQuery, Event
from bot.ports import AuditReader

PAGE: Final = 500
MOST: Final = 20_000  # events of one change; more would be another change's
_READING: Final = (
    *("audit ", "change show", "change list", "change evidence", "change calendar"),
    *("deploy status", "deploy list", "deploy history", "deploy where", "approvals", "recent"),
)


@dataclass(frozen=True)
class Gathered:
    """The events of a change, in the log's order; `pruned` and `damaged` are numbers of events."""

    change: str
    events: tuple[Event, ...]
    requests: tuple[str, ...]
    deploys: tuple[str, ...]
    pruned: int = 0
    damaged: tuple[int, ...] = ()

    @property
    def runs(self) -> Sequence[Run]:
        """Return their numbers as runs, for an export."""
        return _runs(event.seq for event in self.events)

    def shown_as(self, events: Sequence[Event]) -> Gathered:
        """Return the same with the texts that somebody may read."""
        return replace(self, events=tuple(events))


async def gather(audit: AuditReader, change: str) -> Gathered:
    """Return everything that the log says of a change; empty where it says nothing."""
    found = _Found(audit)
    await found.add(AuditQuery(change=change))
    own = list(found.events.values())
    requests, deploys = _named(own, "request"), _named(own, "deploy")
    for request in requests:
        await found.add(AuditQuery(request=request))
    for deploy in deploys:
        await found.add(AuditQuery(deploy=deploy))
    for correlation in _named(found.events.values(), "correlation"):
        await found.add(AuditQuery(correlation=correlation))
    events = tuple(found.events[seq] for seq in sorted(found.events))
    return Gathered(change, events, requests, deploys, found.pruned, tuple(sorted(found.damaged)))


class _Found:
    """What was found so far, by number."""

    def __init__(self, audit: AuditReader) -> None:
        self._audit = audit
        self.events: dict[int, Event] = {}
        self.damaged: set[int] = set()
        self.pruned = 0

    async def add(self, query: AuditQuery) -> None:
        """Add what matches, page by page."""
        query = replace(query, limit=PAGE)
        while len(self.events) < MOST:
            page = await self._audit.search(query)
            self.events |= {event.seq: event for event in page.events if not is_reading(event)}
            self.damaged |= set(page.damaged)
            self.pruned = max(self.pruned, page.pruned)
            if page.next_before is None:
                return
            query = replace(query, before=page.next_before)


def is_reading(event: Event) -> bool:
    """Say whether an event only says that somebody looked."""
    verb = str(event.data.get("verb", ""))
    return verb.startswith(_READING)


def _named(events: Iterable[Event], name: str) -> tuple[str, ...]:
    found = (event.data.get(name) for event in events)
    return tuple(dict.fromkeys(str(one) for one in found if one))


def _runs(numbers: Iterable[int]) -> Sequence[Run]:
    runs: list[Run] = []
    for number in sorted(numbers):
        if runs and runs[-1][1] == number - 1:
            runs[-1] = (runs[-1][0], number)
        else:
            runs.append((number, number))
    return runs


def texts(value: object) -> Mapping[str, object]:
    """Return a mapping of an event's data, empty where it is none."""
    return value if isinstance(value, Mapping) else {}
