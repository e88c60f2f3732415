"""GitHub Actions as our port: what is asked for, and what of it is believed."""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import httpx

from bot.api import Build, BuildState, Rejected, Unreachable
from bot.vendors import NotThere
from integrations.github import alerts, history, states
from integrations.github.names import Place, is_commit, names_of, place, target_of, workflow

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.api import Alerts, ChangeList, CiTarget, Service, Stage
    from integrations.github.rest import Rest, Row

# A line of a log begins with its time; some carry colours for a terminal.
STAMP: Final = re.compile(r"^\ufeff?\d{4}-\d\d-\d\dT[\d:.]+Z ?")
COLOUR: Final = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
ERROR: Final = "##[error]"
MOST: Final = 50  # runs of one commit that are looked at
CO_AUTHOR: Final = re.compile(
    r"^co-authored-by:[^\n<]{0,200}<([^\s<>@]{1,128}@[^\s<>@]{1,128})>\s*$",
    re.IGNORECASE | re.MULTILINE,
)
ADDRESS: Final = re.compile(r"[^\s<>@]{1,128}@[^\s<>@]{1,128}")


@dataclass(frozen=True)
class GitHub:
    """Implements `Ci` and `SecurityAlerts` of `bot.ports`; a service names its workflows' files.

    A workflow runs at a tag or a branch, never at a bare commit. So right before a deploy is sent
    its tag is compared with the commit that was approved, and refused where it is another; and a
    run whose title names another commit than it ran is red, however it ended.
    """

    rest: Rest
    settling: float = 5.0
    """Seconds until a run that GitHub has taken is surely listed."""

    async def resolve(self, service: Service, ref: str) -> str:
        """Return the 40-hex commit that a version, tag, branch or commit is now."""
        return ref if is_commit(ref) else (await self._named(target_of(service), ref))[1]

    async def authors(self, service: Service, commit: str) -> Sequence[str]:
        """Return the e-mail addresses of who wrote a commit; `Rejected` where that is not told."""
        repo = target_of(service).repo
        if not is_commit(commit):
            raise Rejected(f"`{commit[:40]}` is no commit.")
        match await self.rest.commit(repo, commit):
            case {"sha": str(sha), "message": str(message), **told} if sha == commit:
                author = told.get("author")
                address = str(author.get("email") or "") if isinstance(author, dict) else ""
                found = [*ADDRESS.findall(address), *CO_AUTHOR.findall(message)]
                if found:
                    return tuple(dict.fromkeys(one.lower() for one in found))
        raise Rejected(f"GitHub does not say who wrote commit {commit[:12]} of {repo}.")

    async def between(self, service: Service, since: str, until: str) -> ChangeList:
        """Return the commits that are in `until` and not in `since`."""
        return await history.between(self.rest, target_of(service).repo, since, until)

    async def builds(self, service: Service, ref: str, *, limit: int = 10) -> Sequence[Build]:
        """Return the builds of the commit that `ref` is now, newest first.

        What a pull request began is none of them: it tested a merge of the commit with another.
        """
        commit = await self.resolve(service, ref)
        rows = await self._runs(service, MOST, commit)
        mine = [row for row in rows if states.is_of_commit(row, commit)]
        repo = target_of(service).repo
        return [await self._with_failing(row, repo, service.id) for row in mine[:limit]]

    async def recent(self, service: Service, *, limit: int = 10) -> Sequence[Build]:
        """Return the newest builds of a service, whatever the ref."""
        rows = await self._runs(service, limit)
        return [states.build_of(row, target_of(service).repo, service.id) for row in rows]

    async def build(self, build_id: str) -> Build:
        """Return one build with its stages and failing tests.

        What a server took without telling the run's number is QUEUED until the run is seen.
        """
        asked = place(build_id)
        number, name = asked.run, asked.repo.rpartition("/")[2]
        if not number:
            found = await self.rest.asked_with(asked.repo, asked.correlation)
            if found is None:
                queued = BuildState.QUEUED
                return Build(build_id, name, "", "", queued, correlation=asked.correlation)
            number = place(states.build_of(found, asked.repo, name).id).run
        row = await self.rest.run(asked.repo, number)
        jobs = await self.rest.jobs(asked.repo, number)
        build = states.with_stages(await self._with_failing(row, asked.repo, name), jobs)
        if states.is_waiting(row, jobs):
            gates = [states.gate_of(one) for one in await self.rest.gates(asked.repo, number)]
            return replace(build, state=BuildState.QUEUED, stages=(*gates, *build.stages))
        return await self._with_deployments(build, row, asked.repo)

    async def log_tail(self, build_id: str, *, lines: int = 40) -> str:
        """Return the last lines of the log of the job that failed, else of the last one.

        "" while that job runs: GitHub has its log once it has ended.
        """
        asked = place(build_id)
        if not asked.run:
            return ""
        job = states.job_that_matters(await self.rest.jobs(asked.repo, asked.run))
        if job is None or job.get("status") != "completed" or not isinstance(job.get("id"), int):
            return ""
        content = await self.rest.log(asked.repo, job["id"])
        tail = _tail(content.decode("utf-8", "replace"), lines)
        if len(content) >= self.rest.vendor.largest:
            return f"{tail}\n(the log is longer than what was read of it: see its page)"
        return tail

    async def trigger(self, service: Service, ref: str, *, correlation: str) -> Build:
        """Ask for a build of `ref`; returns it queued, findable by `correlation`."""
        target = target_of(service)
        file = workflow(target.builder, service, "builder")
        name, commit = await self._runnable(target, ref)
        inputs = {"correlation": correlation}
        number = await self.rest.dispatch(target.repo, file, f"refs/{name}", inputs)
        made = str(Place(target.repo, number, file, correlation))
        queued = BuildState.QUEUED
        return Build(made, service.id, ref, commit, queued, correlation=correlation)

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
        """Ask for the deploy workflow to run; returns it queued, findable by `correlation`.

        `Rejected` where the version is not that commit any more.
        """
        target = target_of(service)
        file = workflow(target.deploys_by(environment), service, "deploy_builder")
        name, now = await self._runnable(target, version)
        if now != commit:
            raise Rejected(
                f"{version} is commit {now[:12]} on GitHub and {commit[:12]} was approved: "
                "somebody moved the tag, so nothing was started."
            )
        inputs = {
            "version": version,
            "commit": commit,
            "environment": environment,
            "correlation": correlation,
        }
        if sites:
            inputs["sites"] = ",".join(sites)
        number = await self.rest.dispatch(target.repo, file, f"refs/{name}", inputs)
        made = str(Place(target.repo, number, file, correlation))
        queued = BuildState.QUEUED
        return Build(made, service.id, version, commit, queued, correlation=correlation)

    async def find(self, service: Service, correlation: str) -> Build | None:
        """Return the build or deploy asked for with `correlation`; None when there is none.

        It looks twice before it says so: GitHub lists a run a moment after it took the order.
        """
        repo = target_of(service).repo
        row = await self.rest.asked_with(repo, correlation)
        if row is None:
            await asyncio.sleep(self.settling)
            row = await self.rest.asked_with(repo, correlation)
        if row is None:
            return None
        return replace(states.build_of(row, repo, service.id), correlation=correlation)

    def tells(self, service: Service) -> bool:
        """Say whether the alerts of a service can be asked for: of every one that is built here."""
        return service.ci is not None

    async def code_alerts(self, service: Service, version: str, commit: str) -> Alerts:
        """Count the open code scanning alerts of that very commit."""
        target = target_of(service)
        names = () if is_commit(version) else names_of(target, version)
        tags = [name for name in names if name.startswith("tags/")]
        return await alerts.of_code(self.rest, target.repo, tags, commit)

    async def dependency_alerts(self, service: Service) -> Alerts:
        """Count the open Dependabot alerts of the repository's default branch, as of now."""
        return await alerts.of_dependencies(self.rest, target_of(service).repo)

    async def _named(self, target: CiTarget, ref: str) -> tuple[str, str]:
        """Return which tag or branch a ref names, and the commit that is now."""
        for name in names_of(target, ref):
            try:
                commit = await self.rest.commit_named(target.repo, name)
            except NotThere:
                continue
            if is_commit(commit):
                return name, commit
        raise Rejected(
            f"{target.repo} has no tag `{target.tag.format(version=ref)}` on GitHub (or hides "
            "itself: the account needs Contents: read there)."
        )

    async def _runnable(self, target: CiTarget, ref: str) -> tuple[str, str]:
        """Return the tag or branch to run a workflow at, and its commit, right before that.

        `Rejected` too where no connection came to be: then nothing was sent.
        """
        try:
            if not is_commit(ref):
                return await self._named(target, ref)
            branches = await self.rest.branches_at(target.repo, ref)
        except Unreachable as error:
            if isinstance(error.__cause__, httpx.ConnectError | httpx.ConnectTimeout):
                raise Rejected(f"{error.text} Nothing was started.") from error
            raise
        if not branches or not branches[0]:
            raise Rejected(
                f"GitHub runs tags and branches, and commit {ref[:12]} of {target.repo} is the "
                "head of no branch: name its tag."
            )
        return f"heads/{branches[0]}", ref

    async def _runs(self, service: Service, limit: int, commit: str = "") -> list[Row]:
        target = target_of(service)
        file = workflow(target.builder, service, "builder")
        rows = await self.rest.runs(target.repo, file, limit, commit=commit)
        return sorted(rows, key=_age, reverse=True)[:limit]

    async def _with_failing(self, row: Row, repo: str, service: str) -> Build:
        build = states.build_of(row, repo, service)
        suite = row.get("check_suite_id")
        if build.state is not BuildState.RED or not isinstance(suite, int):
            return build
        try:
            notes = await self.rest.annotations(repo, suite)
        except Rejected:
            # A personal access token may not read checks: the state is known without them.
            return build
        return replace(build, failing_tests=states.failing(notes))

    async def _with_deployments(self, build: Build, row: Row, repo: str) -> Build:
        """Return a run that has ended with what GitHub keeps of the deployments that it made.

        One of them that failed is no green deploy, whatever became of the run.
        """
        if row.get("event") != states.DISPATCHED or not build.commit or build.finished is None:
            return build
        try:
            found = await self._deployments(build, repo)
        except Rejected:
            # The account may not read deployments: the run is what it is.
            return build
        failed = any(stage.state is BuildState.RED for stage in found)
        state = BuildState.RED if failed and build.state is BuildState.GREEN else build.state
        return replace(build, state=state, stages=(*build.stages, *found))

    async def _deployments(self, build: Build, repo: str) -> list[Stage]:
        number = build.id.rpartition("/")[2]
        found: list[Stage] = []
        for row in await self.rest.deployments(repo, build.commit):
            key = row.get("id")
            if not isinstance(key, int):
                continue
            statuses = await self.rest.statuses(repo, key)
            if any(f"/runs/{number}/" in f"{one.get('log_url')}/" for one in statuses):
                found.append(states.deployed(row.get("environment"), statuses[0]))
        return found


def _age(row: Row) -> tuple[int, int]:
    number, key = row.get("run_number"), row.get("id")
    return (number if isinstance(number, int) else 0, key if isinstance(key, int) else 0)


def _tail(text: str, lines: int) -> str:
    """Return the end of a job's log, of its failed step where one failed.

    After that step GitHub writes what it clears up.
    """
    rows = [COLOUR.sub("", STAMP.sub("", row)) for row in text.splitlines()]
    last = next((at for at in range(len(rows) - 1, -1, -1) if rows[at].startswith(ERROR)), None)
    if last is not None:
        rows = rows[: last + 1]
    return "\n".join(rows[-lines:])
