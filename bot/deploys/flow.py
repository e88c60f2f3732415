"""A deploy from its trigger to its closed change: durable, and never blindly repeated.

Each step may be cut short by a kill and run again. The trigger is the only one that changes
anything outside: its intent is recorded before, its outcome after. Where an intent has no
outcome, the CI server is asked by the correlation id first; if that cannot settle it, a human is
asked and the environment stays locked.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeAlias

import structlog

from bot.deploys.card import card, topic
from bot.errors import AuditUnavailable, Conflict, IntegrationError, Rejected, Unreachable
from bot.model import (
    AuditQuery,
    Build,
    BuildState,
    ChangeResult,
    DeployState,
    Draft,
    Kind,
    Reason,
    Step,
    StepState,
)

if TYPE_CHECKING:
    from bot.model import Deploy, Json, Service
    from bot.ports import (
        AuditReader,
        Catalogue,
        ChangeTickets,
        Ci,
        Clock,
        Effect,
        Ledger,
        Notices,
        Prober,
        Steps,
    )
    from bot.stores import DeployStore

WORKFLOW = "deploy"
TRIGGER = "deploy trigger"
LABELS = ("Look at what runs now", "Start the deploy job", "Deploy job", "Smoke probe", "Close")
Ending: TypeAlias = Mapping[str, str]
LOG = structlog.get_logger(__name__)
BEFORE, START, JOB, SMOKE, CLOSE = range(len(LABELS))


@dataclass(frozen=True)
class Patience:
    """How long each wait of the flow is, in seconds; a test turns these."""

    poll: float = 1.0
    job: float = 1800.0
    lookup: float = 60.0
    smoke: float = 20.0
    audit: float = 5.0


@dataclass(frozen=True)
class DeployFlow:
    """The workflow `deploy`, keyed by the deploy's id."""

    deploys: DeployStore
    ci: Ci
    changes: ChangeTickets
    prober: Prober
    catalogue: Catalogue
    ledger: Ledger
    audit: AuditReader
    notices: Notices
    clock: Clock
    patience: Patience = Patience()

    async def __call__(self, steps: Steps, deploy_id: str) -> None:
        """Run one deploy to its end; every step is remembered."""
        try:
            await self._run(steps, deploy_id)
        except Exception as error:  # the worker's edge: no deploy is left hanging
            LOG.exception("a deploy broke off", deploy=deploy_id)
            text = f"Wardroom itself failed ({type(error).__name__}); look before you go on."
            broken = {"state": "unknown", "text": text}
            await steps.run("broke", lambda: self._insist(lambda: self._close(deploy_id, broken)))

    async def _run(self, steps: Steps, deploy_id: str) -> None:

        async def step(name: str, work: Callable[[], Awaitable[Mapping[str, Json]]]) -> Ending:
            return _result(await steps.run(name, lambda: self._insist(work)))

        await step("before", lambda: self._before(deploy_id))
        ending = await step("trigger", lambda: self._trigger(deploy_id))
        if ending["state"] == "started":
            build_id = ending["build"]
            ending = await step("watch", lambda: self._watch(deploy_id, build_id))
        if ending["state"] == "green":
            ending = await step("smoke", lambda: self._smoke(deploy_id))
        last = ending
        await step("close", lambda: self._close(deploy_id, last))

    async def _insist(
        self, work: Callable[[], Awaitable[Mapping[str, Json]]]
    ) -> Mapping[str, Json]:
        """Wait until the log can be written: what cannot be recorded is not done meanwhile."""
        while True:
            try:
                return await work()
            except AuditUnavailable:
                LOG.error("a deploy waits for the audit log")  # noqa: TRY400 - the log says why
                await asyncio.sleep(self.patience.audit)

    async def _before(self, deploy_id: str) -> Mapping[str, Json]:
        deploy, service = await self._load(deploy_id)
        try:
            replaced = await self._running(deploy, service)
        except IntegrationError as error:
            replaced, detail = "", error.text
        else:
            detail = f"{replaced} is running" if replaced else "no probe is declared"
        await self._note(deploy, BEFORE, StepState.DONE, detail, replaced=replaced)
        return {"replaced": replaced}

    async def _trigger(self, deploy_id: str) -> Mapping[str, Json]:
        deploy, service = await self._load(deploy_id)
        await self._note(deploy, START, StepState.RUNNING, "")
        earlier = await self._recorded(deploy, Kind.EFFECT)
        if earlier:
            return await self._look_up(deploy, service, start_if_absent=True)
        return await self._start(deploy, service)

    async def _start(self, deploy: Deploy, service: Service) -> Mapping[str, Json]:
        await self.ledger.append(self._draft(deploy, Kind.EFFECT, TRIGGER))
        try:
            build = await self.ci.deploy(
                service,
                deploy.version,
                deploy.commit,
                deploy.environment,
                correlation=correlation(deploy),
            )
        except Rejected as error:
            await self._record_trigger(deploy, Reason.FAILED, error.text)
            return {"state": "failed", "text": f"The CI server refused: {error.text}"}
        except Unreachable:
            # It may have arrived all the same: only the CI server can say.
            return await self._look_up(deploy, service, start_if_absent=False)
        return await self._started(deploy, build, "")

    async def _look_up(
        self, deploy: Deploy, service: Service, *, start_if_absent: bool
    ) -> Mapping[str, Json]:
        """Ask the CI server whether the job was started; twice, so that a late one is seen."""
        waited, answered = 0.0, 0
        text = ""
        while waited <= self.patience.lookup:
            try:
                build = await self.ci.find(service, correlation(deploy))
            except IntegrationError as error:
                text = error.text
            else:
                if build is not None:
                    return await self._started(deploy, build, "found by its correlation id")
                answered += 1
            if answered > 1:
                break
            waited += self.patience.poll
            await asyncio.sleep(self.patience.poll)
        if answered > 1 and start_if_absent:
            await self._record_trigger(deploy, Reason.CANCELLED, "the CI server never had it")
            return await self._start(deploy, service)
        if answered > 1:
            text = "The CI server did not answer, and has no such job: nothing was started."
            await self._record_trigger(deploy, Reason.UNAVAILABLE, text)
            return {"state": "failed", "text": text}
        return {"state": "unknown", "text": f"{text} Look at the CI server and say how it ended."}

    async def _started(self, deploy: Deploy, build: Build, how: str) -> Mapping[str, Json]:
        await self._record_trigger(deploy, Reason.OK, how or f"started {build.id}", build.id)
        deploy = await self._reload(deploy.id)
        await self._note(deploy, START, StepState.DONE, f"build {build.id}", build=build.id)
        return {"state": "started", "build": build.id}

    async def _watch(self, deploy_id: str, build_id: str) -> Mapping[str, Json]:
        deploy, _ = await self._load(deploy_id)
        waited, text, shown = 0.0, "", ""
        build: Build | None = None
        while waited <= self.patience.job:
            try:
                build = await self.ci.build(build_id)
            except Rejected as error:
                return {"state": "unknown", "text": error.text}
            except Unreachable as error:
                detail = text = error.text
            else:
                if build.state in ENDED:
                    return await self._job_ended(deploy, build)
                detail = _doing(build)
            if detail != shown:
                began = build.id if build is not None else None
                deploy = await self._note(deploy, JOB, StepState.RUNNING, detail, build=began)
                shown = detail
            waited += self.patience.poll
            await asyncio.sleep(self.patience.poll)
        return {"state": "unknown", "text": f"The deploy job did not end in time. {text}".strip()}

    async def _job_ended(self, deploy: Deploy, build: Build) -> Mapping[str, Json]:
        if build.state is BuildState.GREEN:
            done = f"build {build.id} is green"
            await self._note(deploy, JOB, StepState.DONE, done, build=build.id)
            return {"state": "green", "text": ""}
        failing = next((s.name for s in build.stages if s.state is BuildState.RED), "")
        where = f" at {failing}" if failing else ""
        text = f"The deploy job ended {build.state.value}{where}; see `ci log {build.id}`."
        await self._note(deploy, JOB, StepState.FAILED, text, build=build.id)
        return {"state": "failed", "text": text}

    async def _smoke(self, deploy_id: str) -> Mapping[str, Json]:
        deploy, service = await self._load(deploy_id)
        await self._note(deploy, SMOKE, StepState.RUNNING, "")
        waited, seen = 0.0, ""
        while waited <= self.patience.smoke:
            try:
                seen = await self._running(deploy, service)
            except IntegrationError as error:
                seen = error.text
            else:
                if not seen:
                    text = "No version probe is declared, so nothing was probed."
                    await self._note(deploy, SMOKE, StepState.SKIPPED, text)
                    return {"state": "succeeded", "text": text}
                if seen == deploy.version:
                    text = f"{deploy.environment} answers {seen}."
                    await self._note(deploy, SMOKE, StepState.DONE, text)
                    return {"state": "succeeded", "text": text}
                seen = f"it answers version {seen}"
            waited += self.patience.poll
            await asyncio.sleep(self.patience.poll)
        text = f"The smoke probe failed: {seen}."
        await self._note(deploy, SMOKE, StepState.FAILED, text)
        return {"state": "failed", "text": text}

    async def _close(self, deploy_id: str, ending: Mapping[str, str]) -> Mapping[str, Json]:
        deploy = await self._reload(deploy_id)
        if deploy.state is not DeployState.STARTED:
            await self.notices.publish(topic(deploy), card(deploy))
            return {"state": deploy.state.value}
        state = STATES[ending["state"]]
        now = self.clock.now()
        step = StepState.UNKNOWN if state is DeployState.UNKNOWN else StepState.DONE
        deploy = await self._note(deploy, CLOSE, step, "", publish=False)
        effects: list[Effect[object]] = [
            self.deploys.end(deploy.id, state, outcome=ending["text"], at=now)
        ]
        closing = self._closing(deploy, state, ending["text"])
        reason = REASONS[state]
        draft = replace(self._draft(deploy, Kind.ENDED, "deploy"), reason=reason)
        draft = replace(draft, text=ending["text"])
        try:
            await self.ledger.append(draft, *effects, *closing)
        except Conflict as conflict:
            # Somebody closed the change by hand while we deployed: the deploy ends all the same.
            note = f"{ending['text']} {conflict.text}".strip()
            await self.ledger.append(replace(draft, text=note), *effects)
        deploy = await self._reload(deploy_id)
        await self.notices.publish(topic(deploy), card(deploy))
        return {"state": deploy.state.value}

    def _closing(self, deploy: Deploy, state: DeployState, text: str) -> list[Effect[object]]:
        if not deploy.change or state is DeployState.UNKNOWN:
            return []
        good = state is DeployState.SUCCEEDED
        result = ChangeResult.SUCCESSFUL if good else ChangeResult.FAILED
        return [self.changes.close(deploy.change, result, f"{deploy.id}: {text}")]

    async def _running(self, deploy: Deploy, service: Service) -> str:
        environment = service.environment(deploy.environment)
        probes = environment.probes if environment else ()
        probe = next((probe for probe in probes if probe.kind == "version"), None)
        return await self.prober.version(probe) if probe else ""

    async def _recorded(self, deploy: Deploy, kind: Kind) -> bool:
        query = AuditQuery(deploy=deploy.id, verb=TRIGGER, kind=kind.value, limit=1)
        return bool((await self.audit.search(query)).events)

    async def _record_trigger(
        self, deploy: Deploy, reason: Reason, text: str, build: str = ""
    ) -> None:
        draft = self._draft(deploy, Kind.EFFECT_OUTCOME, TRIGGER)
        params = {**draft.params, "build": build} if build else draft.params
        await self.ledger.append(replace(draft, reason=reason, text=text, params=params))

    def _draft(self, deploy: Deploy, kind: Kind, verb: str) -> Draft:
        return Draft(
            kind=kind,
            verb=verb,
            correlation=correlation(deploy),
            person=deploy.requester,
            service=deploy.service,
            environment=deploy.environment,
            request=deploy.request,
            deploy=deploy.id,
            change=deploy.change,
            params={"version": deploy.version, "commit": deploy.commit},
        )

    async def _note(
        self,
        deploy: Deploy,
        at: int,
        state: StepState,
        detail: str,
        *,
        build: str | None = None,
        replaced: str | None = None,
        publish: bool = True,
    ) -> Deploy:
        steps = _advance(deploy.steps, at, state, detail)
        draft = replace(
            self._draft(deploy, Kind.SYSTEM, "deploy progress"),
            text=f"{LABELS[at]}: {state.value} {detail}".strip(),
        )
        note = self.deploys.note(deploy.id, steps=steps, build=build, replaced=replaced)
        recorded = await self.ledger.append(draft, note)
        updated = await self._reload(deploy.id) if not recorded.results else recorded.results[0]
        if not isinstance(updated, type(deploy)):
            raise TypeError(f"not a deploy: {type(updated).__name__}")
        if publish:
            await self.notices.publish(topic(updated), card(updated))
        return updated

    async def _load(self, deploy_id: str) -> tuple[Deploy, Service]:
        deploy = await self._reload(deploy_id)
        service = self.catalogue.service(deploy.service)
        if service is None:
            raise LookupError(f"{deploy.service} is not in the estate file any more")
        return deploy, service

    async def _reload(self, deploy_id: str) -> Deploy:
        deploy = await self.deploys.show(deploy_id)
        if deploy is None:
            raise LookupError(f"{deploy_id} is not in the store")
        return deploy


