"""Plays a GitLab that keeps state: its answers have the fields that docs.gitlab.com shows."""

from __future__ import annotations

import json
import re
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import httpx
import respx

from bot.api import Ci, CiTarget, Credentials
from bot.model import Service
from integrations.gitlab import connect
from tests.contracts.faults import every_request
from tests.serving import NO_TLS

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence

    from integrations.gitlab.provider import GitLab
    from tests.contracts.faults import Fault

HOST = "https://gitlab.hospital.test"
URL = f"{HOST}/api/v4"
PROJECT = "clinical/web/portal"
TOKEN = "glpat-of-a-test"
TARGET = CiTarget("gitlab", "portal", "deploy-portal", PROJECT, "v{version}")
SERVICE = Service("portal", "web", "A", TARGET, ())
COMMITS = {"v1.4.1": "a" * 40, "v1.4.2": "b" * 40, "v1.5.0": "c" * 40}
BASE = f"/api/v4/projects/{PROJECT.replace('/', '%2F')}"
MADE = "2026-11-22T17:{:02d}:00.000Z"
STEPS = ("created", "pending", "running", "success")
RULES = (
    "Pipeline will not run for the selected trigger. The rules configuration prevented any jobs "
    "from being added to the pipeline."
)


def credentials() -> Credentials:
    """Return what the settings of this GitLab say."""
    return Credentials(URL, token=TOKEN)


