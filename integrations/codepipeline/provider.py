"""AWS CodePipeline as a provider of the port `Ci`: pipelines and their executions."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from bot.api import Build, BuildState, Rejected, Unreachable
from bot.vendors import Asked
from bot.vendors.authors import authors_of
from bot.vendors.git import COMMIT, commit_of
from bot.vendors.history import between
from integrations.codepipeline import reading
from integrations.codepipeline.places import (
    Execution,
    Pipeline,
    execution_of,
    pipeline_of,
    pipelines_asked,
    target_of,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mypy_boto3_codepipeline.type_defs import (
        ActionExecutionDetailTypeDef,
        PipelineExecutionSummaryTypeDef,
        PipelineExecutionTypeDef,
    )

    from bot.api import ChangeList, Service
    from integrations.codepipeline.aws import Aws

PAGE: Final = 100  # executions or actions in one answer, which is the most there is
PAGES: Final = 5  # of executions that are searched for a commit or a correlation id
LOOKED: Final = 100  # executions that are asked for their variables when one is looked for
OLDEST: Final = timedelta(days=14)  # what began before was not asked for just now
STARTED: Final = "StartPipelineExecution"  # the trigger of what somebody started by the API


@dataclass(frozen=True)
class _Order:
    """What is to run: `given` has to be declared by the pipeline, `optional` need not be."""

    pipeline: Pipeline
    ref: str
    commit: str
    given: Mapping[str, str]
    optional: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class CodePipeline:
    """Implements `bot.ports.Ci`; a service names its pipelines, each as NAME or ACCOUNT/NAME."""

    aws: Aws

    async def resolve(self, service: Service, ref: str) -> str:
        """Return the 40-hex commit that a version, tag, branch or commit is now."""
        return await commit_of(target_of(service), ref)

    async def authors(self, service: Service, commit: str) -> Sequence[str]:
        """Return the e-mail addresses of who wrote a commit; `Rejected` where that is not told."""
        return await authors_of(target_of(service), commit)

    async def between(self, service: Service, since: str, until: str) -> ChangeList:
        """Return the commits that are in `until` and not in `since`."""
        return await between(target_of(service), since, until)

    async def builds(self, service: Service, ref: str, *, limit: int = 10) -> Sequence[Build]:
        """Return the builds of the commit that `ref` is now, newest first.

        A build is of the commit that its source action fetched, whatever a variable says.
        """
        commit = await self.resolve(service, ref)
        pipeline = pipeline_of(service, target_of(service).builder)
        rows, _ = await self._listed(pipeline)
        return [
            self._summary(pipeline, row, service.id, ref[:12] if ref == commit else ref, commit)
            for row in rows
            if commit in _commits(row)
        ][:limit]

    async def recent(self, service: Service, *, limit: int = 10) -> Sequence[Build]:
        """Return the newest builds of a service, whatever the ref."""
        pipeline = pipeline_of(service, target_of(service).builder)
        rows, _ = await self._listed(pipeline, pages=1)
        made: list[Build] = []
        for row in rows[:limit]:
            commits = _commits(row)
            commit = commits[0] if len(commits) == 1 else ""
            made.append(self._summary(pipeline, row, service.id, commit[:12], commit))
        return made

    async def build(self, build_id: str) -> Build:
        """Return one build with its stages; CodePipeline keeps no results of single tests."""
        place = execution_of(build_id)
        return await self._whole(place, await self._execution(place), place.pipeline.name)

    async def log_tail(self, build_id: str, *, lines: int = 40) -> str:
        """Return what is said of the action that matters (failed, else last), and where its log is.

        CodePipeline keeps no logs: they are CodeBuild's, CloudWatch's or another system's.
        """
        told = reading.told_by(await self._actions(execution_of(build_id)))
        return "\n".join(told.splitlines()[-lines:])

    async def trigger(self, service: Service, ref: str, *, correlation: str) -> Build:
        """Ask for a build of `ref`; returns it queued, findable by `correlation`.

        The commit is pinned as the revision of the pipeline's source action.
        """
        target = target_of(service)
        commit = await self.resolve(service, ref)
        given = {reading.CORRELATION: correlation}
        optional = {reading.VERSION: ref, reading.REVISION: commit}
        pipeline = pipeline_of(service, target.builder)
        return await self._start(service, _Order(pipeline, ref, commit, given, optional))

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

        The commit is pinned as the revision of its source action, so that a tag or a branch that
        moves changes nothing; without such an action nothing is started.
        """
        if not COMMIT.fullmatch(commit):
            raise Rejected(f"`{commit[:40]}` is no commit, so nothing was started.")
        pipeline = pipeline_of(service, target_of(service).deploys_by(environment))
        given = {
            reading.VERSION: version,
            reading.REVISION: commit,
            reading.ENVIRONMENT: environment,
            reading.CORRELATION: correlation,
        }
        if sites:
            given[reading.SITES] = ",".join(sites)
        return await self._start(service, _Order(pipeline, version, commit, given))

    async def find(self, service: Service, correlation: str) -> Build | None:
        """Return the build or deploy asked for with `correlation`; None when there is none.

        `Unreachable` where the executions that were looked through do not go back for long enough.
        """
        since = datetime.now(UTC) - OLDEST
        for pipeline in pipelines_asked(service):
            rows, is_all = await self._listed(pipeline, since=since)
            asked = [row for row in rows if row.get("trigger", {}).get("triggerType") == STARTED]
            for row in asked[:LOOKED]:
                place = Execution(pipeline, row["pipelineExecutionId"])
                found = await self._execution(place)
                if reading.variables_of(found).get(reading.CORRELATION) == correlation:
                    return await self._whole(place, found, service.id)
            if len(asked) > LOOKED or not is_all:
                raise Unreachable(
                    f"AWS CodePipeline has more executions of {pipeline} than were looked through, "
                    "so whether it was started cannot be said."
                )
        return None

    async def _start(self, service: Service, order: _Order) -> Build:
        pipeline = order.pipeline
        source, known = await self._takes(service, order)
        variables = {**order.given, **{name: order.optional[name] for name in known}}
        # Made from the correlation id, so that AWS takes a second one for the same.
        token = hashlib.sha256(order.given[reading.CORRELATION].encode()).hexdigest()
        started = await self.aws.change(
            lambda client: client.start_pipeline_execution(
                name=pipeline.name,
                variables=[{"name": name, "value": value} for name, value in variables.items()],
                clientRequestToken=token,
                sourceRevisions=[
                    {
                        "actionName": source,
                        "revisionType": "COMMIT_ID",
                        "revisionValue": order.commit,
                    }
                ],
            ),
            Asked(f"a run of the pipeline {pipeline}", "codepipeline:StartPipelineExecution"),
            pipeline.account,
        )
        place = Execution(pipeline, str(started.get("pipelineExecutionId", "")))
        if not place.id:
            raise Unreachable("AWS CodePipeline did not say what it started: it is looked up.")
        made = Build(str(place), service.id, order.ref, order.commit, BuildState.QUEUED)
        correlation = order.given[reading.CORRELATION]
        return replace(made, correlation=correlation, url=self._address(place))

    async def _takes(self, service: Service, order: _Order) -> tuple[str, list[str]]:
        """Return the source action to pin, and which of the optional variables are declared.

        `Rejected` where the pipeline would not take the commit or what it is found again by.
        """
        pipeline = order.pipeline
        found = await self.aws.read(
            lambda client: client.get_pipeline(name=pipeline.name),
            Asked(f"the pipeline {pipeline}", "codepipeline:GetPipeline"),
            pipeline.account,
            ahead=True,
        )
        declared = found["pipeline"]
        if declared.get("pipelineType") != "V2":
            raise Rejected(
                f"the pipeline {pipeline} is of type V1, which takes no variables: make it V2."
            )
        if missing := reading.undeclared(declared, order.given):
            raise Rejected(
                f"the pipeline {pipeline} does not declare the variable {', '.join(missing)}: add "
                "it to its variables."
            )
        sources = reading.git_sources(declared, target_of(service).repo)
        if len(sources) != 1:
            raise Rejected(
                f"the pipeline {pipeline} has {len(sources) or 'no'} source actions that fetch "
                f"{service.id} from git; exactly one is needed to pin the commit."
            )
        missing = reading.undeclared(declared, order.optional)
        return sources[0], [name for name in order.optional if name not in missing]

    async def _listed(
        self, pipeline: Pipeline, *, pages: int = PAGES, since: datetime | None = None
    ) -> tuple[list[PipelineExecutionSummaryTypeDef], bool]:
        """Return the newest executions (since a time), and whether those are all there are."""
        rows: list[PipelineExecutionSummaryTypeDef] = []
        following: str = ""
        asked = Asked(
            f"the executions of the pipeline {pipeline}", "codepipeline:ListPipelineExecutions"
        )
        for _ in range(pages):
            more = following
            answer = await self.aws.read(
                lambda client, more=more: client.list_pipeline_executions(  # type: ignore[misc] # mypy does not infer a lambda's default
                    pipelineName=pipeline.name,
                    maxResults=PAGE,
                    **({"nextToken": more} if more else {}),
                ),
                asked,
                pipeline.account,
            )
            page = answer.get("pipelineExecutionSummaries", [])
            rows += [row for row in page if since is None or _is_since(row, since)]
            following = answer.get("nextToken", "")
            if not following or any(since and not _is_since(row, since) for row in page):
                return rows, True
        return rows, False

    async def _execution(self, place: Execution) -> PipelineExecutionTypeDef:
        answer = await self.aws.read(
            lambda client: client.get_pipeline_execution(
                pipelineName=place.pipeline.name, pipelineExecutionId=place.id
            ),
            Asked(f"the execution {place}", "codepipeline:GetPipelineExecution"),
            place.pipeline.account,
        )
        found = answer.get("pipelineExecution")
        if not found or found.get("pipelineExecutionId") != place.id:
            raise Unreachable("AWS CodePipeline answered something that is not understood.")
        return found

    async def _actions(self, place: Execution) -> list[ActionExecutionDetailTypeDef]:
        answer = await self.aws.read(
            lambda client: client.list_action_executions(
                pipelineName=place.pipeline.name,
                filter={"pipelineExecutionId": place.id},
                maxResults=PAGE,
            ),
            Asked(f"the actions of {place}", "codepipeline:ListActionExecutions"),
            place.pipeline.account,
        )
        return answer.get("actionExecutionDetails", [])

    async def _whole(self, place: Execution, row: PipelineExecutionTypeDef, service: str) -> Build:
        made = reading.build_of(place, row, service)
        made = reading.staged(made, await self._actions(place))
        return replace(made, url=self._address(place))

    def _summary(
        self,
        pipeline: Pipeline,
        row: PipelineExecutionSummaryTypeDef,
        service: str,
        ref: str,
        commit: str,
    ) -> Build:
        place = Execution(pipeline, row.get("pipelineExecutionId", ""))
        made = reading.summary_of(place, row, service, ref, commit)
        return replace(made, url=self._address(place))

    def _address(self, place: Execution) -> str:
        return reading.address_of(place, self.aws.credentials.region)


def _commits(row: PipelineExecutionSummaryTypeDef) -> tuple[str, ...]:
    return reading.commits_of(one.get("revisionId", "") for one in row.get("sourceRevisions", []))


def _is_since(row: PipelineExecutionSummaryTypeDef, since: datetime) -> bool:
    began = row.get("startTime")
    return began is None or began >= since
