"""Uses and ends break-glass: recorded first, loud, and reviewed by somebody else.

Implements `bot.api.BreakGlass`. Who may is the role `break_glass`; what it lets through is policy.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Final

import structlog

from bot.api import Done
from bot.emergency import cards
from bot.emergency.words import a_reason
from bot.errors import AuditUnavailable, BadInput, Conflict, NotAuthorised, Refused, StoreFailed
from bot.model import Draft, Kind, NewTask, Reason, Reply, Table, Task, TaskKind
from bot.moments import written
from bot.ports.control import Grant

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.api import Caller, GlassWanted
    from bot.emergency.channels import Channels
    from bot.emergency.glass import LiveGlass
    from bot.ports import Clock, Effect, Ledger, Notices, Transaction
    from bot.ports.control import Halts, WorkingDays
    from bot.stores import Grants, Tasks

LOG = structlog.get_logger(__name__)
VERB: Final = "break-glass"
LONGEST: Final = 60
"""Minutes (SEC-06)."""
REVIEWED_IN: Final = 2
"""Working days until the review is due."""
REVIEW_OPEN: Final = "break-glass-review-open"
_STEP: Final = 5  # minutes: how often the message counts down before its last five


@dataclass(kw_only=True)
class GlassDesk:
    """What `break-glass` does; `is_strict` in production, where both channels have to be there."""

    grants: Grants
    live: LiveGlass
    tasks: Tasks
    halts: Halts
    days: WorkingDays
    channels: Channels
    ledger: Ledger
    notices: Notices
    clock: Clock
    is_strict: bool
    _shown: dict[str, int] = field(default_factory=dict)

    async def use(self, caller: Caller, wanted: GlassWanted) -> Done:
        """Put it in force for the caller, with its review; refused while one is still open."""
        grant = self._grant(caller, wanted)
        self._is_loud(grant)
        if await self.halts.current() is not None:
            raise Refused(
                Reason.HALTED,
                "Everything is stopped, and break-glass does not pass that. "
                "`stop-all status` says by whom and why.",
            )
        waiting = await self._open_reviews(grant.person)
        if waiting:
            raise NotAuthorised(_not_again(waiting[0]), policies=(REVIEW_OPEN,))

        def begin(tx: Transaction) -> tuple[Grant, Task]:
            kept = self.grants.open(grant)(tx)
            earlier = self.tasks.waiting(TaskKind.BREAK_GLASS_REVIEW, grant.person)(tx)
            if earlier is not None:
                raise Conflict(_not_again(earlier), reason=Reason.NOT_AUTHORISED)
            task = self.tasks.open(self._review(kept, caller.correlation))(tx)
            shown = cards.glass(kept, left=kept.until - kept.since, task=task)
            self.notices.keep(kept.id, shown)(tx)
            for place in self.channels.about(kept.service):
                self.notices.promise(kept.id, place, by_door=place == caller.place)(tx)
            return kept, task

        def say(results: tuple[object, ...]) -> Reply:
            kept, task = _begun(results[0])
            return cards.glass(kept, left=kept.until - kept.since, task=task)

        return Done((begin,), say, self._told)

    async def end(self, caller: Caller, grant_id: str) -> Done:
        """End it before its time: whoever uses it, or whoever watches over it."""
        grant = await self.grants.show(grant_id)
        if grant is None:
            raise BadInput(
                f"There is no break-glass {grant_id}. `break-glass list` shows them.",
                reason=Reason.NOT_FOUND,
            )
        task = await self._task_of(grant)
        ending = self._ending(grant.id, caller.principal.id, task)
        none = timedelta()
        return Done(
            (ending,),
            lambda results: cards.glass(_grant(results[0]), left=none, task=task),
            self._told,
        )

    async def list(self) -> Reply:
        """Return what is in force and what was, with how its review stands."""
        found = await self.grants.list()
        if not found:
            return Reply("Break-glass was never used.")
        left = self.live.left()
        rows = tuple([await self._row(grant, left.get(grant.id)) for grant in found])
        open_ = [grant.id for grant in found if grant.id in left]
        said = f"In force: {', '.join(open_)}." if open_ else "None is in force."
        columns = ("Break-glass", "Who", "Service", "Incident", "State", "Review")
        return Reply(
            f"{said} `audit search incident:INC-n` shows what was done under one.",
            title="Break-glass",
            table=Table(columns, rows),
        )

    async def look(self) -> None:
        """Read what is in force again, end what is over, and count down."""
        open_ = await self.live.refresh()
        try:
            over = self.live.over(open_)
            for grant in over:
                await self._expire(grant)
            for grant in open_:
                if grant not in over:
                    await self._count_down(grant)
        except (AuditUnavailable, StoreFailed):
            LOG.warning("what break-glass ended is recorded once the audit log can be written")

    def _grant(self, caller: Caller, wanted: GlassWanted) -> Grant:
        if not 1 <= wanted.minutes <= LONGEST:
            raise BadInput(
                f"`--minutes` is 1 to {LONGEST}, not {wanted.minutes}. Whoever needs longer asks "
                "for an emergency change meanwhile: `change open --type emergency ...`."
            )
        now = self.clock.now()
        return Grant(
            id="",
            person=caller.principal.id,
            incident=wanted.incident,
            reason=a_reason(wanted.reason),
            since=now,
            until=now + timedelta(minutes=wanted.minutes),
            service=wanted.service.id,
        )

    def _is_loud(self, grant: Grant) -> None:
        """Refuse in production what would not be told in two channels."""
        if not self.is_strict:
            return
        if self.channels.security is None:
            raise Refused(
                Reason.NOT_AUTHORISED,
                "Break-glass has to be told to security, and the settings name no channel for it. "
                "An administrator sets `channels: {security: slack:C...}`; until then ask for an "
                "emergency change: `change open --type emergency ...`.",
            )
        owners = [p for p in self.channels.about(grant.service) if p != self.channels.security]
        if not owners:
            raise Refused(
                Reason.NOT_AUTHORISED,
                f"Break-glass has to be told to the owner of {grant.service}, which has no channel "
                "of its own in services.yaml. An administrator adds `channels: [slack:C...]`.",
            )

    def _review(self, grant: Grant, correlation: str) -> NewTask:
        return NewTask(
            kind=TaskKind.BREAK_GLASS_REVIEW,
            about=grant.id,
            subject=grant.person,
            due=self.days.later(grant.since, REVIEWED_IN),
            service=grant.service,
            correlation=correlation,
        )

    def _ending(self, grant_id: str, by: str, task: Task | None) -> Effect[Grant]:
        end = self.grants.end(grant_id, by=by, at=self.clock.now())

        def ending(tx: Transaction) -> Grant:
            ended = end(tx)
            self.notices.keep(ended.id, cards.glass(ended, left=timedelta(), task=task))(tx)
            return ended

        return ending

    async def _expire(self, grant: Grant) -> None:
        early = self.clock.now() < grant.until
        why = "the clock was set back, so its time cannot be told" if early else "its time is over"
        draft = Draft(
            kind=Kind.SYSTEM,
            verb=VERB,
            correlation=grant.id,
            person=grant.person,
            service=grant.service,
            incident=grant.incident,
            params={"break_glass": grant.id},
            text=f"{grant.id} ended: {why}",
        )
        ending = self._ending(grant.id, "wardroom", await self._task_of(grant))
        try:
            await self.ledger.append(draft, ending)
        except Conflict:
            return  # another replica was first, or somebody ended it in this moment
        self._shown.pop(grant.id, None)
        await self.notices.tell(grant.id)

    async def _count_down(self, grant: Grant) -> None:
        left = self.live.left().get(grant.id)
        if left is None:
            return
        number = cards.minutes(left)
        shown = number if number <= _STEP else -(-number // _STEP) * _STEP
        if self._shown.get(grant.id) == shown:
            return
        is_new = grant.id not in self._shown
        self._shown[grant.id] = shown
        if not is_new:
            task = await self._task_of(grant)
            await self.notices.publish(grant.id, cards.glass(grant, left=left, task=task))

    async def _open_reviews(self, person: str) -> Sequence[Task]:
        return await self.tasks.list(kind=TaskKind.BREAK_GLASS_REVIEW, subject=person, limit=1)

    async def _task_of(self, grant: Grant) -> Task | None:
        kind = TaskKind.BREAK_GLASS_REVIEW
        found = await self.tasks.list(kind=kind, about=grant.id, open_only=False, limit=1)
        return found[0] if found else None

    async def _row(self, grant: Grant, left: timedelta | None) -> tuple[str, ...]:
        task = await self._task_of(grant)
        state = f"{cards.minutes(left)} minutes left" if left is not None else "is over"
        if grant.ended is not None:
            state = f"ended {written(grant.ended)} by {grant.ended_by}"
        review = ""
        if task is not None:
            review = f"{task.id} {'closed' if task.closed else 'open'}"
        return grant.id, grant.person, grant.service, grant.incident, state, review

    async def _told(self, reply: Reply, _results: tuple[object, ...]) -> Reply:
        await self.live.refresh()
        await self.notices.tell(reply.topic)
        return reply


def _not_again(task: Task) -> str:
    return (
        f"The review of your last break-glass is still open: {task.id}, about {task.about}. "
        f"A security officer closes it: `task close {task.id} --findings ...`."
    )


def _begun(result: object) -> tuple[Grant, Task]:
    match result:
        case (Grant() as grant, Task() as task):
            return grant, task
    raise TypeError(f"not a grant and its review: {type(result).__name__}")


def _grant(result: object) -> Grant:
    if not isinstance(result, Grant):
        raise TypeError(f"not a grant: {type(result).__name__}")
    return result