@dataclass
class Forge:
    """One GitLab with one project, whose .gitlab-ci.yml is the one of our page."""

    tags: dict[str, str] = field(default_factory=lambda: dict(COMMITS))
    branches: dict[str, str] = field(default_factory=lambda: {"main": "c" * 40})
    pipelines: list[dict[str, Any]] = field(default_factory=list)
    jobs: dict[int, list[dict[str, Any]]] = field(default_factory=dict)
    deployments: list[dict[str, Any]] = field(default_factory=list)
    traces: dict[int, str] = field(default_factory=dict)
    reports: dict[int, list[str]] = field(default_factory=dict)
    posted: list[dict[str, Any]] = field(default_factory=list)
    is_named: bool = True
    is_guarded: bool = True
    steps: Sequence[str] = STEPS
    asked: list[httpx.Request] = field(default_factory=list)
    lines: dict[str, list[str]] = field(default_factory=dict)
    """The history that ends in a commit, newest first, where it is not that of the versions."""
    instead: Callable[[httpx.Request], httpx.Response | None] | None = None
    """What a test has it answer instead; None where it answers as ever."""

    def __post_init__(self) -> None:
        """Push the versions, each of which is built."""
        for tag, status in (("v1.4.1", "success"), ("v1.4.2", "success"), ("v1.5.0", "failed")):
            one = self.pipeline(tag, self.tags[tag], status, "push")
            self.job(one, "lint", "failed", allow_failure=True)
            last = self.job(one, "test", status)
            self.traces[last["id"]] = "$ make test\ntest_banner FAILED\nERROR: Job failed\n"
            if status == "failed":
                self.reports[one["id"]] = ["test_banner", "test_footer"]

    def pipeline(
        self, ref: str, sha: str, status: str, source: str, name: str | None = None
    ) -> dict[str, Any]:
        """Add a pipeline as `GET /projects/:id/pipelines/:id` shows it."""
        number = 4711 + len(self.pipelines)
        made = MADE.format(len(self.pipelines) % 60)
        began = None if status in ("created", "pending") else made
        row = {
            "id": number,
            "iid": number - 4000,
            "project_id": 42,
            "name": name,
            "sha": sha,
            "ref": ref,
            "status": status,
            "source": source,
            "created_at": made,
            "updated_at": made,
            "web_url": f"{HOST}/{PROJECT}/-/pipelines/{number}",
            "before_sha": "0" * 40,
            "tag": ref in self.tags,
            "yaml_errors": None,
            "user": {"id": 7, "username": "project_42_bot", "name": "wardroom", "state": "active"},
            "started_at": began,
            "finished_at": made if status in ("success", "failed") else None,
            "duration": 34,
            "queued_duration": 6,
        }
        self.pipelines.append(row)
        return row

    def job(
        self, pipeline: dict[str, Any], name: str, status: str, *, allow_failure: bool = False
    ) -> dict[str, Any]:
        """Add a job as `GET /projects/:id/pipelines/:id/jobs` shows it."""
        number = 90000 + sum(len(rows) for rows in self.jobs.values())
        began = status in ("running", "success", "failed")
        row = {
            "id": number,
            "name": name,
            "stage": name,
            "status": status,
            "allow_failure": allow_failure,
            "created_at": pipeline["created_at"],
            "started_at": pipeline["created_at"] if began else None,
            "finished_at": pipeline["created_at"] if began and status != "running" else None,
            "duration": 0.527 if began else None,
            "queued_duration": 0.01,
            "ref": pipeline["ref"],
            "tag": pipeline["tag"],
            "web_url": f"{HOST}/{PROJECT}/-/jobs/{number}",
            "pipeline": {key: pipeline[key] for key in ("id", "project_id", "ref", "sha")},
        }
        self.jobs.setdefault(pipeline["id"], []).append(row)
        return row

    def deployment(self, job: dict[str, Any], status: str, made: str = "") -> None:
        """Add a deployment as `GET /projects/:id/deployments` shows it."""
        self.deployments.append(
            {
                "id": 41 + len(self.deployments),
                "iid": 1 + len(self.deployments),
                "ref": job["ref"],
                "sha": job["pipeline"]["sha"],
                "created_at": made or job["created_at"],
                "updated_at": made or job["created_at"],
                "status": status,
                "environment": {"id": 9, "name": "production"},
                "deployable": {"id": job["id"], "name": job["name"], "pipeline": job["pipeline"]},
            }
        )

    def answer(self, request: httpx.Request) -> httpx.Response:
        """Answer as the test wants, else as GitLab does."""
        self.asked.append(request)
        other = self.instead(request) if self.instead else None
        return other or self.usual(request)

    def usual(self, request: httpx.Request) -> httpx.Response:
        """Answer as GitLab does."""
        if request.headers.get("private-token") != TOKEN:
            return _said(401, "401 Unauthorized")
        path, _, query = request.url.raw_path.decode().partition("?")
        if not path.startswith(f"{BASE}/"):
            return _said(404, "404 Project Not Found")
        routes: dict[str, Callable[..., httpx.Response]] = {
            r"GET /pipelines": lambda: self._list(request),
            r"GET /pipelines/(\d+)": self._one,
            r"GET /pipelines/(\d+)/jobs": lambda n: _page(request, self._jobs(int(n))),
            r"GET /pipelines/(\d+)/test_report": self._report,
            r"GET /jobs/(\d+)/trace": self._trace,
            r"GET /deployments": lambda: _page(request, self.deployments[::-1]),
            r"GET /repository/tags/([^/]+)": lambda name: self._ref(self.tags, name, "Tag"),
            r"GET /repository/branches/([^/]+)": lambda n: self._ref(self.branches, n, "Branch"),
            r"GET /repository/commits/([0-9a-f]{40})": self._commit,
            r"GET /repository/commits": lambda: self._commits(request),
            r"GET /repository/merge_base": lambda: self._merge_base(request),
            r"POST /pipeline": lambda: self._create(json.loads(request.content)),
            r"POST /pipelines/(\d+)/cancel": self._cancel,
        }
        del query
        asked = f"{request.method} {path.removeprefix(BASE)}"
        for pattern, route in routes.items():
            if found := re.fullmatch(pattern, asked):
                return route(*found.groups())
        return _said(404, "404 Not Found")

    def _list(self, request: httpx.Request) -> httpx.Response:
        params = request.url.params
        rows = [
            row
            for row in self.pipelines[::-1]
            if all(params[key] == row[key] for key in ("sha", "name") if key in params)
        ]
        shown = ("id", "iid", "project_id", "status", "source", "ref", "sha", "name", "web_url")
        times = ("created_at", "updated_at")
        return _page(request, [{key: row[key] for key in (*shown, *times)} for row in rows])

    def _found(self, number: str) -> dict[str, Any] | None:
        return next((row for row in self.pipelines if row["id"] == int(number)), None)

    def _one(self, number: str) -> httpx.Response:
        row = self._found(number)
        if row is None:
            return _said(404, "404 Not found")
        shown = dict(row)
        if row["source"] == "api" and row["status"] in self.steps[:-1]:
            self._step(row, self.steps[self.steps.index(row["status"]) + 1])
        return httpx.Response(200, json=shown)

    def _step(self, row: dict[str, Any], status: str) -> None:
        """Go on with a pipeline that was asked for: each look finds it one step further."""
        for one in (row, *self.jobs[row["id"]]):
            one["status"] = status
            if status not in ("created", "pending"):
                one["started_at"] = row["created_at"]

    def _jobs(self, number: int) -> list[dict[str, Any]]:
        return self.jobs.get(number, [])[::-1]

    def _report(self, number: str) -> httpx.Response:
        failed = self.reports.get(int(number), [])
        cases = [{"status": "success", "name": "test_header", "classname": "portal"}]
        cases += [{"status": "failed", "name": name, "classname": "portal"} for name in failed]
        suite = {"name": "test", "failed_count": len(failed), "test_cases": cases}
        return httpx.Response(200, json={"total_count": len(cases), "test_suites": [suite]})

    def _trace(self, number: str) -> httpx.Response:
        return httpx.Response(200, text=self.traces.get(int(number), ""))

    def _ref(self, known: dict[str, str], name: str, what: str) -> httpx.Response:
        commit = known.get(unquote(name))
        if commit is None:
            return _said(404, f"404 {what} Not Found")
        row = {"name": unquote(name), "target": "d" * 40, "commit": {"id": commit}}
        return httpx.Response(200, json={**row, "protected": True})

    def _commit(self, sha: str) -> httpx.Response:
        if sha not in {*self.tags.values(), *self.branches.values()}:
            return _said(404, "404 Commit Not Found")
        message = "Mend the banner\n\nCo-authored-by: Bo Nurse <Bo@Hospital.test>\n"
        who = {"author_name": "Ada Dev", "author_email": "Ada@hospital.test"}
        return httpx.Response(200, json={"id": sha, "message": message, **who})

    def history(self, sha: str) -> list[str]:
        """Return a commit and those before it, newest first; the versions follow each other."""
        known = list(COMMITS.values())
        if sha in self.lines:
            return self.lines[sha]
        return known[known.index(sha) :: -1] if sha in known else []

    def _commits(self, request: httpx.Request) -> httpx.Response:
        since, _, until = request.url.params["ref_name"].partition("..")
        theirs, mine = self.history(since), self.history(until)
        if not theirs or not mine:
            return _said(404, "404 Commit Not Found")
        who = {"author_name": "Ada Dev", "author_email": "Ada@hospital.test"}
        rows = [
            {
                "id": one,
                "short_id": one[:8],
                "title": "Mend the banner",
                "message": "Mend the banner\n\nCo-authored-by: Bo Nurse <Bo@Hospital.test>\n",
                "committed_date": "2026-11-20T09:00:00.000+00:00",
                **who,
            }
            for one in mine
            if one not in theirs
        ]
        return _page(request, rows)

    def _merge_base(self, request: httpx.Request) -> httpx.Response:
        one, other = (self.history(sha) for sha in request.url.params.get_list("refs[]"))
        if not one or not other:
            return _said(400, "400 Bad request - Could not find ref")
        both = [sha for sha in one if sha in other]
        if not both:
            return _said(404, "404 Merge Base Not Found")
        return httpx.Response(200, json={"id": both[0], "short_id": both[0][:8]})

    def _create(self, body: dict[str, Any]) -> httpx.Response:
        self.posted.append(body)
        ref = str(body["ref"])
        given = {str(one["key"]): str(one["value"]) for one in body.get("variables", [])}
        given |= {key.upper(): str(value) for key, value in body.get("inputs", {}).items()}
        sha = self.tags.get(ref) or self.branches.get(ref)
        if sha is None:
            return _said(400, {"base": ["Reference not found"]})
        if self.is_guarded and given["COMMIT"] != sha:
            return _said(400, {"base": [RULES]})
        name = given["PIPELINE_NAME"] if self.is_named else None
        row = self.pipeline(ref, sha, self.steps[0], "api", name)
        self.job(row, given["PIPELINE"], self.steps[0])
        # The answer to a creation has no name: only the list and a pipeline's own page show it.
        shown = {key: value for key, value in row.items() if key != "name"}
        return httpx.Response(201, json=shown)

    def _cancel(self, number: str) -> httpx.Response:
        row = self._found(number)
        if row is None:
            return _said(404, "404 Not found")
        row["status"] = "canceled"
        return httpx.Response(200, json=dict(row))


