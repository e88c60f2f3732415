"""An organisation of Azure DevOps with one project: what it knows, and how its runs go on."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

URL: Final = "https://dev.azure.test/acme"
PROJECT: Final = "Clinical IT"
PROJECT_ID: Final = "6ce954b1-ce1f-45d1-b94d-e6bf2464ba2c"
BUILDS, DEPLOYS = 12, 34
DECLARED: Final = {
    BUILDS: {"correlation"},
    DEPLOYS: {"version", "commit", "environment", "sites", "correlation"},
}
NAMES: Final = {BUILDS: "portal", DEPLOYS: "deploy-portal"}
COMMITS: Final = {
    "1.4.1": "0f4a3d2c1b5e6978a0b1c2d3e4f5061728394a5b",
    "1.4.2": "8161935fd6902c7719364a3ebeb01e1dbdf9e78e",
    "1.5.0": "d15ea5ed0ff1ce5bad5eed0123456789abcdef01",
}
STARTED: Final = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)


@dataclass
class Run:
    """One run: a build in the Build interface, a run in that of Pipelines."""

    number: int
    pipeline: int
    branch: str
    commit: str
    queued: datetime
    ends: str = "succeeded"
    status: str = "completed"
    inputs: Mapping[str, str] = field(default_factory=dict)

    def go_on(self) -> None:
        """Let a run that somebody looks at go on."""
        following = {"notStarted": "inProgress", "inProgress": "completed"}
        self.status = following.get(self.status, self.status)

    @property
    def name(self) -> str:
        """Return its name, as the pipeline's `name:` makes it."""
        suffix = f"-{self.inputs['correlation']}" if "correlation" in self.inputs else ""
        return f"{self.queued:%Y%m%d}.{self.number}{suffix}"


@dataclass
class Organisation:
    """What the organisation has; tags are annotated, so that they have objects of their own."""

    runs: list[Run] = field(default_factory=list)
    tags: dict[str, str] = field(default_factory=lambda: dict(COMMITS))
    branches: dict[str, str] = field(default_factory=lambda: {"main": COMMITS["1.5.0"]})
    numbers: itertools.count[int] = field(default_factory=lambda: itertools.count(101))

    def __post_init__(self) -> None:
        for version, ends in (("1.4.1", "succeeded"), ("1.4.2", "succeeded"), ("1.5.0", "failed")):
            self._add(BUILDS, f"refs/tags/{version}", COMMITS[version], ends, {})

    def start(self, pipeline: int, branch: str, commit: str, inputs: Mapping[str, str]) -> Run:
        """Queue a run."""
        run = self._add(pipeline, branch, commit, "succeeded", inputs)
        run.status, run.queued = "notStarted", datetime.now(UTC)
        return run

    def refs(self) -> dict[str, tuple[str, str]]:
        """Return the object of each ref, and the commit that it comes to."""
        tags = {f"refs/tags/{name}": (_object(name), one) for name, one in self.tags.items()}
        heads = {f"refs/heads/{name}": (one, one) for name, one in self.branches.items()}
        return dict(sorted({**heads, **tags}.items()))

    def run(self, number: int) -> Run | None:
        """Return a run by its number."""
        return next((run for run in self.runs if run.number == number), None)

    def _add(
        self, pipeline: int, branch: str, commit: str, ends: str, inputs: Mapping[str, str]
    ) -> Run:
        number = next(self.numbers)
        queued = STARTED + timedelta(minutes=number)
        run = Run(number, pipeline, branch, commit, queued, ends, inputs=dict(inputs))
        self.runs.append(run)
        return run


def _object(name: str) -> str:
    return name.encode().hex().ljust(40, "0")[:40]


def definition(number: int) -> dict[str, Any]:
    """Return a pipeline as a build refers to it."""
    return {
        "drafts": [],
        "id": number,
        "name": NAMES[number],
        "url": f"{URL}/{PROJECT_ID}/_apis/build/Definitions/{number}?revision=3",
        "uri": f"vstfs:///Build/Definition/{number}",
        "path": "\\clinical",
        "type": "build",
        "queueStatus": "enabled",
        "revision": 3,
        "project": project(),
    }


