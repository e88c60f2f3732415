"""What the engine keeps, as small Protocols; `bot/storage` implements them.

Every write is an `Effect`: it happens in the same transaction as the audit event that says so.
Reads are plain coroutines. All times are aware and in UTC.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from bot.model import (
        Approval,
        Deploy,
        DeployState,
        Place,
        Reply,
        Request,
        RequestState,
        Step,
    )
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

    async def show(self, request_id: str) -> Request | None:
        """Return a request by id."""
        ...

    async def pending(self, *, requester: str = "", limit: int = 100) -> Sequence[Request]:
        """Return what waits, newest first."""
        ...

    async def due(self, now: datetime, *, limit: int = 100) -> Sequence[str]:
        """Return the ids of pending requests whose time is over."""
        ...


class DeployStore(Protocol):
    """The history of deploys, and the lock of each service and environment."""

    def open(self, deploy: Deploy) -> Effect[Deploy]:
        """Keep a deploy under the next DEP-n and take its lock, at most one per environment.

        Idempotent by `deploy.request` when it has one: the deploy of that request is returned.
        `Conflict(reason=LOCKED)` names the deploy that holds the lock.
        """
        ...

    def note(
        self,
        deploy_id: str,
        *,
        steps: Sequence[Step] | None = None,
        build: str | None = None,
        replaced: str | None = None,
        change: str | None = None,
    ) -> Effect[Deploy]:
        """Write down progress; None leaves a field as it is."""
        ...

    def end(
        self, deploy_id: str, state: DeployState, *, outcome: str, at: datetime
    ) -> Effect[Deploy]:
        """End a deploy once and release its lock; UNKNOWN keeps the lock until settled."""
        ...

    async def show(self, deploy_id: str) -> Deploy | None:
        """Return a deploy by id."""
        ...

    async def list(
        self, *, service: str = "", environment: str = "", running: bool = False, limit: int = 20
    ) -> Sequence[Deploy]:
        """Return deploys, newest first; `running` leaves out those that ended."""
        ...

    async def holder(self, service: str, environment: str) -> str:
        """Return the deploy that holds the lock, or ""."""
        ...


class Topics(Protocol):
    """Messages by topic: the newest reply of each, and where it was shown."""

    async def put(self, topic: str, reply: Reply) -> int:
        """Keep a topic's newest reply; returns its version, counting up from 1."""
        ...

    async def get(self, topic: str) -> tuple[Reply, int] | None:
        """Return a topic's newest reply and version."""
        ...

    async def recent(self, *, limit: int = 20) -> Sequence[tuple[str, Reply]]:
        """Return the topics changed last, oldest first."""
        ...

    async def add_post(self, topic: str, place: Place, ref: str) -> None:
        """Remember where a topic's message was shown; idempotent."""
        ...

    async def posts(self, topic: str) -> Sequence[tuple[Place, str]]:
        """Return where a topic's message was shown, with the platform's references."""
        ...
