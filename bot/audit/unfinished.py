"""Ends what nobody will end any more: an intent without an outcome becomes `unknown`, once.

What a durable workflow does has records of other kinds (`effect`): that one goes on with it, looks
it up, and says itself what cannot be known. This is about what ran in a process that is gone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from bot.audit.reading import AUDIT, fetch, read_event, read_size, select_rows
from bot.audit.stretch import Stretch, marks, read_stretch
from bot.errors import Conflict
from bot.model import Draft, Event, Kind, Place, Reason, Reply
from bot.storage.database import sql

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from bot.ports import Clock, Effect, Ledger, Notices, Transaction
    from bot.storage.database import Database
    from bot.stores import Letters

VERB: Final = "unfinished"
PATIENCE: Final = timedelta(minutes=10)
"""How long another replica may take for a command; what is long is a durable workflow."""
SHOWN_FOR: Final = timedelta(hours=24)
MOST: Final = 100_000  # events that are looked at where no earlier look is recorded

_ENDS: Final = frozenset({Kind.OUTCOME, Kind.REFUSED})
_WANTED: Final = tuple(marks("kind", (Kind.INTENT, *_ENDS)))
_LOOKED_AT: Final = 16
_ENDED: Final = Conflict("it has ended")
_TEXT: Final = "Wardroom stopped before it had recorded how this ended: look before you repeat it."


@dataclass
class Unfinished:
    """Looks for intents that were left behind, and tells those on call where they read it.

    `reads` are the verbs that change nothing: their end is recorded too, but wakes nobody.
    """

    log: Ledger
    database: Database
    clock: Clock
    notices: Notices
    letters: Letters
    on_call: Place | None = None
    reads: frozenset[str] = frozenset()
    _seen: int | None = None
    _open: dict[str, Event] = field(default_factory=dict)
    _shown: tuple[datetime, str] | None = None

    @property
    def trouble(self) -> str:
        """What ended nobody knows how, for a day; "" for nothing."""
        if self._shown is None or self.clock.now() - self._shown[0] > SHOWN_FOR:
            return ""
        return self._shown[1]

    async def look(self, *, alone: bool = False) -> None:
        """End what was left behind; `alone` where nobody but this process writes such intents."""
        is_first = self._seen is None
        if self._seen is None:
            self._seen = await self.database.read(_marked)
        size = await self.database.read(read_size)
        await read_stretch(
            self.database,
            Stretch(self._seen + 1, size),
            _WANTED,
            lambda _, event: self._take(event),
        )
        self._seen = size
        latest = self.clock.now() - PATIENCE
        left = [event for event in self._open.values() if alone or event.at <= latest]
        ended = [event for event in left if await self._end(event)]
        for event in left:
            del self._open[str(event.data["correlation"])]
        if is_first or ended:
            await self._mark(ended)

    def _take(self, event: Event) -> None:
        correlation, kind = str(event.data.get("correlation", "")), event.data.get("kind")
        if kind == Kind.INTENT and correlation:
            self._open[correlation] = event
        elif kind in _ENDS:
            self._open.pop(correlation, None)

    async def _end(self, intent: Event) -> bool:
        correlation = str(intent.data["correlation"])

        def unless_ended(tx: Transaction) -> None:
            rows = select_rows(sql(tx)).where(AUDIT.c.correlation == correlation)
            for event in filter(None, map(read_event, fetch(sql(tx), rows))):
                if event.data.get("kind") in _ENDS:
                    raise _ENDED

        try:
            await self.log.append(_unknown(intent), unless_ended)
        except Conflict:
            return False
        return True

    async def _mark(self, ended: Sequence[Event]) -> None:
        """Record how far was looked, so that the next start begins there, and tell of the rest."""
        seen = min((event.seq for event in self._open.values()), default=(self._seen or 0) + 1) - 1
        actions = [event for event in ended if event.data.get("verb") not in self.reads]
        topic = f"UNFINISHED-{actions[-1].seq}" if actions else ""
        draft = Draft(
            kind=Kind.SYSTEM,
            verb=VERB,
            correlation=VERB,
            params={"seen": str(seen), "unknown": ", ".join(str(event.seq) for event in ended)},
            text=f"{len(ended)} intents had no outcome up to event {seen}.",
        )
        await self.log.append(draft, *(self._telling(topic, actions) if actions else ()))
        if actions:
            await self.notices.tell(topic)

    def _telling(self, topic: str, actions: Sequence[Event]) -> Sequence[Effect[object]]:
        reply = _notice(actions)
        self._shown = self.clock.now(), reply.text
        kept = self.notices.keep(topic, reply)
        if self.on_call is None:
            return (kept,)
        return kept, self.letters.add(topic, self.on_call, due=self.clock.now(), urgent=True)


def _marked(connection: Connection) -> int:
    """Return up to which event was looked before; the newest ones only where that is not known."""
    rows = select_rows(connection).where(AUDIT.c.correlation == VERB)
    newest = fetch(connection, rows.order_by(AUDIT.c.seq.desc()).limit(_LOOKED_AT))
    for event in filter(None, map(read_event, newest)):
        params = event.data.get("params")
        if event.data.get("kind") == Kind.SYSTEM and isinstance(params, dict):
            return int(str(params["seen"]))
    return max(read_size(connection) - MOST, 0)


def _unknown(intent: Event) -> Draft:
    data = intent.data
    actor, target = _group(intent, "actor"), _group(intent, "target")
    return Draft(
        kind=Kind.OUTCOME,
        verb=str(data.get("verb", "")),
        correlation=str(data["correlation"]),
        person=actor.get("person", ""),
        service=target.get("service", ""),
        environment=target.get("environment", ""),
        request=str(data.get("request", "")),
        deploy=str(data.get("deploy", "")),
        change=str(data.get("change", "")),
        incident=str(data.get("incident", "")),
        params={"intent": str(intent.seq)},
        reason=Reason.UNKNOWN_OUTCOME,
        text=_TEXT,
    )


def _notice(actions: Sequence[Event]) -> Reply:
    rows = tuple(
        (
            f"Event {event.seq}",
            " ".join(
                part
                for part in (
                    _group(event, "actor").get("person", "somebody"),
                    str(event.data.get("verb", "")),
                    *(_group(event, "target").get(name, "") for name in ("service", "environment")),
                )
                if part
            ),
        )
        for event in actions
    )
    return Reply(
        text=f"Nobody knows how {len(actions)} commands ended: Wardroom stopped during them. Look "
        "at the systems before you repeat them. `audit search outcome:unknown_outcome` lists them.",
        title="Ended nobody knows how",
        reason=Reason.UNKNOWN_OUTCOME,
        fields=rows,
    )


def _group(event: Event, name: str) -> dict[str, str]:
    group = event.data.get(name)
    if not isinstance(group, dict):
        return {}
    return {key: value for key, value in group.items() if isinstance(value, str)}
