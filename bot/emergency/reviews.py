"""Closes review tasks, and tells their people once of those that are late.

Implements `bot.api.ReviewTasks`. Who may close which kind is policy (the action `review`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

import structlog

from bot.api import Done
from bot.emergency.words import a_sentence
from bot.errors import AuditUnavailable, BadInput, Conflict, NotAuthorised, Refused, StoreFailed
from bot.model import (
    Button,
    Draft,
    Kind,
    Reason,
    Reply,
    Style,
    Task,
    TaskKind,
    Visibility,
)
from bot.moments import at_time, written

if TYPE_CHECKING:
    from bot.api import Caller
    from bot.emergency.channels import Channels
    from bot.model import Principal
    from bot.ports import Clock, Effect, Ledger, Notices, Transaction
    from bot.stores import Tasks

LOG = structlog.get_logger(__name__)
VERB: Final = "task late"
WHAT: Final = {
    TaskKind.BREAK_GLASS_REVIEW: "Review of break-glass",
    TaskKind.EMERGENCY_CHANGE_REVIEW: "Review of the emergency change",
}


class Verdict(Protocol):
    """What policy says to closing a review."""

    @property
    def allowed(self) -> bool:
        """Say whether it may be closed."""
        ...

    @property
    def policies(self) -> Sequence[str]:
        """Return the ids of the rules that decided."""
        ...

    @property
    def messages(self) -> Sequence[str]:
        """Return why not."""
        ...


class Reviewing(Protocol):
    """The policies, as far as they are about reviews."""

    def may_review(self, who: Principal, kind: str, *, subject: str) -> Verdict:
        """Decide whether `who` may close a review, by its kind, of what `subject` did."""
        ...


@dataclass(frozen=True, kw_only=True)
class TaskDesk:
    """What `task close` does, and what tells of reviews that are late."""

    tasks: Tasks
    policies: Reviewing
    channels: Channels
    ledger: Ledger
    notices: Notices
    clock: Clock

    async def close(self, caller: Caller, task_id: str, findings: str) -> Done:
        """Close a review with what was found; refused for whoever did what it reviews."""
        task = await self._open(task_id)
        who = caller.principal
        verdict = self.policies.may_review(who, task.kind.value, subject=task.subject)
        if not verdict.allowed:
            raise NotAuthorised(
                f"You cannot close {task.id}: {'; '.join(verdict.messages)}.",
                policies=verdict.policies,
            )
        said = a_sentence(findings, "--findings")
        closing = self.tasks.close(task.id, by=who.id, findings=said, at=self.clock.now())

        def close(tx: Transaction) -> Task:
            closed = closing(tx)
            self.notices.keep(closed.id, card(closed))(tx)
            return closed

        async def tell(reply: Reply, _results: tuple[object, ...]) -> Reply:
            await self.notices.tell(task.id)
            return reply

        return Done((close,), lambda results: card(_task(results[0])), tell)

    async def look(self) -> None:
        """Tell of reviews that are late, each once, however many replicas look."""
        try:
            for task in await self.tasks.late(self.clock.now()):
                await self._tell(task)
        except (AuditUnavailable, StoreFailed):
            LOG.warning("late reviews are told of once the audit log can be written")

    async def _open(self, task_id: str) -> Task:
        task = await self.tasks.show(task_id)
        if task is None:
            raise BadInput(
                f"There is no task {task_id}. `task list` shows the open ones.",
                reason=Reason.NOT_FOUND,
            )
        if task.closed is not None:
            raise Refused(Reason.DUPLICATE, sentence(task))
        return task

    async def _tell(self, task: Task) -> None:
        late = card(task, late=True)
        draft = Draft(
            kind=Kind.SYSTEM,
            verb=VERB,
            correlation=task.correlation or task.id,
            service=task.service,
            change=task.about if task.about.startswith("CHG-") else "",
            params={"task": task.id, "about": task.about, "subject": task.subject},
            text=late.text,
        )
        effects: list[Effect[object]] = [
            self.tasks.told(task.id, self.clock.now()),
            self.notices.keep(task.id, late),
        ]
        places = self.channels.about(task.service)
        effects += [self.notices.promise(task.id, place) for place in places]
        try:
            await self.ledger.append(draft, *effects)
        except Conflict:
            return  # another replica told them, or it was closed in this moment
        await self.notices.tell(task.id)


def sentence(task: Task) -> str:
    """Return how a task stands."""
    what = f"{WHAT[task.kind]} {task.about} by {task.subject}"
    if task.closed is None:
        return f"{task.id}: {what} is due {written(task.due)}."
    return f"{task.id}: {what} was closed by {task.closed_by} {at_time(task.closed)}."


def card(task: Task, *, late: bool = False) -> Reply:
    """Return a task's message as it stands."""
    fields = [
        ("Task", task.id),
        ("About", task.about),
        ("Did it", task.subject),
        ("Service", task.service),
        ("Due", written(task.due)),
        ("Closed by", task.closed_by),
        ("Findings", task.findings),
    ]
    begin = "Late: " if late else ""
    ask = Button("Close it", f"task close {task.id}", Style.PRIMARY, asks="findings")
    return Reply(
        text=f"{begin}{sentence(task)}",
        title=f"{WHAT[task.kind]} {task.about}",
        fields=tuple((name, value) for name, value in fields if value),
        buttons=() if task.closed else (ask,),
        visibility=Visibility.PUBLIC,
        topic=task.id,
        refs=refs(task),
    )


def refs(task: Task) -> dict[str, str]:
    """Return the ids that belong to a task."""
    found = {"task": task.id, "about": task.about}
    if task.about.startswith("CHG-"):
        found["change"] = task.about
    return found


def _task(result: object) -> Task:
    if not isinstance(result, Task):
        raise TypeError(f"not a task: {type(result).__name__}")
    return result
