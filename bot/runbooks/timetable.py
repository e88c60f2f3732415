"""Runbooks that begin by the clock; implements `bot.api.RunbookSchedules`.

A schedule is a row and nothing that runs. Every replica looks every few seconds and types the
command of what is due down the road, as the account that scheduled it: its rights are asked as they
are then. The delivery is named by the schedule and its moment, so that the road begins one run for
it however many replicas look and whatever is killed; the row moves on once that is answered.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

import structlog

from bot.api import Done
from bot.calendars.typed import local_text
from bot.dispatch.turn import key_of
from bot.errors import AuditUnavailable, BadInput, Conflict, Refused, StoreFailed
from bot.model import Draft, Invocation, Kind, Reason, Reply, Table, Visibility
from bot.model.schedules import RunbookSchedule
from bot.moments import written
from bot.runbooks import crontab

if TYPE_CHECKING:
    from collections.abc import Callable
    from zoneinfo import ZoneInfo

    from bot.api import Caller
    from bot.notices import TopicNotices
    from bot.ports import Clock, Ledger, Road, Transaction
    from bot.runbooks.running import RunDesk
    from bot.stores import Deliveries
    from bot.stores.schedules import ScheduleStore

GRACE: Final = timedelta(minutes=15)
"""How late a run may begin: after that it is not run (docs/runbooks.md says so)."""
VERB: Final = "runbook schedule"
COLUMNS: Final = ("Schedule", "Runbook", "Cron", "Next", "Typed as", "Last time")
_ENDED: Final = "ended by "
LOG = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Timetable:
    """What people do with schedules; `zone` is the site's."""

    desk: RunDesk
    schedules: ScheduleStore
    clock: Clock
    zone: Callable[[], ZoneInfo]

    async def schedule(self, caller: Caller, name: str, cron: str, given: str) -> Done:
        """Have a runbook begin again and again, as the caller and in this place."""
        self.desk.ready(name, given)
        now, zone = self.clock.now(), self.zone()
        new = RunbookSchedule(
            id="",
            runbook=name.lower(),
            given=given,
            cron=" ".join(cron.split()),
            person=caller.principal.id,
            account=caller.account,
            place=caller.place,
            correlation=caller.correlation,
            made=now,
            next=crontab.read(cron).after(now, zone),
        )

        def say(results: tuple[object, ...]) -> Reply:
            (made,) = results
            if not isinstance(made, RunbookSchedule) or made.next is None:
                raise TypeError("a new schedule has its next moment")
            text = (
                f"{made.id}: {made.runbook} begins next on {local_text(made.next, zone)}, typed as "
                f"you and with the rights that you have then. `runbook unschedule {made.id}` ends "
                "it."
            )
            return Reply(text, title=made.id, refs={"schedule": made.id, "runbook": made.runbook})

        return Done((self.schedules.open(new),), say)

    async def list(self) -> Reply:
        """Return the schedules that go on, with how each went last."""
        found = await self.schedules.list()
        if not found:
            return Reply("No runbook is scheduled.")
        zone = self.zone()
        rows = tuple(
            (
                one.id,
                f"{one.runbook} {one.given}".strip(),
                one.cron,
                local_text(one.next, zone) if one.next else "",
                one.person,
                one.last or "not yet",
            )
            for one in found
        )
        many = "1 schedule" if len(rows) == 1 else f"{len(rows)} schedules"
        return Reply(f"{many}.", title="Scheduled runbooks", table=Table(COLUMNS, rows))

    async def end(self, caller: Caller, schedule_id: str) -> Done:
        """End a schedule; runs that it has begun go on."""
        read = await self.schedules.show(schedule_id)
        if read is None:
            raise BadInput(f"There is no schedule {schedule_id}.", reason=Reason.NOT_FOUND)
        if read.next is None:
            raise Refused(Reason.DUPLICATE, f"{read.id} is over: {read.last}.")
        text = f"{read.id} is over: {read.runbook} does not begin by the clock any more."
        by = f"{_ENDED}{caller.principal.id}"
        return Done((self.schedules.move(read, None, by),), lambda _: Reply(text, title=read.id))


