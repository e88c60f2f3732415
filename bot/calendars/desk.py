"""Adds freezes from chat, lifts them, and says what is closed; implements `bot.api.FreezeDesk`."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from bot.api import Done
from bot.calendars.live import LiveFreezes
from bot.calendars.rules import FreezeRule
from bot.calendars.spans import last_to_end
from bot.calendars.typed import Reader, local_text
from bot.calendars.words import as_typed, held, passes
from bot.errors import BadInput, NotAuthorised
from bot.model import Place, Principal, Reason, Reply, Table, Visibility
from bot.ports import Freeze, FreezeKind, Touched
from bot.stores import AddedFreeze

if TYPE_CHECKING:
    from datetime import datetime
    from zoneinfo import ZoneInfo

    from bot.api import Caller, WantedFreeze
    from bot.calendars.rules import Calendar
    from bot.model import Service
    from bot.ports import Clock, Notices, Transaction

LIFTER: Final = "unlocker"  # release managers and incident commanders
LONGEST: Final = timedelta(days=92)
LONGEST_NAME: Final = 60
_COLUMNS: Final = ("Name", "Closes", "When", "Owner", "Written in")


@dataclass(frozen=True)
class ChatFreezes:
    """Freezes of people, beside those of the file."""

    freezes: LiveFreezes
    holds: Callable[[Principal, str], bool]
    chats: Callable[[str], Awaitable[Sequence[Place]]]
    notices: Notices
    clock: Clock

    async def add(self, caller: Caller, wanted: WantedFreeze) -> Done:
        """Close a time, in the transaction of its record."""
        now = self.clock.now()
        zone = self._zone(wanted.service)
        freeze = self._new(caller, wanted, now, zone)
        if any(rule.name == freeze.name for rule in self.freezes.plan.rules):
            raise BadInput(
                f"The calendars file has a freeze `{freeze.name}` already; give yours a name of "
                "its own."
            )
        begins = "now" if freeze.start <= now else local_text(freeze.start, zone)
        said = (
            f"{_scope(freeze)} is frozen by `{freeze.name}` from {begins} until "
            f"{local_text(freeze.end, zone)}. What waits for an approval or a start is stopped "
            f'by it too. `freeze lift "{freeze.name}" --reason ...` ends it before its time.'
        )
        return Done((self.freezes.added.add(freeze),), lambda _results: Reply(said))

    async def lift(self, caller: Caller, name: str, reason: str) -> Done:
        """End a freeze; somebody else's with a role, and they are told."""
        now = self.clock.now()
        if not reason.strip():
            raise BadInput("Say why: add `--reason ...`; whoever added it will read it.")
        freeze = await self._added(name, now)
        ended = self.freezes.added.lift(freeze.name, caller.principal.id, reason, now)
        said = f"`{freeze.name}` is lifted."
        if freeze.person == caller.principal.id:
            return Done((ended,), lambda _results: Reply(said))
        if not self.holds(caller.principal, LIFTER):
            raise NotAuthorised(
                f"`{freeze.name}` is {freeze.person}'s. Lifting somebody else's freeze needs the "
                f"role {LIFTER}; ask {freeze.person}, a release manager or an incident commander."
            )
        topic = _topic(freeze)
        told = _notice(freeze, caller.principal.id, reason, self._zone(None))
        places = await self.chats(freeze.person)

        def end(tx: Transaction) -> None:
            ended(tx)
            self.notices.keep(topic, told)(tx)
            for place in places:
                self.notices.promise(topic, place)(tx)

        async def tell(reply: Reply, _results: tuple[object, ...]) -> Reply:
            await self.notices.tell(topic)
            return reply

        more = f"{said} {freeze.person} is told that you lifted it, and why."
        return Done((end,), lambda _results: Reply(more), tell)

    async def list(self) -> Reply:
        """Return every rule there is, with where it is written and when it holds."""
        now = self.clock.now()
        calendar = await self.freezes.calendar(now)
        rows = tuple(_row(calendar, rule, now) for rule in calendar.rules)
        if not rows:
            return Reply(
                "There is no freeze. `freeze add` makes one; docs/calendars.md says how recurring "
                "ones are written."
            )
        trouble = f" {self.freezes.trouble}." if self.freezes.trouble else ""
        return Reply(f"{len(rows)} in all.{trouble}", title="Freezes", table=Table(_COLUMNS, rows))

    async def next(self, service: Service, environment: str) -> Reply:
        """Return what holds a service's environment now, what comes next, and when it opens."""
        now, zone = self.clock.now(), self.freezes.zone(service.id)
        if service.environment(environment) is None:
            known = ", ".join(one.name for one in service.environments)
            raise BadInput(f"{service.id} has no environment {environment}; it has {known}.")
        touched, where = Touched(service.id, environment), f"{environment} of {service.id}"
        holding = await self.freezes.active(touched, now)
        coming = await self.freezes.next(touched, now)
        opens = await self.freezes.opens(touched, now)
        fields = [("Next", _coming(coming))]
        if not holding:
            return Reply(f"{where} is open now.", title="Freezes", fields=tuple(fields))
        fields.append(("Opens", _opening(opens, zone, service)))
        said = " ".join(held(freeze, where) for freeze in holding)
        return Reply(said, title="Freezes", fields=tuple(fields))

    def _new(
        self, caller: Caller, wanted: WantedFreeze, now: datetime, zone: ZoneInfo
    ) -> AddedFreeze:
        name = " ".join(wanted.name.split())
        if not 0 < len(name) <= LONGEST_NAME:
            raise BadInput(f"A freeze has a name of at most {LONGEST_NAME} characters.")
        if not wanted.reason.strip():
            raise BadInput("Say why: `--reason ...` is what everybody who is stopped will read.")
        if wanted.tag and not any(wanted.tag in one.tags for one in self.freezes.estate.services()):
            raise BadInput(f"No service has the tag `{wanted.tag}`; `services` shows them.")
        read = Reader(zone, now)
        start, end = max(read(wanted.starts), now), read(wanted.until)
        if end <= start:
            raise BadInput(
                f"It would end {local_text(end, zone)}, which is not after its start "
                f"({local_text(start, zone)})."
            )
        if end - start > LONGEST:
            raise BadInput(
                f"A freeze from chat lasts at most {LONGEST.days} days; a longer one belongs in "
                "the calendars file, where it is reviewed."
            )
        return AddedFreeze(
            name=name,
            person=caller.principal.id,
            reason=wanted.reason,
            start=start,
            end=end,
            added=now,
            services=(wanted.service.id,) if wanted.service else (),
            environments=(wanted.environment,) if wanted.environment else (),
            tags=(wanted.tag,) if wanted.tag else (),
        )

    async def _added(self, name: str, now: datetime) -> AddedFreeze:
        """Return the freeze of a name; refuse one that is not ours to lift."""
        wanted = " ".join(name.split())
        found = await self.freezes.added.list(now)
        freeze = next((one for one in found if one.name.lower() == wanted.lower()), None)
        if freeze is not None:
            return freeze
        for rule in self.freezes.plan.rules:
            if rule.name.lower() == wanted.lower():
                where = f"the feed {rule.feed}" if rule.feed else rule.source
                raise BadInput(
                    f"`{rule.name}` is written in {where}, so it cannot be lifted from chat. Ask "
                    f"its owner, {rule.owner}, to change it there. {_passing(rule)}"
                )
        known = ", ".join(f"`{one.name}`" for one in found)
        more = f" Those that can be lifted: {known}." if known else " `freeze list` shows all."
        raise BadInput(f"There is no freeze `{wanted}`.{more}", reason=Reason.NOT_FOUND)

    def _zone(self, service: Service | None) -> ZoneInfo:
        return self.freezes.zone(service.id) if service else self.freezes.plan.zones.default


