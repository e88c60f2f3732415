"""GitLab's pipelines as builds and deploys: which commit, which state, whose correlation id."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from bot.api import Build, BuildState, IntegrationError, Rejected, Unreachable
from integrations.gitlab import deploys, history, logs, names, states
from integrations.gitlab.names import BUILD, DEPLOY, NAME, Pipeline
from integrations.gitlab.starting import Wanted

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from bot.api import ChangeList, CiTarget, Service
    from integrations.gitlab.rest import Rest
    from integrations.gitlab.starting import Starter

FAILING: Final = 20  # failing tests that are named
LONGEST: Final = 200  # characters of a test's name
_CO_AUTHOR: Final = re.compile(r"^co-authored-by:(.*)$", re.IGNORECASE | re.MULTILINE)
_ADDRESS: Final = re.compile(r"[^\s<>@]{1,128}@[^\s<>@]{1,128}")
BAD: Final = ("failed", "error")  # a test case's status


@dataclass(frozen=True)
class GitLab:
    """Implements `bot.ports.Ci`; a service names its project and two pipelines."""

    rest: Rest
    starter: Starter

    async def resolve(self, service: Service, ref: str) -> str:
        """Return the 40-hex commit that a version, tag, branch or commit is now."""
        if names.is_commit(ref):
            return ref
        return (await self._ref(names.target(service), ref))[1]

    async def authors(self, service: Service, commit: str) -> Sequence[str]:
        """Return the e-mail addresses of who wrote a commit; `Rejected` where that is not told."""
        project = names.target(service).repo
        if not names.is_commit(commit):
            raise Rejected(f"`{commit[:40]}` is no commit.")
        row = await self.rest.commit(project, commit)
        told = [str(row.get("author_email") or ""), *_CO_AUTHOR.findall(str(row.get("message")))]
        found = [address.lower() for text in told for address in _ADDRESS.findall(text)]
        if not found:
            raise Rejected(f"{NAME} does not say who wrote commit {commit[:12]} of {project}.")
        return tuple(dict.fromkeys(found))

    async def between(self, service: Service, since: str, until: str) -> ChangeList:
        """Return the commits that are in `until` and not in `since`."""
        return await history.between(self.rest, names.target(service).repo, since, until)

    async def builds(self, service: Service, ref: str, *, limit: int = 10) -> Sequence[Build]:
        """Return the builds of the commit that `ref` is now, newest first."""
        commit = await self.resolve(service, ref)
        found = await self._listed(service, {"sha": commit})
        mine = [one for one in found if one.commit == commit][:limit]
        # People read of the newest one only which tests fail.
        return [await self._with_failing(mine[0]), *mine[1:]] if mine else []

    async def recent(self, service: Service, *, limit: int = 10) -> Sequence[Build]:
        """Return the newest builds of a service, whatever the ref."""
        return (await self._listed(service, {}))[:limit]

    async def build(self, build_id: str) -> Build:
        """Return one build with its jobs as stages and its failing tests."""
        one = names.pipeline(build_id)
        return await self._whole(one, one.project.rpartition("/")[2])

    async def log_tail(self, build_id: str, *, lines: int = 40) -> str:
        """Return the last lines of the log of the job that matters (failed, else last)."""
        one = names.pipeline(build_id)
        jobs = (await self.rest.jobs(one)).rows
        began = [job for job in jobs if job.get("started_at")]
        failed = [job for job in began if _failed(job)]
        job = next(iter([*failed, *reversed(began)]), None)
        if job is None:
            return ""
        answer = await self.rest.trace(one.project, int(job["id"]))
        if len(answer.body) >= self.rest.vendor.largest:
            page = job.get("web_url") or f"job {job['id']} of {one.project}"
            return f"The log is longer than is read here; its end is at {page}."
        return logs.tail(answer.text, lines)

    async def trigger(self, service: Service, ref: str, *, correlation: str) -> Build:
        """Ask for a build of `ref`; returns it queued, findable by `correlation`.

        `Rejected` for a commit: GitLab runs tags and branches.
        """
        target = names.target(service)
        title = names.title(BUILD, correlation)
        if names.is_commit(ref):
            raise Rejected(
                f"{NAME} runs pipelines of tags and branches, not of a commit: name a version."
            )
        name, commit = await self._ref(target, ref, ahead=True)
        values = {"COMMIT": commit, "CORRELATION": correlation}
        wanted = Wanted(target.repo, name, commit, target.builder, title, values)
        row = await self.starter.start(wanted)
        return _asked(row, target.repo, service, correlation)

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
        """Ask for a deploy: a new pipeline on the version's tag; returns it queued.

        `Rejected` where the tag is not the approved commit before or after the pipeline was made
        (see `Starter.start`).
        """
        target = names.target(service)
        title = names.title(DEPLOY, correlation)
        tag, now = await self._tag(target, version)
        if now != commit:
            raise Rejected(
                f"{NAME}: tag `{tag}` of {target.repo} is commit {now[:12]} now and not "
                f"{commit[:12]}, which was approved: somebody moved it. Nothing was started."
            )
        values = {
            "DEPLOY_ENVIRONMENT": environment,
            "VERSION": version,
            "COMMIT": commit,
            "SITES": ",".join(sites),
            "CORRELATION": correlation,
        }
        by = target.deploys_by(environment)
        row = await self.starter.start(Wanted(target.repo, tag, commit, by, title, values))
        return _asked(row, target.repo, service, correlation)

    async def find(self, service: Service, correlation: str) -> Build | None:
        """Return the build or deploy asked for with `correlation`; None when there is none.

        GitLab is asked for the pipelines of exactly that name.
        """
        if correlation in self.starter.astray:
            raise Unreachable(self.starter.astray[correlation])
        project = names.target(service).repo
        for kind in (DEPLOY, BUILD):
            title = names.title(kind, correlation)
            found = await self.rest.pipelines(project, {"name": title}, most=1)
            mine = [row for row in found.rows if row.get("name") == title]
            if mine:
                return await self._whole(Pipeline(project, int(mine[0]["id"])), service.id)
            if found.rows:
                raise Unreachable(
                    f"{NAME} does not look pipelines up by their name, so whether there is one "
                    "cannot be said: it has to be version 16.9 or later."
                )
        return None

    async def _ref(self, target: CiTarget, ref: str, *, ahead: bool = False) -> tuple[str, str]:
        """Return the tag or branch that `ref` is, and its commit."""
        tag, commit = await self._tag_or_none(target, ref, ahead=ahead)
        if commit:
            return tag, commit
        commit = await self.rest.branch(target.repo, ref, ahead=ahead)
        if commit:
            return ref, commit
        raise Rejected(
            f"{NAME} shows no tag `{tag}` and no branch `{ref}` in {target.repo}: see that it is "
            "written right, and that the account has the Reporter role there."
        )

    async def _tag(self, target: CiTarget, version: str) -> tuple[str, str]:
        """Return a version's tag and its commit, ahead of a deploy."""
        tag, commit = await self._tag_or_none(target, version, ahead=True)
        if not commit:
            raise Rejected(
                f"{NAME} shows no tag `{tag}` in {target.repo}, and only what is tagged is "
                "deployed. Nothing was started."
            )
        return tag, commit

    async def _tag_or_none(self, target: CiTarget, version: str, *, ahead: bool) -> tuple[str, str]:
        tag = target.tag.format(version=version)
        if not names.is_ref(version) or not names.is_ref(tag):
            raise Rejected(f"`{version[:40]}` cannot be a version.")
        for name in dict.fromkeys((tag, version)):
            commit = await self.rest.tag(target.repo, name, ahead=ahead)
            if commit:
                return name, commit
        return tag, ""

    async def _listed(self, service: Service, params: Mapping[str, str | int]) -> list[Build]:
        project = names.target(service).repo
        found = await self.rest.pipelines(project, params)
        return [
            states.build(row, project, service.id) for row in found.rows if states.is_build(row)
        ]

    async def _whole(self, one: Pipeline, service: str) -> Build:
        row, jobs = await self.rest.pipeline(one), await self.rest.jobs(one)
        made, waits = states.build(row, one.project, service), dict[int, str]()
        if states.is_deploy(row) and deploys.is_hiding(row, jobs):
            known = await self._deployments(one, row)
            made, waits = deploys.judged(made, jobs, known), dict(deploys.waits(jobs, known))
        stages = tuple(states.stage(job, waits.get(int(job["id"]), "")) for job in jobs.rows)
        return await self._with_failing(replace(made, stages=stages))

    async def _deployments(self, one: Pipeline, row: Mapping[str, Any]) -> Mapping[int, str] | None:
        """Return what the deployments of a pipeline came to, by job; None where that is hidden."""
        try:
            return await self.rest.deployments(one, row.get("created_at"))
        except Rejected:
            return None

    async def _with_failing(self, build: Build) -> Build:
        """Name the failing tests of a red build; a report that cannot be read names none."""
        if build.state is not BuildState.RED:
            return build
        try:
            report = await self.rest.report(names.pipeline(build.id))
        except IntegrationError:
            return build
        return replace(build, failing_tests=_failing(report))


def _asked(row: Mapping[str, Any], project: str, service: Service, correlation: str) -> Build:
    made = states.build(row, project, service.id)
    return replace(made, state=BuildState.QUEUED, finished=None, correlation=correlation)


def _failed(job: Mapping[str, Any]) -> bool:
    return states.state(job) is BuildState.RED and not job.get("allow_failure")


def _failing(report: Mapping[str, Any]) -> tuple[str, ...]:
    cases = (
        case
        for suite in _dicts(report.get("test_suites"))
        for case in _dicts(suite.get("test_cases"))
    )
    found = (str(one.get("name"))[:LONGEST] for one in cases if one.get("status") in BAD)
    return tuple(dict.fromkeys(found))[:FAILING]


def _dicts(rows: object) -> list[Mapping[str, Any]]:
    return [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []
