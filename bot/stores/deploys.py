"""The history of deploys, and their locks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from bot.model import Batch, Deploy, DeployState, Step
    from bot.ports import Effect


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
        batches: Sequence[Batch] | None = None,
    ) -> Effect[Deploy]:
        """Write down progress; None leaves a field as it is."""
        ...

    def end(
        self, deploy_id: str, state: DeployState, *, outcome: str, at: datetime
    ) -> Effect[Deploy]:
        """End a deploy once and release its lock; UNKNOWN keeps the lock until settled."""
        ...

    def holding(self, deploy_id: str) -> Effect[None]:
        """Refuse, with `Conflict(reason=LOCKED)`, what a deploy does without its environment.

        Recorded together with an intent to change something outside, it keeps a flow that was
        given up, and comes back, from acting.
        """
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