def _topic(freeze: AddedFreeze) -> str:
    """Return the name of the message about a freeze; the words of people are no part of it."""
    name = hashlib.sha256(freeze.name.encode()).hexdigest()[:8]
    return f"FREEZE-{freeze.added:%Y%m%dT%H%M%S}-{name}"


def _notice(freeze: AddedFreeze, by: str, reason: str, zone: ZoneInfo) -> Reply:
    text = (
        f"{freeze.person}: {by} lifted the freeze `{freeze.name}` of {_scope(freeze)}, which you "
        f"had set until {local_text(freeze.end, zone)}. Reason: {reason}"
    )
    return Reply(text, title="Lifted by somebody else", visibility=Visibility.PUBLIC)


def _passing(rule: FreezeRule) -> str:
    if not rule.exceptions:
        return "It has no exceptions."
    return f"What passes it: {'; '.join(one.said() for one in rule.exceptions)}."


def _scope(freeze: AddedFreeze) -> str:
    where = " and ".join(freeze.environments) or "every environment"
    what = " and ".join((*freeze.services, *(f"what is tagged {tag}" for tag in freeze.tags)))
    return f"{where} of {what or 'every service'}"


def _row(calendar: Calendar, rule: FreezeRule, now: datetime) -> tuple[str, ...]:
    scope = rule.scope
    parts = [
        *scope.services,
        *(f"tag {tag}" for tag in scope.tags),
        *(f"site {site}" for site in scope.sites),
        *scope.environments,
        *(f"{one} changes" for one in scope.change_types),
    ]
    what = ", ".join(parts) or "everything"
    if rule.is_window:
        what = f"{what}, but in this window"
    return rule.name, what, _when(calendar, rule, now), rule.owner, rule.source


def _when(calendar: Calendar, rule: FreezeRule, now: datetime) -> str:
    feed = calendar.feeds.get(rule.feed)
    if feed is not None and feed.unknown:
        return feed.unknown
    zone = rule.zone or calendar.zones.of(rule.scope.sites)[0]
    times = (feed.events if feed else rule.times).get(zone.key, ())
    span = last_to_end(named.times.at(now) for named in times)
    if span is not None:
        return f"now, until {local_text(span.end, zone)}"
    coming = min(filter(None, (named.times.after(now) for named in times)), default=None)
    if coming is None:
        return "never again"
    return f"from {local_text(coming.start, zone)} until {local_text(coming.end, zone)}"


def _coming(freeze: Freeze | None) -> str:
    if freeze is None or freeze.start is None:
        return "nothing within a year"
    start = local_text(freeze.start, freeze.zone)
    end = f" until {local_text(freeze.end, freeze.zone)}" if freeze.end else ""
    if freeze.kind is FreezeKind.WINDOW:
        return (
            f"the maintenance window `{freeze.name}` closes {start}{end and f', it opens{end[6:]}'}"
        )
    return f"`{freeze.name}` from {start}{end}. Ask {freeze.owner}. {passes(freeze)}"


def _opening(opens: datetime | None, zone: ZoneInfo, service: Service) -> str:
    if opens is None:
        return "nobody knows, or not within a year"
    at = as_typed(opens, zone)
    return f'{local_text(opens, zone)}: `deploy {service.id} VERSION ... --at "{at}"`'
