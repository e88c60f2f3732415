"""The lease of a deploy's lock: renewed while its flow lives, settled once nobody goes on with it.

Each replica answers for the deploys whose flows it runs. One whose lease has ended is settled only
where no replica will go on with its flow: a flow that waits for a replica is left alone, and so is
one whose process is gone, for as long as adopting it takes.

"Released on a crash by lease expiry" (DEP-02) is read together with "at most one deploy at a
time": the end of a lease alone frees nothing, for the job that the deploy has started may still
run. So the CI server is asked by the correlation id of every trigger that the log knows of:

- nothing was ever triggered, or the CI server has no such job: the deploy failed, its lock is free;
- the job has ended: the deploy failed and its lock is free, also where the job ended green, for
  nobody has probed what it left; the outcome says which of the two it was;
- every job has ended green, every probe too, and its validator had not been asked yet: the deploy
  is not validated, its lock is free, and its owner is told;
- the job still runs: the lock is kept, and the CI server is asked again;
- that cannot be said (the CI server does not answer, or the process that may still start the job
  lives and is silent): the deploy is unknown, and its lock is kept until a human settles it.

A flow that comes back after that starts nothing: it has to hold the lock when it records its
intent to trigger (`DeployStore.holding`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Final

import structlog

from bot.deploys.flow import WORKFLOW
from bot.deploys.jobs import TRIGGER
from bot.deploys.stage import FAILED, UNKNOWN, WAITS
from bot.errors import AuditUnavailable, Conflict, IntegrationError, StoreFailed
from bot.lookback import every
from bot.model import AuditQuery, BuildState, Kind
from bot.ports import Life
from bot.stores.locks import LEASE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from bot.deploys.closing import Closing
    from bot.deploys.validation import ValidationDesk
    from bot.model import Build, Deploy, Service
    from bot.ports import Ci, Engine
    from bot.stores import Locks

PATIENCE: Final = timedelta(seconds=60)
"""How long a lapsed deploy may be taken over, or answered for again, before it is settled."""

_GOING_ON: Final = frozenset({BuildState.QUEUED, BuildState.RUNNING})
_LOST = "Its flow was lost, and no replica went on with it."
LOG = structlog.get_logger(__name__)


@dataclass
class Leases:
    """Answers for the deploys that run here, and settles those that nobody answers for."""

    locks: Locks
    closing: Closing
    ci: Ci
    engine: Engine
    validation: ValidationDesk
    _lapsed: Mapping[str, datetime] = field(default_factory=dict)

    async def look(self) -> None:
        """Renew what runs here, then look for what nobody renewed."""
        try:
            await self.renew()
            await self.settle()
        except (AuditUnavailable, StoreFailed):
            LOG.warning("leases of deploys are looked at once the database can be written")

    async def renew(self) -> None:
        """Answer for the deploys whose flows this process runs."""
        until = self.closing.journal.clock.now() + LEASE
        await self.locks.renew(self.engine.running(WORKFLOW), until)

    async def settle(self) -> None:
        """End the deploys that nobody goes on with, as far as it can be said how they ended."""
        now = self.closing.journal.clock.now()
        lapsed = await self.locks.lapsed(now)
        since = self._lapsed = {each: self._lapsed.get(each, now) for each in lapsed}
        for deploy_id in lapsed:
            life = await self.engine.life(WORKFLOW, deploy_id)
            is_fresh = now - since[deploy_id] < PATIENCE
            if life is Life.OVER or (life is not Life.WAITING and not is_fresh):
                await self._settle(deploy_id, may_come_back=life is Life.RUNNING)

    async def _settle(self, deploy_id: str, *, may_come_back: bool) -> None:
        deploy = await self.closing.journal.deploy(deploy_id)
        found = await self._found(deploy, may_come_back=may_come_back)
        if found is None:
            LOG.warning("a deploy was lost while its job runs; it keeps its lock", deploy=deploy_id)
            return
        state, text = found
        LOG.warning("a deploy was lost and is settled", deploy=deploy_id, state=state)
        try:
            if state == WAITS:
                await self.validation.lost(deploy, f"{_LOST} {text}")
            else:
                await self.closing(deploy_id, {"state": state, "text": f"{_LOST} {text}"})
        except Conflict:
            LOG.info("a lost deploy was ended by somebody else", deploy=deploy_id)

    async def _found(self, deploy: Deploy, *, may_come_back: bool) -> tuple[str, str] | None:
        """Return how a deploy ended and how that is known, or None while its job goes on."""
        correlations = await self._triggered(deploy)
        if not correlations:
            return FAILED, "It had not started anything."
        service = self.closing.journal.catalogue.service(deploy.service)
        if service is None:
            return UNKNOWN, f"{deploy.service} is not in the estate file any more."
        try:
            jobs = await self._jobs(service, correlations)
        except IntegrationError as error:
            return UNKNOWN, f"{error.text} Look at the CI server and say how it ended."
        if any(job is not None and job.state in _GOING_ON for job in jobs):
            return None
        if may_come_back and None in jobs:
            silent = "The process that had it is there and silent, so it may still start its job."
            return UNKNOWN, f"{silent} Restart it, look at the CI server and say how it ended."
        lacking = self.validation.is_lacking(deploy, service)
        return _said([job for job in jobs if job is not None], is_lacking=lacking)

    async def _triggered(self, deploy: Deploy) -> Sequence[str]:
        """Return the correlation ids under which anything may have been started."""
        asked = AuditQuery(deploy=deploy.id, verb=TRIGGER, kind=Kind.EFFECT.value)
        found = every(self.closing.journal.audit, asked)
        return sorted({str(event.data.get("correlation", "")) async for event in found})

    async def _jobs(self, service: Service, correlations: Sequence[str]) -> Sequence[Build | None]:
        return [await self.ci.find(service, each) for each in correlations]


def _said(jobs: Sequence[Build], *, is_lacking: bool) -> tuple[str, str]:
    if not jobs:
        return FAILED, "The CI server has no such job: nothing was started."
    if any(job.state is BuildState.UNKNOWN for job in jobs):
        return UNKNOWN, "The CI server does not say how its job ended. Look there, and say it."
    ended = ", ".join(f"{job.id} ended {job.state.value}" for job in jobs)
    if is_lacking and all(job.state is BuildState.GREEN for job in jobs):
        return WAITS, f"The deploy job is done ({ended}), and the probes passed."
    if all(job.state is BuildState.GREEN for job in jobs):
        return FAILED, (
            f"The deploy job is done ({ended}), but nobody probed or validated what it left: look "
            "at what runs now, then deploy again or roll back."
        )
    return FAILED, f"The deploy job came to nothing ({ended})."
