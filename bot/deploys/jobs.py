"""A run of the deploy job: started once, found again by its correlation id, watched to its end.

Its intent is recorded before, its outcome after. Where an intent has no outcome, the CI server is
asked by the correlation id first; if that cannot settle it, a human is asked and the environment
stays locked.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, TypeAlias

from bot.deploys.looking import ENDED, looks
from bot.deploys.stage import FAILED, ON, STOPPED, UNKNOWN, outcome
from bot.errors import Conflict, IntegrationError, Rejected, Unreachable
from bot.model import BuildState, Kind, Reason
from bot.moments import written

if TYPE_CHECKING:
    from datetime import datetime

    from bot.deploys.journal import Journal
    from bot.deploys.patience import Patience
    from bot.deploys.stage import Outcome
    from bot.model import Build, Deploy, Draft, Service
    from bot.ports import Ci, News

TRIGGER: Final = "deploy trigger"
Asking: TypeAlias = "Callable[[], Awaitable[Outcome | None]]"
Showing: TypeAlias = "Callable[[str, Build | None, datetime | None], Awaitable[None]]"
"""Shows what a job does; the moment is since when it waits for a decision over there."""


@dataclass(frozen=True)
class Job:
    """Which version goes to which sites; none are the whole environment. `at` names the run."""

    deploy: Deploy
    service: Service
    version: str
    commit: str
    sites: tuple[str, ...]
    at: str


@dataclass(frozen=True)
class Jobs:
    """Starts and watches deploy jobs on the CI server."""

    journal: Journal
    ci: Ci
    patience: Patience
    news: News

    async def start(self, job: Job, ask: Asking) -> tuple[Outcome, Build | None]:
        """Start a job, or find the one that was started; `ask` may stop it right before.

        The build is there where the outcome is ON.
        """
        if await self.journal.recorded(job.deploy, TRIGGER, Kind.EFFECT, job.at):
            return await self._look_up(job, ask)
        return await self._start(job, ask)

    async def _start(self, job: Job, ask: Asking) -> tuple[Outcome, Build | None]:
        refused = await ask()
        if refused is not None:
            return refused, None
        held = self.journal.deploys.holding(job.deploy.id)
        try:
            await self.journal.ledger.append(self._draft(job, Kind.EFFECT), held)
        except Conflict as conflict:
            return outcome(STOPPED, conflict.text, conflict.reason), None
        try:
            build = await self.ci.deploy(
                job.service,
                job.version,
                job.commit,
                job.deploy.environment,
                correlation=job.at,
                sites=job.sites,
            )
        except Rejected as error:
            await self._came_out(job, Reason.FAILED, error.text)
            return outcome(FAILED, f"The CI server refused: {error.text}"), None
        except Unreachable:
            # It may have arrived all the same: only the CI server can say.
            return await self._look_up(job, None)
        return await self._started(job, build, "")

    async def _look_up(self, job: Job, ask: Asking | None) -> tuple[Outcome, Build | None]:
        """Ask the CI server whether the job was started; twice, so that a late one is seen.

        With `ask` one that it never had is started.
        """
        waited, answered = 0.0, 0
        text = ""
        while waited <= self.patience.lookup:
            try:
                build = await self.ci.find(job.service, job.at)
            except IntegrationError as error:
                text = error.text
            else:
                if build is not None:
                    return await self._started(job, build, "found by its correlation id")
                answered += 1
            if answered > 1:
                break
            waited += self.patience.poll
            await asyncio.sleep(self.patience.poll)
        if answered > 1 and ask is not None:
            await self._came_out(job, Reason.CANCELLED, "the CI server never had it")
            return await self._start(job, ask)
        if answered > 1:
            text = "The CI server did not answer, and has no such job: nothing was started."
            await self._came_out(job, Reason.UNAVAILABLE, text)
            return outcome(FAILED, text), None
        return outcome(UNKNOWN, f"{text} Look at the CI server and say how it ended."), None

    async def _started(self, job: Job, build: Build, how: str) -> tuple[Outcome, Build]:
        await self._came_out(job, Reason.OK, how or f"started {build.id}", build.id)
        return outcome(ON), build

    async def watch(
        self, build_id: str, show: Showing, since: datetime | None = None
    ) -> tuple[Outcome, Build | None]:
        """Look until a job has ended; one that cannot be seen any more is unknown.

        `since` is when it was first seen to wait for a decision over there, None where it was not.
        """
        text, shown = "", ""
        build: Build | None = None
        now = self.journal.clock.now
        waited = max(0.0, (now() - since).total_seconds()) if since else 0.0
        looking = looks(self.ci, self.news, self.patience, build_id, waited=waited)
        try:
            async with aclosing(looking) as seen:
                async for found in seen:
                    if isinstance(found, Unreachable):
                        detail = text = found.text
                    else:
                        if found.state in ENDED:
                            return _ended(found), found
                        build, text = found, ""
                        since = (since or now()) if found.gate else None
                        detail = _doing(found, since)
                    if detail != shown:
                        await show(detail, build, since)
                        shown = detail
        except Rejected as error:
            return outcome(UNKNOWN, error.text), build
        return outcome(UNKNOWN, _late(build, since, text)), build

    async def _came_out(self, job: Job, reason: Reason, text: str, build: str = "") -> None:
        draft = self._draft(job, Kind.EFFECT_OUTCOME)
        params = {**draft.params, "build": build} if build else draft.params
        await self.journal.ledger.append(replace(draft, reason=reason, text=text, params=params))

    def _draft(self, job: Job, kind: Kind) -> Draft:
        draft = self.journal.draft(job.deploy, kind, TRIGGER)
        params = {"version": job.version, "commit": job.commit}
        if job.sites:
            params["sites"] = ", ".join(job.sites)
        return replace(draft, correlation=job.at, params=params)


def _ended(build: Build) -> Outcome:
    if build.state is BuildState.GREEN:
        return outcome(ON, f"build {build.id} is green")
    failing = next((s.name for s in build.stages if s.state is BuildState.RED), "")
    where = f" at {failing}" if failing else ""
    text = f"The deploy job ended {build.state.value}{where}; see `ci log {build.id}`."
    return outcome(FAILED, text)


def _late(build: Build | None, since: datetime | None, text: str) -> str:
    """Say that nobody looks any more, and what a human has to do."""
    if build is not None and build.gate and since is not None and not text:
        return (
            f"Build {build.id} still waits there ({build.gate}, since {written(since)}). Have it "
            "decided, look how it ended, and say it."
        )
    return f"The deploy job did not end in time. {text}".strip()


def _doing(build: Build, since: datetime | None) -> str:
    """Say what a build does, or what it waits for over there: a gate of the vendor's own."""
    if build.gate and since is not None:
        return f"build {build.id}: {build.gate}, since {written(since)}"
    wanted = BuildState.QUEUED if build.state is BuildState.QUEUED else BuildState.RUNNING
    stage = next((s.name for s in build.stages if s.state is wanted), "")
    return f"build {build.id}, {stage or build.state.value}"