def _said(status: int, message: object) -> httpx.Response:
    return httpx.Response(status, json={"message": message})


def _page(request: httpx.Request, rows: Sequence[dict[str, Any]]) -> httpx.Response:
    params = request.url.params
    size, page = int(params.get("per_page", 20)), int(params.get("page", 1))
    shown = rows[(page - 1) * size : page * size]
    headers = {"x-page": str(page), "x-per-page": str(size), "x-next-page": ""}
    if len(rows) > page * size:
        following = request.url.copy_set_param("page", page + 1)
        headers |= {"x-next-page": str(page + 1), "link": f'<{following}>; rel="next"'}
    return httpx.Response(200, json=shown, headers=headers)


@asynccontextmanager
async def forged(forge: Forge) -> AsyncIterator[GitLab]:
    """Give the provider of a GitLab that answers so."""
    async with httpx.AsyncClient(verify=NO_TLS) as client:
        with respx.mock(assert_all_called=False) as router:
            # What the tests of a whole house ask elsewhere is not this GitLab's.
            router.route(host="gitlab.hospital.test").mock(side_effect=forge.answer)
            router.route().pass_through()
            yield connect(credentials(), client)


@asynccontextmanager
async def playing() -> AsyncIterator[tuple[Ci, Service]]:
    """Play a GitLab as it is when all is well."""
    async with forged(Forge()) as ci:
        yield ci, SERVICE


@asynccontextmanager
async def failing(fault: Fault) -> AsyncIterator[tuple[Ci, Service]]:
    """Play a GitLab with one fault."""
    async with httpx.AsyncClient(verify=NO_TLS) as client:
        with every_request(fault):
            yield connect(credentials(), client), SERVICE
