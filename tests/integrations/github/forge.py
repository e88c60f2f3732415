"""A GitHub that keeps state: runs go on as they are looked at, and are found again."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import unquote

import httpx

from tests.contracts import openapi
from tests.integrations.github import comparing, shapes
from tests.integrations.github.shapes import Row

CLOUD: Final = "https://api.github.com"
SERVER: Final = "https://github.hospital.example/api/v3"
LOGS: Final = "https://logs.actions.example"
REPO: Final = "acme/portal"
TOKEN: Final = "github_pat_made_up"
SPECIFICATION: Final = "ci/github/github-actions-subset.openapi.json"
COMMITS: Final = {"1.4.1": "a1" * 20, "1.4.2": "b2" * 20, "1.5.0": "c3" * 20}
TAG_OBJECT: Final = "e5" * 20  # the annotated tag of 1.4.2
LOG: Final = """\ufeff2026-11-01T07:30:20.1234567Z ##[group]Run make test
2026-11-01T07:30:21.1234567Z \x1b[36;1mmake test\x1b[0m
2026-11-01T07:30:22.1234567Z ##[endgroup]
2026-11-01T07:31:20.1234567Z FAILED tests/test_portal.py::test_the_banner
2026-11-01T07:31:21.1234567Z ##[error]Process completed with exit code 1.
2026-11-01T07:31:22.1234567Z Post job cleanup.
2026-11-01T07:31:23.1234567Z Cleaning up orphan processes
"""
# Documented, and not in the specification that the requests are checked against.
ELSEWHERE: Final = {
    r"/repos/[^/]+/[^/]+/git/ref/.+": "docs.github.com/rest/git/refs#get-a-reference",
    r"/repos/[^/]+/[^/]+/git/tags/[0-9a-f]+": "docs.github.com/rest/git/tags#get-a-tag",
    r"/repos/[^/]+/[^/]+/git/commits/[0-9a-f]{40}": (
        "docs.github.com/rest/git/commits#get-a-commit-object"
    ),
    r"/repos/[^/]+/[^/]+/compare/[0-9a-f]{40}\.\.\.[0-9a-f]{40}": (
        "docs.github.com/rest/commits/commits#compare-two-commits"
    ),
    r"/repos/[^/]+/[^/]+/commits/[0-9a-f]{40}/branches-where-head": (
        "docs.github.com/rest/commits/commits#list-branches-for-head-commit"
    ),
}
# The same for questions whose parameters are documented; any other would be ignored there.
QUERIES: Final = {
    "code-scanning/analyses": {
        *("tool_name", "tool_guid", "page", "per_page", "pr", "ref", "sarif_id"),
        *("direction", "sort"),
    },
    "code-scanning/alerts": {
        *("tool_name", "tool_guid", "page", "per_page", "ref", "pr", "direction", "sort"),
        *("before", "after", "state", "severity"),
    },
    # docs.github.com/rest/dependabot/alerts: `page` is refused since October 2025.
    "dependabot/alerts": {
        *("state", "severity", "ecosystem", "package", "manifest", "scope", "sort", "direction"),
        *("before", "after", "per_page"),
    },
}
INPUTS: Final = {
    "ci.yml": {"correlation"},
    "deploy.yml": {"version", "commit", "environment", "sites", "correlation"},
}
# What a run is called by the `run-name` of the workflows that docs/integrations/github.md shows.
TITLES: Final = {
    "ci.yml": "CI [{correlation}]",
    "deploy.yml": "deploy {version} ({commit}) to {environment} [{correlation}]",
}


@dataclass
class Forge:
    """One GitHub with one repository; `tells_runs` is whether a dispatch answers with its run."""

    url: str = CLOUD
    tells_runs: bool = True
    runs: list[Row] = field(default_factory=list)
    tags: dict[str, tuple[str, str]] = field(default_factory=dict)
    gates: dict[int, list[Row]] = field(default_factory=dict)
    notes: dict[int, list[Row]] = field(default_factory=dict)
    deployments: list[tuple[Row, list[Row]]] = field(default_factory=list)
    asked: list[httpx.Request] = field(default_factory=list)
    sent: list[Row] = field(default_factory=list)
    text: str = LOG
    analyses: list[Row] = field(default_factory=list)
    """Code scanning's, newest first."""
    alerts: list[Row] = field(default_factory=list)
    """Code scanning's, open, each with the `ref` of its most recent instance."""
    dependencies: list[Row] = field(default_factory=list)
    """Dependabot's, open."""
    forbidden: set[str] = field(default_factory=set)
    """Last parts of paths that the account may not read."""
    instead: httpx.Response | None = None
    """What everything is answered with, documented or not."""
    lines: dict[str, list[str]] = field(default_factory=dict)
    """The history that ends in a commit, newest first, where it is not that of the versions."""
    is_checked: bool = True
    """Whether each request and each answer is held to the specification."""

    def __post_init__(self) -> None:
        for version, commit in COMMITS.items():
            self.tags[f"tags/v{version}"] = ("commit", commit)
        self.tags["tags/v1.4.2"] = ("tag", TAG_OBJECT)
        self.tags["heads/main"] = ("commit", COMMITS["1.5.0"])
        self.runs = [
            shapes.run(self.url, REPO, 11, COMMITS["1.4.1"], head_branch="v1.4.1"),
            shapes.run(self.url, REPO, 12, COMMITS["1.4.2"], head_branch="v1.4.2"),
            shapes.run(self.url, REPO, 13, COMMITS["1.5.0"], conclusion="failure"),
        ]
        self.notes[13] = [
            shapes.annotation(None, ".github"),
            shapes.annotation("The runner was lost", ".github"),
            shapes.annotation("test_the_banner"),
            shapes.annotation("test_slow", level="warning"),
        ]

    def answer(self, request: httpx.Request) -> httpx.Response:
        """Answer as GitHub would; a request or an answer that it does not document is a fault."""
        self.asked.append(request)
        if self.instead is not None:
            return self.instead
        if str(request.url).startswith(LOGS):
            assert "authorization" not in request.headers
            return httpx.Response(200, text=self.text)
        specification = openapi.read(SPECIFICATION, self.url) if self.is_checked else None
        if specification is not None and not self._elsewhere(request):
            assert not specification.problems(request)
        made = self._signed(request)
        if specification is not None and made.status_code < 300:
            assert not specification.misshapen(request, made)
        return made

    def _path(self, request: httpx.Request) -> str:
        return unquote(request.url.path.removeprefix(httpx.URL(self.url).path.rstrip("/")))

    def _elsewhere(self, request: httpx.Request) -> bool:
        path = self._path(request)
        named = path.removeprefix(f"/repos/{REPO}/")
        if request.method == "GET" and named in QUERIES:
            assert set(request.url.params) <= QUERIES[named]
            return True
        return request.method == "GET" and any(re.fullmatch(one, path) for one in ELSEWHERE)

    def _signed(self, request: httpx.Request) -> httpx.Response:
        if request.headers.get("authorization") != f"Bearer {TOKEN}":
            return _no(401, "Bad credentials")
        if not request.headers.get("user-agent"):
            return _no(403, "Request forbidden by administrative rules.")
        path = self._path(request).removeprefix(f"/repos/{REPO}/")
        if path.rpartition("/")[2] in self.forbidden:
            return _no(403, "Resource not accessible by personal access token")
        for (method, pattern), reply in ROUTES.items():
            match = re.fullmatch(pattern, path)
            if match and method == request.method:
                return reply(self, request, *match.groups())
        return _no(404, "Not Found")

    def ref(self, _: httpx.Request, name: str) -> httpx.Response:
        """Answer `git/ref/{ref}`."""
        if name not in self.tags:
            return _no(404, "Not Found")
        kind, sha = self.tags[name]
        return httpx.Response(200, json=shapes.reference(self.url, REPO, name, kind, sha))

    def tag(self, _: httpx.Request, sha: str) -> httpx.Response:
        """Answer `git/tags/{sha}`."""
        made = shapes.tag(self.url, REPO, "v1.4.2", sha, COMMITS["1.4.2"])
        return httpx.Response(200, json=made) if sha == TAG_OBJECT else _no(404, "Not Found")

    def commit(self, _: httpx.Request, sha: str) -> httpx.Response:
        """Answer `git/commits/{sha}`."""
        if sha not in COMMITS.values():
            return _no(404, "Not Found")
        text = "Mend the banner\n\nCo-authored-by: Ada <Ada@Hospital.example>\n"
        made = shapes.commit(self.url, REPO, sha, "Noor@Hospital.example", text)
        return httpx.Response(200, json=made)

    def heads(self, _: httpx.Request, sha: str) -> httpx.Response:
        """Answer `commits/{sha}/branches-where-head`."""
        rows = [
            {"name": name.removeprefix("heads/"), "commit": {"sha": sha}, "protected": True}
            for name, (_, commit) in self.tags.items()
            if name.startswith("heads/") and commit == sha
        ]
        return httpx.Response(200, json=rows)

    def workflow_runs(self, request: httpx.Request, file: str) -> httpx.Response:
        """Answer the runs of one workflow."""
        mine = [row for row in self.runs if row["path"].endswith(f"/{file}")]
        return self._listed(request, mine) if file in INPUTS else _no(404, "Not Found")

    def all_runs(self, request: httpx.Request) -> httpx.Response:
        """Answer the runs of the repository."""
        return self._listed(request, self.runs)

    def run(self, _: httpx.Request, number: str) -> httpx.Response:
        """Answer one run, which has gone on a little since it was last looked at."""
        row = next((row for row in self.runs if row["id"] == int(number)), None)
        if row is None:
            return _no(404, "Not Found")
        shown = dict(row)
        self._go_on(row)
        return httpx.Response(200, json=shown)

    def jobs(self, _: httpx.Request, number: str) -> httpx.Response:
        """Answer the jobs of a run: one that checks the style, and one that tests."""
        row = next((row for row in self.runs if row["id"] == int(number)), None)
        if row is None:
            return _no(404, "Not Found")
        key = row["id"] * 10
        green = {"conclusion": "success"} if row["status"] == "completed" else {}
        rows = [
            shapes.job(self.url, REPO, {**row, **green}, "style", key),
            shapes.job(self.url, REPO, row, "test", key + 1, started_at="2026-11-01T07:30:30Z"),
            shapes.job(
                self.url,
                REPO,
                row,
                "publish",
                key + 2,
                status="completed",
                conclusion="skipped",
                steps=[],
            ),
        ]
        return httpx.Response(200, json={"total_count": len(rows), "jobs": rows})

    def pending(self, _: httpx.Request, number: str) -> httpx.Response:
        """Answer what a run waits for."""
        return httpx.Response(200, json=self.gates.get(int(number), []))

    def checks(self, _: httpx.Request, suite: str) -> httpx.Response:
        """Answer the checks of a run."""
        row = next(row for row in self.runs if row["check_suite_id"] == int(suite))
        notes = self.notes.get(row["id"], [])
        made = [shapes.check_run(self.url, row, "test", row["id"] * 10 + 1, len(notes))]
        return httpx.Response(200, json={"total_count": 1, "check_runs": made})

    def annotations(self, _: httpx.Request, number: str) -> httpx.Response:
        """Answer the annotations of a check."""
        return httpx.Response(200, json=self.notes.get(int(number) // 10, []))

    def log(self, _: httpx.Request, number: str) -> httpx.Response:
        """Lead to the log of a job."""
        return httpx.Response(302, headers={"location": f"{LOGS}/{number}?sig=made-up"})

    def deployed(self, request: httpx.Request) -> httpx.Response:
        """Answer the deployments of a commit."""
        sha = request.url.params["sha"]
        return httpx.Response(200, json=[one for one, _ in self.deployments if one["sha"] == sha])

    def statuses(self, _: httpx.Request, number: str) -> httpx.Response:
        """Answer the statuses of a deployment."""
        found = next(rows for one, rows in self.deployments if one["id"] == int(number))
        return httpx.Response(200, json=found)

    def analysed(self, request: httpx.Request) -> httpx.Response:
        """Answer the newest analyses, of one ref where it is named."""
        ref = request.url.params.get("ref")
        rows = [row for row in self.analyses if ref in (None, row["ref"])]
        return httpx.Response(200, json=rows[:100]) if rows else _no(404, "no analysis found")

    def scanned(self, request: httpx.Request) -> httpx.Response:
        """Answer the open alerts of one ref, page by page."""
        params = request.url.params
        assert params["state"] == "open"
        rows = [one for one in self.alerts if one["most_recent_instance"]["ref"] == params["ref"]]
        return self._paged(request, rows, int(params.get("page", 1)), "page")

    def depended(self, request: httpx.Request) -> httpx.Response:
        """Answer the open alerts of some severities, by a cursor."""
        params = request.url.params
        wanted = params["severity"].split(",")
        assert params["state"] == "open"
        rows = [
            one for one in self.dependencies if one["security_vulnerability"]["severity"] in wanted
        ]
        return self._paged(request, rows, int(params.get("after", "Y1").removeprefix("Y")), "after")

    def _paged(
        self, request: httpx.Request, rows: list[Row], page: int, name: str
    ) -> httpx.Response:
        size = int(request.url.params["per_page"])
        following = str(page + 1) if name == "page" else f"Y{page + 1}"
        headers = {}
        if len(rows) > page * size:
            after = request.url.copy_set_param(name, following)
            headers["link"] = f'<{after}>; rel="next"'
        return httpx.Response(200, json=rows[(page - 1) * size : page * size], headers=headers)

    def dispatch(self, request: httpx.Request, file: str) -> httpx.Response:
        """Have a workflow run; its `run-name` is the one of the documentation's snippet."""
        body = json.loads(request.content)
        name = str(body["ref"]).removeprefix("refs/")
        if file not in INPUTS:
            return _no(404, "Not Found")
        if name not in self.tags:
            return _no(422, f"No ref found for: {body['ref']}")
        odd = sorted(set(body["inputs"]) - INPUTS[file])
        if odd:
            return _no(422, f"Unexpected inputs provided: {json.dumps(odd)}")
        self.sent.append(body)
        made = self._dispatched(file, name, body["inputs"])
        if not (self.tells_runs and body.get("return_run_details")):
            return httpx.Response(204)
        told = {"run_url": made["url"], "html_url": made["html_url"]}
        return httpx.Response(200, json={"workflow_run_id": made["id"], **told})

    def _dispatched(self, file: str, name: str, inputs: dict[str, str]) -> Row:
        sha = self.tags[name][1]
        made = shapes.run(
            self.url,
            REPO,
            len(self.runs) + 11,
            COMMITS["1.4.2"] if sha == TAG_OBJECT else sha,
            event="workflow_dispatch",
            path=f".github/workflows/{file}",
            display_title=TITLES[file].format(**inputs),
            head_branch=name.partition("/")[2],
            status="queued",
            conclusion=None,
            created_at="2999-01-01T00:00:00Z",
        )
        self.runs.append(made)
        return made

    def _go_on(self, row: Row) -> None:
        if row["status"] == "queued":
            row["status"] = "in_progress"
        elif row["status"] == "in_progress":
            row["status"], row["conclusion"] = "completed", "success"

    def _listed(self, request: httpx.Request, rows: list[Row]) -> httpx.Response:
        params = request.url.params
        wanted = {name: params[name] for name in ("head_sha", "event") if name in params}
        mine = [row for row in reversed(rows) if all(row[n] == v for n, v in wanted.items())]
        page, size = int(params.get("page", 1)), int(params.get("per_page", 30))
        headers = {}
        if len(mine) > page * size:
            after = request.url.copy_set_param("page", page + 1)
            headers["link"] = f'<{after}>; rel="next"'
        shown = mine[(page - 1) * size : page * size]
        body = {"total_count": len(mine), "workflow_runs": shown}
        return httpx.Response(200, json=body, headers=headers)


def _no(status: int, message: str) -> httpx.Response:
    about = "https://docs.github.com/rest"
    told = {"message": message, "documentation_url": about, "status": str(status)}
    return httpx.Response(status, json=told)


ROUTES: Final[dict[tuple[str, str], Callable[..., httpx.Response]]] = {
    ("GET", r"git/ref/(.+)"): Forge.ref,
    ("GET", r"git/tags/([0-9a-f]+)"): Forge.tag,
    ("GET", r"git/commits/([0-9a-f]{40})"): Forge.commit,
    ("GET", r"commits/([0-9a-f]{40})/branches-where-head"): Forge.heads,
    ("GET", r"compare/([0-9a-f]{40})\.\.\.([0-9a-f]{40})"): lambda forge, request, *two: (
        comparing.compared(forge.lines, request, *two)
    ),
    ("GET", r"actions/workflows/([^/]+)/runs"): Forge.workflow_runs,
    ("POST", r"actions/workflows/([^/]+)/dispatches"): Forge.dispatch,
    ("GET", r"actions/runs"): Forge.all_runs,
    ("GET", r"actions/runs/(\d+)"): Forge.run,
    ("GET", r"actions/runs/(\d+)/jobs"): Forge.jobs,
    ("GET", r"actions/runs/(\d+)/pending_deployments"): Forge.pending,
    ("GET", r"actions/jobs/(\d+)/logs"): Forge.log,
    ("GET", r"check-suites/(\d+)/check-runs"): Forge.checks,
    ("GET", r"check-runs/(\d+)/annotations"): Forge.annotations,
    ("GET", r"deployments"): Forge.deployed,
    ("GET", r"code-scanning/analyses"): Forge.analysed,
    ("GET", r"code-scanning/alerts"): Forge.scanned,
    ("GET", r"dependabot/alerts"): Forge.depended,
    ("GET", r"deployments/(\d+)/statuses"): Forge.statuses,
}
