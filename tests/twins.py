"""Stand-ins for what is not ours: a CI server and services that a test turns by hand.

The same contract suite runs over these and over the real provider (tests/contracts/).
"""

from __future__ import annotations

import asyncio
import hashlib
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from bot.errors import Rejected, Unreachable
from bot.model import Build, BuildState, ChangeList, Commit, Finding, Relation, Stage, Standing

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.model import Endpoint, Probe, Service

GOOD, BAD_SMOKE, RED = "1.4.2", "1.4.3", "1.5.0"


def commit_of(service: str, version: str) -> str:
    return hashlib.sha1(f"{service}/{version}".encode(), usedforsecurity=False).hexdigest()


@dataclass
class TwinCi:
    """A CI server in memory: every version is built; 1.5.0 is red, and `states` says others."""

    states: dict[str, BuildState] = field(default_factory=lambda: {RED: BuildState.RED})
    running: dict[tuple[str, str], str] = field(default_factory=dict)
    moved: dict[tuple[str, str], str] = field(default_factory=dict)
    jobs: list[Build] = field(default_factory=list)
    deploys: list[str] = field(default_factory=list)
    triggered: list[tuple[str, tuple[str, ...]]] = field(default_factory=list)
    sick: set[str] = field(default_factory=set)  # `production/clinics`: keeps what it runs
    lookups: list[str] = field(default_factory=list)
    compared: list[tuple[str, str]] = field(default_factory=list)
    written_by: dict[str, tuple[str, ...]] = field(default_factory=dict)
    also: dict[str, tuple[Commit, ...]] = field(default_factory=dict)
    """More commits of a service, between any two of its versions."""
    lists: Relation | Rejected = Relation.AHEAD
    """How versions stand to each other, or why that is not told."""
    is_whole: bool = True
    is_down: bool = False
    swallow: bool = False  # takes a deploy and answers nothing
    drop: bool = False  # answers nothing and takes nothing
    hold: asyncio.Event | None = None
    shown: dict[str, Build] = field(default_factory=dict)

    async def resolve(self, service: Service, ref: str) -> str:
        self._up()
        if len(ref) == 40:
            return ref
        if ref not in ("1.4.1", GOOD, BAD_SMOKE, RED):
            raise Rejected(f"the repository has no tag {service.id}/{ref}.")
        return self.moved.get((service.id, ref), commit_of(service.id, ref))

    async def authors(self, service: Service, commit: str) -> Sequence[str]:
        self._up()
        if len(commit) != 40 or not commit.isalnum():
            raise Rejected(f"`{commit[:40]}` is no commit.")
        return self.written_by.get(service.id, ("somebody@elsewhere.example",))

    async def between(self, service: Service, since: str, until: str) -> ChangeList:
        self._up()
        self.compared.append((since, until))
        if isinstance(self.lists, Rejected):
            raise self.lists
        if any(len(one) != 40 or not one.isalnum() for one in (since, until)):
            raise Rejected(f"`{until[:40]}` is no commit.")
        versions = {commit_of(service.id, v): v for v in ("1.4.1", GOOD, BAD_SMOKE, RED)}
        order = list(versions)
        if since not in order and since not in self.moved.values():
            raise Rejected(f"the repository has no commit {since[:12]}.")
        if since == until:
            return ChangeList(since, until, Relation.SAME)
        if since in order and until in order and order.index(until) < order.index(since):
            return ChangeList(since, until, Relation.BEHIND)
        brought = order[order.index(since) + 1 : order.index(until) + 1] if since in order else []
        by = self.written_by.get(service.id, ("somebody@elsewhere.example",))
        made = [Commit(one, f"Release {versions[one]}", by) for one in reversed(brought)]
        made += self.also.get(service.id, ())
        return ChangeList(since, until, self.lists, tuple(made), is_whole=self.is_whole)

    async def builds(self, service: Service, ref: str, *, limit: int = 10) -> Sequence[Build]:
        commit = await self.resolve(service, ref)
        known = {commit_of(service.id, v): v for v in ("1.4.1", GOOD, BAD_SMOKE, RED)}
        if commit not in known:
            return []
        version = known[commit]
        state = self.states.get(version, BuildState.GREEN)
        failing = ("test_ack_code",) if version == RED else ()
        build = Build(f"{service.id}-{version}", service.id, version, commit, state)
        self.shown[build.id] = replace(build, failing_tests=failing)
        return [self.shown[build.id]][:limit]

    async def recent(self, service: Service, *, limit: int = 10) -> Sequence[Build]:
        found = [(await self.builds(service, v))[0] for v in (RED, BAD_SMOKE, GOOD, "1.4.1")]
        return found[:limit]

    async def build(self, build_id: str) -> Build:
        self._up()
        jobs = (job for job in self.jobs if job.id == build_id)
        found = next(jobs, self.shown.get(build_id))
        if found is None:
            raise Rejected(f"the CI server has no build {build_id}.")
        return found

    async def log_tail(self, build_id: str, *, lines: int = 40) -> str:
        await self.build(build_id)
        return "\n".join(["step one", "step two"][-lines:])

    async def trigger(self, service: Service, ref: str, *, correlation: str) -> Build:
        commit = await self.resolve(service, ref)
        job = Build(f"b{len(self.jobs) + 1}", service.id, ref, commit, BuildState.QUEUED)
        self.jobs.append(replace(job, correlation=correlation))
        return self.jobs[-1]

    async def deploy(
        self,
        service: Service,
        version: str,
        commit: str,
        environment: str,
        *,
        correlation: str,
        sites: Sequence[str] = (),
    ) -> Build:
        self._up()
        if self.drop:
            raise Unreachable("the CI server did not answer in time.")
        self.deploys.append(correlation.rpartition("-")[0])
        self.triggered.append((version, tuple(sites)))
        job = Build(
            f"d{len(self.jobs) + 1}",
            service.id,
            version,
            commit,
            BuildState.GREEN,
            stages=(Stage("install", BuildState.GREEN),),
            correlation=correlation,
        )
        self.jobs.append(job)
        if self.hold is not None:
            await self.hold.wait()
        for place in [f"{environment}/{site}" for site in sites] or [environment]:
            if version != BAD_SMOKE and place not in self.sick:
                self.running[service.id, place] = version
        if self.swallow:
            raise Unreachable("the CI server did not answer in time.")
        return job

    async def find(self, service: Service, correlation: str) -> Build | None:
        del service
        self._up()
        self.lookups.append(correlation.rpartition("-")[0])
        return next((job for job in self.jobs if job.correlation == correlation), None)

    def _up(self) -> None:
        if self.is_down:
            raise Unreachable("the CI server does not answer.")


@dataclass
class TwinProber:
    """Asks what the twin CI server has made run; a check passes unless `findings` says else."""

    ci: TwinCi
    findings: dict[str, Finding] = field(default_factory=dict)
    looked: list[Probe] = field(default_factory=list)

    async def version(self, probe: Probe) -> str:
        service, environment = probe.url.rpartition("//")[2].split("/", 1)
        return self.ci.running.get((service, environment), "1.4.1")

    async def ask(self, endpoint: Endpoint) -> Finding:
        return self.findings.get(
            endpoint.name, Finding(Standing.PASSED, "is well", figures={"milliseconds": "1"})
        )

    async def look(self, probe: Probe) -> Finding:
        self.looked.append(probe)
        found = self.findings.get(probe.label)
        if found is not None:
            return found
        return Finding(Standing.PASSED, f"{probe.label} is as it should be")
