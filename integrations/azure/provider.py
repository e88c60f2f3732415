"""Azure Pipelines as a CI server: what a service was built as, and how it is asked to be."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from bot.api import Build, BuildState, CiTarget, Rejected, Unreachable
from bot.vendors import Asked
from bot.vendors.git import COMMIT
from integrations.azure import builds as made
from integrations.azure import reports
from integrations.azure.history import between
from integrations.azure.pipelines import pipeline_of, pipelines
from integrations.azure.repository import Tip, authors, repository, tip
from integrations.azure.rest import READ_BUILDS, RUN
from integrations.azure.timeline import read_timeline, read_waiting

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence

    from bot.api import ChangeList, Service
    from integrations.azure.rest import Page, Rest

A_PAGE: Final = 200  # builds
PAGES: Final = 5  # of builds, searched for a commit
FIND_PAGES: Final = 20  # of builds, searched for a correlation id
FIND_RUNS: Final = 50  # runs of which the list does not say what they were asked for with
FIND_BACK: Final = timedelta(days=30)
NEWEST: Final = "queueTimeDescending"


@dataclass(frozen=True)
class Azure:
    """Implements `bot.ports.Ci`; a service names its pipelines and `PROJECT/REPOSITORY`.

    A run is asked for with the approved commit itself as the version of the pipeline's own
    repository; the ref beside it only says what the run is called after. Where that ref is another
    commit meanwhile nothing is asked for; a run that says it is of another commit is never green.
    """

    rest: Rest

    async def resolve(self, service: Service, ref: str) -> str:
        """Return the 40-hex commit that a version, tag, branch or commit is now."""
        return (await tip(self.rest, _target(service), ref)).commit

    async def authors(self, service: Service, commit: str) -> Sequence[str]:
        """Return the e-mail addresses of who wrote a commit; `Rejected` where that is not told."""
        return await authors(self.rest, _target(service), commit)

    async def between(self, service: Service, since: str, until: str) -> ChangeList:
        """Return the commits that are in `until` and not in `since`."""
        return await between(self.rest, _target(service), since, until)

    async def builds(self, service: Service, ref: str, *, limit: int = 10) -> Sequence[Build]:
        """Return the builds of the commit that `ref` is now, newest first."""
        commit, found = await self.resolve(service, ref), list[Build]()
        async for page in self._newest(service, _target(service).builder, A_PAGE, PAGES):
            for row in page.rows:
                build = self._ours(service, row)
                if build.commit == commit:
                    found.append(await self._with_failing(build))
                if len(found) == limit:
                    return found
        return found

    async def recent(self, service: Service, *, limit: int = 10) -> Sequence[Build]:
        """Return the newest builds of a service, whatever the ref."""
        found: list[Build] = []
        async for page in self._newest(service, _target(service).builder, limit, 1):
            found += [self._ours(service, row) for row in page.rows]
        return found[:limit]

    async def build(self, build_id: str) -> Build:
        """Return one build with its stages and failing tests.

        `Throttled` as long as Azure DevOps has asked not to be asked: this is what is asked again
        and again while a deploy runs.
        """
        project, number = made.place_of(build_id)
        self.rest.pause.keep()
        asked = Asked(f"run {number} of {project}", READ_BUILDS)
        row = (await self.rest.get(project, f"build/builds/{number}", asked)).object()
        return await self._whole(project, number, made.build_of(row, project, ""))

    async def log_tail(self, build_id: str, *, lines: int = 40) -> str:
        """Return the last lines of the log of the step that matters (failed, else last)."""
        project, number = made.place_of(build_id)
        log = (await read_timeline(self.rest, project, number)).log()
        return await reports.log_tail(self.rest, project, number, log, lines) if log else ""

    async def trigger(self, service: Service, ref: str, *, correlation: str) -> Build:
        """Ask for a build of `ref`; returns it queued, findable by `correlation`."""
        target = _target(service)
        what = await tip(self.rest, target, ref, ahead=True)
        inputs = {"correlation": correlation}
        return await self._run(service, target.builder, ref, what, inputs)

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
        """Ask for the deploy pipeline to run; returns it queued, findable by `correlation`.

        `Rejected` where the version is another commit now than the one that was approved.
        """
        target = _target(service)
        what = await tip(self.rest, target, version, ahead=True)
        if what.commit != commit:
            raise Rejected(
                f"`{version}` is {what.commit[:12]} now and was {commit[:12]} when it was "
                "approved, so nothing was started."
            )
        inputs = {"version": version, "commit": commit, "environment": environment}
        inputs |= {"sites": ",".join(sites)} if sites else {}
        inputs["correlation"] = correlation
        return await self._run(service, target.deploys_by(environment), version, what, inputs)

    async def find(self, service: Service, correlation: str) -> Build | None:
        """Return the build or deploy asked for with `correlation`; None when there is none.

        The runs of thirty days are looked through; `Unreachable` where they are too many.
        """
        target = _target(service)
        project = repository(target).project
        numbers = [await pipeline_of(self.rest, project, one) for one in pipelines(service, target)]
        page: Page | None = None
        silent = 0
        async for page in self._of(service, numbers, _back(), A_PAGE, FIND_PAGES):
            for row in page.rows:
                if made.is_asked_with(row, correlation):
                    return self._ours(service, row)
                if made.is_silent(row) and silent < FIND_RUNS:
                    silent += 1
                    if made.is_asked_with(await self._run_of(project, row), correlation):
                        return self._ours(service, row)
        if silent == FIND_RUNS or (page is not None and page.more):
            raise Unreachable(
                "Azure DevOps has more runs of these pipelines than we look through, so whether "
                "it was started is not known."
            )
        return None

    async def _run(
        self, service: Service, pipeline: str, ref: str, what: Tip, inputs: Mapping[str, str]
    ) -> Build:
        project = repository(_target(service)).project
        number = await pipeline_of(self.rest, project, pipeline, ahead=True)
        this = {"refName": what.name, "version": what.commit} if what.name else {}
        body = {
            "resources": {"repositories": {"self": this or {"version": what.commit}}},
            "templateParameters": dict(inputs),
        }
        asked = Asked(f"pipeline {pipeline} of {project}", RUN)
        answer = await self.rest.post(project, f"pipelines/{number}/runs", asked, body)
        run = answer.object()
        if not made.is_number(run.get("id")):
            raise answer.odd()
        name = made.build_id(project, run["id"])
        _look_at_commit(run, what.commit, name)
        return Build(
            id=name,
            service=service.id,
            ref=ref,
            commit=what.commit,
            state=BuildState.QUEUED,
            url=made.link(run),
            correlation=inputs["correlation"],
        )

    async def _run_of(self, project: str, row: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return a run as the Pipelines interface knows it, which knows its parameters."""
        definition, number = row.get("definition"), row.get("id")
        pipeline = definition.get("id") if isinstance(definition, dict) else None
        if not made.is_number(pipeline) or not made.is_number(number):
            raise Unreachable(made.ODD)
        asked = Asked(f"run {number} of {project}", READ_BUILDS)
        path = f"pipelines/{pipeline}/runs/{number}"
        return (await self.rest.get(project, path, asked)).object()

    async def _newest(
        self, service: Service, pipeline: str, top: int, most: int
    ) -> AsyncIterator[Page]:
        project = repository(_target(service)).project
        number = await pipeline_of(self.rest, project, pipeline)
        async for page in self._of(service, [number], {}, top, most):
            yield page

    async def _of(
        self,
        service: Service,
        pipelines: Sequence[int],
        more: Mapping[str, str],
        top: int,
        most: int,
    ) -> AsyncIterator[Page]:
        """Yield the builds of some pipelines, newest first."""
        project = repository(_target(service)).project
        numbers = ",".join(map(str, pipelines))
        asked = Asked(f"the runs of pipeline {numbers} in {project}", READ_BUILDS)
        query: dict[str, str | int] = {"definitions": numbers, "queryOrder": NEWEST, "$top": top}
        query |= more
        async for page in self.rest.pages(project, "build/builds", asked, query, most=most):
            yield page

    def _ours(self, service: Service, row: Mapping[str, Any]) -> Build:
        return made.build_of(row, repository(_target(service)).project, service.id)

    async def _whole(self, project: str, number: int, build: Build) -> Build:
        timeline = await read_timeline(self.rest, project, number)
        waiting = await read_waiting(self.rest, timeline)
        return await self._with_failing(replace(build, stages=timeline.stages(waiting)))

    async def _with_failing(self, build: Build) -> Build:
        if build.state is not BuildState.RED:
            return build
        project, number = made.place_of(build.id)
        tests = await reports.failing_tests(self.rest, project, number)
        return replace(build, failing_tests=tests)


def _look_at_commit(run: Mapping[str, Any], commit: str, name: str) -> None:
    """Raise `Unreachable` where a run says that it is of another commit than was asked for."""
    found: Any = run
    for part in ("resources", "repositories", "self", "version"):
        found = found.get(part) if isinstance(found, dict) else None
    if isinstance(found, str) and COMMIT.fullmatch(found) and found != commit:
        raise Unreachable(
            f"Azure DevOps began run {name} of {found[:12]}, and {commit[:12]} was asked for: "
            "stop it there, and look what it did."
        )


def _back() -> dict[str, str]:
    return {"minTime": (datetime.now(UTC) - FIND_BACK).strftime("%Y-%m-%dT%H:%M:%SZ")}


def _target(service: Service) -> CiTarget:
    if service.ci is None:
        raise Rejected(f"{service.id} has no CI in the estate file.")
    return service.ci
