"""CodePipeline's answers as ours: which state, which commit, whose correlation id."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from bot.api import Build, BuildState, Stage
from bot.vendors.git import COMMIT
from integrations.codepipeline.places import Execution

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence
    from datetime import datetime

    from mypy_boto3_codepipeline.type_defs import (
        ActionExecutionDetailTypeDef,
        PipelineDeclarationOutputTypeDef,
        PipelineExecutionSummaryTypeDef,
        PipelineExecutionTypeDef,
    )

VERSION, REVISION, ENVIRONMENT = "VERSION", "COMMIT", "ENVIRONMENT"
SITES, CORRELATION = "SITES", "CORRELATION"
# PipelineExecution.status; Stopping still runs actions, and ends as Stopped.
STATES: Final = {
    "InProgress": BuildState.RUNNING,
    "Stopping": BuildState.RUNNING,
    "Stopped": BuildState.CANCELLED,
    "Cancelled": BuildState.CANCELLED,
    "Superseded": BuildState.CANCELLED,
    "Succeeded": BuildState.GREEN,
    "Failed": BuildState.RED,
}
# ActionExecutionDetail.status
ACTIONS: Final = {
    "InProgress": BuildState.RUNNING,
    "Abandoned": BuildState.CANCELLED,
    "Succeeded": BuildState.GREEN,
    "Failed": BuildState.RED,
}
ROLLBACK: Final = "ROLLBACK"
GIT: Final = {"CodeCommit", "CodeStarSourceConnection", "GitHub"}
WAITS: Final = "waits for its manual approval in AWS"
_ENDED: Final = {BuildState.GREEN, BuildState.RED, BuildState.CANCELLED}
_NO_ADDRESS: Final = re.compile(r"[^\w.@-]")


def state_of(status: str, kind: str = "") -> BuildState:
    """Return the state; what is unknown, or was a stage's rollback alone, is never green."""
    state = STATES.get(status, BuildState.UNKNOWN)
    return BuildState.UNKNOWN if state is BuildState.GREEN and kind == ROLLBACK else state


def commits_of(revisions: Iterable[str]) -> tuple[str, ...]:
    """Return those revisions that are commits: a source may be a bucket or an image too."""
    return tuple(dict.fromkeys(one for one in revisions if COMMIT.fullmatch(one)))


def summary_of(
    place: Execution, row: PipelineExecutionSummaryTypeDef, service: str, ref: str, commit: str
) -> Build:
    """Return an execution as the list of them shows it."""
    state = state_of(row.get("status", ""), row.get("executionType", ""))
    return Build(
        id=str(place),
        service=service,
        ref=ref,
        commit=commit,
        state=state,
        started=row.get("startTime"),
        finished=row.get("lastUpdateTime") if state in _ENDED else None,
    )


def build_of(place: Execution, row: PipelineExecutionTypeDef, service: str) -> Build:
    """Return an execution as it shows itself.

    Its commit is what its source action fetched. Where that is not what the variable COMMIT says,
    or where a green one does not say it, the state is UNKNOWN.
    """
    given = variables_of(row)
    wanted = given.get(REVISION, "")
    sources = row.get("artifactRevisions", [])
    fetched = commits_of(one.get("revisionId", "") for one in sources)
    commit = _commit(fetched, wanted)
    state = state_of(row.get("status", ""), row.get("executionType", ""))
    is_other = bool(wanted) and wanted != commit and (bool(fetched) or state is BuildState.GREEN)
    return Build(
        id=str(place),
        service=service,
        ref=given.get(VERSION, "") or commit[:12],
        commit=commit,
        state=BuildState.UNKNOWN if is_other and state is BuildState.GREEN else state,
        correlation=given.get(CORRELATION, ""),
    )


def _commit(fetched: Sequence[str], wanted: str) -> str:
    if wanted in fetched:
        return wanted
    return fetched[0] if len(fetched) == 1 else ""


def variables_of(row: PipelineExecutionTypeDef) -> dict[str, str]:
    """Return the variables that an execution runs with."""
    return {
        one.get("name", ""): one.get("resolvedValue", "")
        for one in row.get("variables", [])
        if one.get("resolvedValue")
    }


