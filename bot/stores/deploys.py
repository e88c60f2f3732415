"""The history of deploys, and their locks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from bot.model import Batch, Deploy, DeployState, Reason, Running, Step, Wish
    from bot.ports import Effect


class DeployStore(Protocol):
    """The history of deploys, and the lock of each service and environment."""

    def open(self, deploy: Deploy) -> Effect[Deploy]:
        """Keep a deploy under the next DEP-n and take its lock, at most one per environment.

        Idempotent by `deploy.request` when it has one: the deploy of that request is returned.
        `Conflict(reason=LOCKED)` names the deploy that holds the lock.
        """
        ...

    def begin(self, deploy_id: str, at: datetime) -> Effect[Deploy]:
        """Start a scheduled deploy and take its lock; `Conflict` where somebody was first.

        `Conflict(reason=LOCKED)` where its environment is held: it stays scheduled then.
        """
        ...

    def call_off(
        self, deploy_id: str, stop: Reason, *, outcome: str, at: datetime
    ) -> Effect[Deploy]:
        """Stop a deploy that is still scheduled; `Conflict` where it has begun or ended."""
        ...

    def wish(self, deploy_id: str, wish: Wish, *, by: str, why: str) -> Effect[Deploy]:
        """Write down what somebody asks of a deploy that runs; `Conflict` where it does not.

        What was aborted stays aborted.
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
        self,
        deploy_id: str,
        state: DeployState,
        *,
        outcome: str,
        at: datetime,
        stop: Reason | None = None,
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

    async def due(self, at: datetime) -> Sequence[str]:
        """Return the scheduled deploys whose moment has come, the first planned first."""
        ...

    async def where(self, service: str, environment: str = "") -> Sequence[Running]:
        """Return which version is where, as far as deploys from here say."""
        ...

    async def list(
        self, *, service: str = "", environment: str = "", running: bool = False, limit: int = 20
    ) -> Sequence[Deploy]:
        """Return deploys, newest first; `running` leaves out those that ended."""
        ...

    async def holder(self, service: str, environment: str) -> str:
        """Return the deploy that holds the lock, or ""."""
        ...