def project() -> dict[str, Any]:
    """Return the project as everything refers to it."""
    return {
        "id": PROJECT_ID,
        "name": PROJECT,
        "url": f"{URL}/_apis/projects/{PROJECT_ID}",
        "state": "wellFormed",
        "revision": 77,
        "visibility": "private",
        "lastUpdateTime": "2026-01-07T10:00:00.123Z",
    }


def moment(at: datetime) -> str:
    """Return a moment as Azure DevOps writes it: to the ten-millionth of a second."""
    return f"{at:%Y-%m-%dT%H:%M:%S}.1234567Z"


def build_row(run: Run) -> dict[str, Any]:
    """Return a build as "Builds - Get" and "Builds - List" answer it."""
    address = f"{URL}/{PROJECT_ID}/_apis/build/Builds/{run.number}"
    row: dict[str, Any] = {
        "_links": {
            "self": {"href": address},
            "web": {"href": f"{URL}/{PROJECT_ID}/_build/results?buildId={run.number}"},
            "timeline": {"href": f"{address}/Timeline"},
        },
        "properties": {},
        "tags": [],
        "validationResults": [],
        "plans": [{"planId": "eee49d06-c7e6-4682-9e81-96cd11f5780d"}],
        "triggerInfo": {},
        "id": run.number,
        "buildNumber": run.name,
        "status": run.status,
        "queueTime": moment(run.queued),
        "url": address,
        "definition": definition(run.pipeline),
        "project": project(),
        "uri": f"vstfs:///Build/Build/{run.number}",
        "sourceBranch": run.branch,
        "sourceVersion": run.commit,
        "priority": "normal",
        "reason": "manual" if run.inputs else "individualCI",
        "templateParameters": dict(run.inputs),
        "logs": {"id": 0, "type": "Container", "url": f"{address}/logs"},
        "repository": {
            "id": "278d5cd2-584d-4b63-824a-2ba458937249",
            "type": "TfsGit",
            "name": "portal",
            "url": f"{URL}/Clinical%20IT/_git/portal",
            "checkoutSubmodules": False,
        },
        "retainedByRelease": False,
        "appendCommitMessageToRunName": True,
    }
    if run.status != "notStarted":
        row["startTime"] = moment(run.queued + timedelta(seconds=4))
    if run.status == "completed":
        row |= {"finishTime": moment(run.queued + timedelta(seconds=94)), "result": run.ends}
    return row


def run_row(run: Run) -> dict[str, Any]:
    """Return a run as "Runs - Run Pipeline" and "Runs - Get" answer it."""
    address = f"{URL}/{PROJECT_ID}/_apis/pipelines/{run.pipeline}"
    return {
        "_links": {
            "self": {"href": f"{address}/runs/{run.number}"},
            "web": {"href": f"{URL}/{PROJECT_ID}/_build/results?buildId={run.number}"},
        },
        "templateParameters": dict(run.inputs),
        "pipeline": {
            "url": f"{address}?revision=3",
            "id": run.pipeline,
            "revision": 3,
            "name": NAMES[run.pipeline],
            "folder": "\\clinical",
        },
        "state": "completed" if run.status == "completed" else "inProgress",
        "createdDate": moment(run.queued),
        "url": f"{address}/runs/{run.number}",
        "resources": {
            "repositories": {
                "self": {
                    "repository": {"type": "azureReposGit"},
                    "refName": run.branch,
                    "version": run.commit,
                }
            }
        },
        "id": run.number,
        "name": run.name,
    }


def refused(message: str, kind: str) -> dict[str, Any]:
    """Return the body of a refusal."""
    return {
        "$id": "1",
        "innerException": None,
        "message": message,
        "typeName": f"Microsoft.TeamFoundation.Build.WebApi.{kind}, Microsoft.TeamFoundation",
        "typeKey": kind,
        "errorCode": 0,
        "eventId": 3000,
    }