def staged(build: Build, rows: Sequence[ActionExecutionDetailTypeDef]) -> Build:
    """Return a build with its actions as stages, and when it began and ended."""
    ordered = sorted(rows, key=_began)
    began = [one["startTime"] for one in ordered if "startTime" in one]
    ended = [one["lastUpdateTime"] for one in ordered if "lastUpdateTime" in one]
    is_over = build.state in _ENDED
    return replace(
        build,
        stages=tuple(stage_of(one) for one in ordered),
        started=min(began, default=build.started),
        finished=max(ended, default=None) if is_over else None,
    )


def stage_of(row: ActionExecutionDetailTypeDef) -> Stage:
    """Return an action as a stage; a manual approval says what it waits for."""
    state = ACTIONS.get(row.get("status", ""), BuildState.UNKNOWN)
    name = f"{row.get('stageName', '')}/{row.get('actionName', '')}"
    category = row.get("input", {}).get("actionTypeId", {}).get("category", "")
    if category == "Approval" and state is BuildState.RUNNING:
        return Stage(f"{name} {WAITS}", state, is_gate=True)
    began, ended = row.get("startTime"), row.get("lastUpdateTime")
    over = began is not None and ended is not None and state is not BuildState.RUNNING
    return Stage(name, state, int((ended - began).total_seconds()) if over else None)  # type: ignore[operator] # `over` says that both are there


def told_by(rows: Sequence[ActionExecutionDetailTypeDef]) -> str:
    """Return what CodePipeline says of the action that matters, and where its log is.

    The log itself is CodeBuild's or CloudWatch's, for which we ask no permission.
    """
    ordered = sorted(rows, key=_began)
    if not ordered:
        return ""
    failed = [one for one in ordered if one.get("status") == "Failed"]
    row = (failed or ordered)[-1]
    result = row.get("output", {}).get("executionResult", {})
    error = result.get("errorDetails", {})
    name = f"{row.get('stageName', '')}/{row.get('actionName', '')}"
    said = [
        f"{name}: {row.get('status', 'unknown')}",
        error.get("code", ""),
        *error.get("message", "").splitlines(),
        *result.get("externalExecutionSummary", "").splitlines(),
        _where(result.get("logStreamARN", "") or result.get("externalExecutionUrl", "")),
    ]
    return "\n".join(line for line in said if line.strip())


def _where(place: str) -> str:
    return f"Its log is not copied here; it is at {place}" if place else ""


def git_sources(declared: PipelineDeclarationOutputTypeDef, repo: str) -> list[str]:
    """Return the source actions that fetch from git; of several, those of the repository."""
    found = {
        action["name"]: _repository(action.get("configuration", {}))
        for stage in declared.get("stages", [])
        for action in stage.get("actions", [])
        if action["actionTypeId"]["category"] == "Source"
        and action["actionTypeId"]["provider"] in GIT
    }
    if len(found) < 2:  # noqa: PLR2004 - one is not chosen among several
        return list(found)
    path = repo.removesuffix(".git").rstrip("/").replace(":", "/").lower()
    return [name for name, one in found.items() if one and path.endswith(f"/{one.lower()}")]


def _repository(configuration: dict[str, str]) -> str:
    whole = configuration.get("FullRepositoryId") or configuration.get("RepositoryName", "")
    owner, name = configuration.get("Owner", ""), configuration.get("Repo", "")
    return whole or (f"{owner}/{name}" if owner and name else "")


def undeclared(declared: PipelineDeclarationOutputTypeDef, names: Collection[str]) -> list[str]:
    """Return the variables that a pipeline does not declare."""
    known = {one["name"] for one in declared.get("variables", [])}
    return [name for name in names if name not in known]


def address_of(place: Execution, region: str) -> str:
    """Return where people look at an execution in AWS's console."""
    domain = "amazonaws.cn" if region.startswith("cn-") else "aws.amazon.com"
    name = _NO_ADDRESS.sub("", place.pipeline.name)
    return (
        f"https://{region}.console.{domain}/codesuite/codepipeline/pipelines/{name}/executions/"
        f"{place.id}/timeline?region={region}"
    )


def _began(row: ActionExecutionDetailTypeDef) -> float:
    began: datetime | None = row.get("startTime")
    return began.timestamp() if began else float("inf")