@dataclass(frozen=True)
class Starter:
    """Begins what is due; what is not begun is said where it was scheduled."""

    schedules: ScheduleStore
    deliveries: Deliveries
    ledger: Ledger
    notices: TopicNotices
    clock: Clock
    zone: Callable[[], ZoneInfo]

    async def look(self, road: Road) -> None:
        """Begin what is due, and say what was missed."""
        try:
            for schedule in await self.schedules.due(self.clock.now()):
                await self._one(schedule, road)
        except (AuditUnavailable, StoreFailed):
            LOG.warning("scheduled runbooks are looked at once the database can be written")

    async def _one(self, schedule: RunbookSchedule, road: Road) -> None:
        due = schedule.next
        if due is None:
            return
        delivery = f"{schedule.id}:{due:%Y-%m-%dT%H:%M}"
        is_late = self.clock.now() > due + GRACE
        if is_late and await self.deliveries.seen(key_of(delivery)) is None:
            await self._moved(schedule, due, self._missed(due))
            return
        # What was begun and then killed before the row moved on is answered as it was then.
        line = Invocation(_line(schedule), schedule.account, schedule.place, delivery)
        reply = await road.handle(line)
        if reply.reason is Reason.DUPLICATE and is_late:
            text = "it is not known whether it began: `runbook history` says"
            reply = Reply(text, Reason.UNKNOWN_OUTCOME)
        if reply.reason not in (Reason.DUPLICATE, Reason.AUDIT_UNAVAILABLE):
            await self._moved(schedule, due, reply)

    def _missed(self, due: datetime) -> Reply:
        minutes = int(GRACE.total_seconds() // 60)
        text = (
            f"it was to begin on {local_text(due, self.zone())} and was not run: Wardroom was not "
            f"running then, and {minutes} minutes later is too late"
        )
        return Reply(text, Reason.EXPIRED)

    async def _moved(self, schedule: RunbookSchedule, due: datetime, reply: Reply) -> None:
        """Move a schedule on, and say how it went, in one transaction."""
        now = self.clock.now()
        upcoming = crontab.read(schedule.cron).after(now, self.zone())
        begun = reply.reason in (Reason.OK, Reason.PENDING_APPROVAL)
        run = reply.refs.get("run") or reply.refs.get("request") or ""
        how = f"{run or 'it'} began" if begun else f"not run ({reply.reason.value})"
        move = self.schedules.move(schedule, upcoming, f"{how}, {written(due)}")
        topic = reply.topic if begun and reply.topic else f"{schedule.id} {due:%Y-%m-%dT%H:%M}"

        def effect(tx: Transaction) -> None:
            move(tx)
            if topic != reply.topic:
                self.notices.keep(topic, _told(schedule, reply, begun=begun))(tx)
            self.notices.promise(topic, schedule.place)(tx)

        draft = Draft(
            kind=Kind.SYSTEM,
            verb=VERB,
            correlation=schedule.correlation,
            person=schedule.person,
            params={"schedule": schedule.id, "runbook": schedule.runbook, "due": written(due)},
            reason=reply.reason,
            text=how,
        )
        try:
            await self.ledger.append(draft, effect)
        except Conflict:
            LOG.info("another replica was first", schedule=schedule.id)
            return
        await self.notices.tell(topic)


def _line(schedule: RunbookSchedule) -> str:
    line = f"runbook run {schedule.runbook}"
    return f"{line} with {schedule.given}" if schedule.given else line


def _told(schedule: RunbookSchedule, reply: Reply, *, begun: bool) -> Reply:
    """Return the message about a run, or about why there is none."""
    text = f"{schedule.id}, {schedule.runbook}: {reply.text}"
    if not begun:
        text = f"{text.rstrip('.')}. By hand: `{_line(schedule)}`. Next time as scheduled."
    return replace(
        reply,
        text=text,
        title=f"{schedule.runbook}, as scheduled" if begun else f"Not run: {schedule.runbook}",
        visibility=Visibility.PUBLIC,
        topic="",
        refs={"schedule": schedule.id, "runbook": schedule.runbook},
    )