ENDED = {BuildState.GREEN, BuildState.RED, BuildState.CANCELLED}
STATES = {
    "succeeded": DeployState.SUCCEEDED,
    "failed": DeployState.FAILED,
    "unknown": DeployState.UNKNOWN,
}
REASONS = {
    DeployState.SUCCEEDED: Reason.OK,
    DeployState.FAILED: Reason.FAILED,
    DeployState.UNKNOWN: Reason.UNKNOWN_OUTCOME,
}


def correlation(deploy: Deploy) -> str:
    """Return the id by which the CI server knows a deploy.

    Unique beyond this database: a fresh one counts from DEP-1 again, and must not take a deploy
    of an earlier life for its own.
    """
    exact = f"{deploy.id} {deploy.created.isoformat()} {deploy.commit}"
    return f"{deploy.request or deploy.id}-{hashlib.sha256(exact.encode()).hexdigest()[:12]}"


def first_steps() -> tuple[Step, ...]:
    """Return the steps of a deploy that has not begun."""
    return tuple(Step(label, StepState.WAITING) for label in LABELS)


def _advance(steps: tuple[Step, ...], at: int, state: StepState, detail: str) -> tuple[Step, ...]:
    known = list(steps or first_steps())
    known[at] = Step(LABELS[at], state, detail)
    return tuple(known)


def _doing(build: Build) -> str:
    running = next((s.name for s in build.stages if s.state is BuildState.RUNNING), "")
    return f"build {build.id}, {running or build.state.value}"


def _result(made: Json) -> Ending:
    if not isinstance(made, Mapping):
        raise TypeError("a step of the deploy flow returns an object")
    return {str(name): str(value) for name, value in made.items()}
