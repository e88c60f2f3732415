"""What was delivered, what waits for approval, and what waits for a review."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from bot.model import Approval, NewTask, Request, RequestState, Task, TaskKind
    from bot.ports import Effect


class Deliveries(Protocol):
    """Which deliveries were seen, and what was answered first."""

    def claim(self, key: str, at: datetime, answer: str | None = None) -> Effect[None]:
        """Claim a delivery; `Conflict(reason=DUPLICATE)` when somebody has it already.

        `answer` is the first answer (a Reply as JSON), where that is known at once.
        """
        ...

    def answer(self, key: str, answer: str) -> Effect[None]:
        """Keep the first answer (a Reply as JSON) beside its claim."""
        ...

    async def seen(self, key: str) -> str | None:
        """Return the first answer, "" while there is none yet, None for a new delivery."""
        ...

    def forget(self, before: datetime) -> Effect[int]:
        """Drop claims older than `before`; returns how many."""
        ...


class Requests(Protocol):
    """Requests that wait for approval: a row each, nothing running, so thousands cost nothing."""

    def open(self, request: Request) -> Effect[Request]:
        """Keep a new request under the next REQ-n (the id given is ignored)."""
        ...

    def approve(self, request_id: str, digest: str, approval: Approval) -> Effect[Request]:
        """Add one human's approval.

        `Conflict` with the reason that says why it does not count: EXPIRED, REJECTED, CANCELLED
        or SUPERSEDED when it ended so, DUPLICATE when it was approved already or this person is
        counted already, SUPERSEDED when `digest` is not the proposal's.
        """
        ...

    def end(
        self, request_id: str, state: RequestState, *, by: str, at: datetime, why: str = ""
    ) -> Effect[Request]:
        """End a pending request, exactly once; the same `Conflict`s when it has ended."""
        ...

    def still(self, request_id: str, at: datetime) -> Effect[Request]:
        """Return a request that waits, as it stays until the caller's transaction is over.

        The same `Conflict`s when it has ended.
        """
        ...

    async def show(self, request_id: str) -> Request | None:
        """Return a request by id."""
        ...

    async def pending(self, *, requester: str = "", limit: int = 100) -> Sequence[Request]:
        """Return what waits, newest first."""
        ...

    async def due(self, now: datetime, *, limit: int = 100) -> Sequence[str]:
        """Return the ids of pending requests whose time is over."""
        ...


class Tasks(Protocol):
    """What somebody else still has to look at."""

    def open(self, new: NewTask) -> Effect[Task]:
        """Open a task under the next TASK-n; idempotent by kind and what it is about."""
        ...

    def close(self, task_id: str, *, by: str, findings: str, at: datetime) -> Effect[Task]:
        """Close a task once; `Conflict` where it is closed, or where `by` is its subject."""
        ...

    def told(self, task_id: str, at: datetime) -> Effect[None]:
        """Note that its people heard that a task is late; `Conflict` where they had, or it ended.

        So that of several replicas one tells them.
        """
        ...

    def waiting(self, kind: TaskKind, subject: str) -> Effect[Task | None]:
        """Return an open task about somebody's doing as it is in the caller's transaction."""
        ...

    async def show(self, task_id: str) -> Task | None:
        """Return a task by id."""
        ...

    async def list(
        self,
        *,
        kind: TaskKind | None = None,
        subject: str = "",
        about: str = "",
        open_only: bool = True,
        limit: int = 50,
    ) -> Sequence[Task]:
        """Return tasks, the one due first first."""
        ...

    async def late(self, now: datetime, *, limit: int = 50) -> Sequence[Task]:
        """Return open tasks past their time of which nobody was told yet."""
        ...
