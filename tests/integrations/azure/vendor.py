"""Azure DevOps as it is played: every request is held against Microsoft's documents first."""

from __future__ import annotations

import base64
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import httpx

from bot.api import Credentials
from bot.model import CiTarget, Deployment, Service
from integrations.azure import connect
from tests.integrations.azure import organisation as theirs
from tests.integrations.azure.documents import answer_problems, problems
from tests.integrations.azure.organisation import BUILDS, DEPLOYS, URL, Organisation, Run
from tests.integrations.azure.timelines import LOG, timeline

if TYPE_CHECKING:
    from bot.ports import Ci
    from tests.contracts.faults import Fault

TOKEN: Final = "pat-of-the-bot"
BASIC: Final = "Basic " + base64.b64encode(f":{TOKEN}".encode()).decode()
TARGET: Final = CiTarget("azure", str(BUILDS), str(DEPLOYS), f"{theirs.PROJECT}/portal")
PORTAL: Final = Service(
    "portal", "web", "A", TARGET, (Deployment("test"), Deployment("production"))
)
SIGN_IN: Final = "<!DOCTYPE html><title>Azure DevOps Services | Sign In</title>"
# A page of the lists, smaller than what is asked for, so that there is always another one.
PAGE: Final = 2
Answers = Callable[[re.Match[str], httpx.Request], httpx.Response]


@dataclass
class Server:
    """The HTTP side of an organisation."""

    organisation: Organisation = field(default_factory=Organisation)
    asked: list[httpx.Request] = field(default_factory=list)
    lines: dict[str, list[str]] = field(default_factory=dict)
    """The history that ends in a commit, newest first, where it is not that of the versions."""
    cut_off: set[str] = field(default_factory=set)
    """Commits whose message the lists show the beginning of."""
    instead: dict[str, httpx.Response] = field(default_factory=dict)
    """What is answered to a path below the project instead of what is documented."""

    def answer(self, request: httpx.Request) -> httpx.Response:
        """Answer a request, and fail the test where a document does not know it."""
        self.asked.append(request)
        assert not (found := problems(request, URL)), found
        if request.headers.get("authorization") != BASIC:
            return httpx.Response(203, html=SIGN_IN)
        here = request.url.path.removeprefix(f"/acme/{theirs.PROJECT}/_apis/")
        if here in self.instead:
            return self.instead[here]
        answer = self._routed(here, request)
        assert not (found := answer_problems(request, answer, URL)), found
        return answer

    def _routed(self, here: str, request: httpx.Request) -> httpx.Response:
        for method, path, answers in self._routes():
            match = re.fullmatch(path, here)
            if match and method == request.method:
                return answers(match, request)
        return _refused(404, f"The controller for path '{here}' was not found.", "NotFound")

    def bodies(self) -> list[Any]:
        """Return what was sent to change anything."""
        return [_json(request) for request in self.asked if request.method != "GET"]

    def _routes(self) -> tuple[tuple[str, str, Answers], ...]:
        return (
            ("GET", r"git/repositories/portal/refs", self._refs),
            ("GET", r"git/repositories/portal/commits/([0-9a-f]{40})", self._commit),
            ("GET", r"git/repositories/portal/commits", self._commits),
            ("GET", r"git/repositories/portal/diffs/commits", self._diffs),
            ("GET", r"build/definitions", self._definitions),
            ("GET", r"build/builds", self._builds),
            ("GET", r"build/builds/(\d+)", self._build),
            ("GET", r"build/builds/(\d+)/timeline", self._timeline),
            ("GET", r"build/builds/(\d+)/logs", self._logs),
            ("GET", r"build/builds/(\d+)/logs/(\d+)", self._log),
            ("GET", r"test/runs", self._test_runs),
            ("GET", r"test/runs/(\d+)/results", self._results),
            ("GET", r"pipelines/approvals", self._approvals),
            ("GET", r"pipelines/(\d+)/runs/(\d+)", self._run),
            ("POST", r"pipelines/(\d+)/runs", self._start),
        )

    def _refs(self, match: re.Match[str], request: httpx.Request) -> httpx.Response:
        del match
        begins = "refs/" + request.url.params["filter"]
        rows = [
            {"name": name, "objectId": found[0], "peeledObjectId": found[1], "url": URL}
            if found[0] != found[1]
            else {"name": name, "objectId": found[0], "url": URL}
            for name, found in self.organisation.refs().items()
            if name.startswith(begins)
        ]
        return _page(rows, request)

    def _commit(self, match: re.Match[str], request: httpx.Request) -> httpx.Response:
        del request
        if match[1] not in self.organisation.tags.values():
            message = (
                f"TF401175: The version descriptor <Commit: {match[1]} > could not be resolved"
            )
            return _refused(404, message, "GitUnresolvableToCommitException")
        who = {"name": "An Engineer", "email": "Engineer@Hospital.example"}
        said = "Fix the banner\n\nCo-authored-by: Another <engineer-2@hospital.example>\n"
        return httpx.Response(
            200,
            json={
                "commitId": match[1],
                "author": {**who, "date": "2026-03-01T10:00:00Z"},
                "committer": {**who, "date": "2026-03-01T10:00:00Z"},
                "comment": said,
                "parents": [],
                "url": f"{URL}/_apis/git/repositories/portal/commits/{match[1]}",
            },
        )

    def history(self, sha: str) -> list[str]:
        """Return a commit and those before it, newest first; the versions follow each other."""
        known = list(theirs.COMMITS.values())
        if sha in self.lines:
            return self.lines[sha]
        return known[known.index(sha) :: -1] if sha in known else []

    def _apart(self, base: str, target: str) -> tuple[list[str], list[str]] | None:
        known, brought = self.history(base), self.history(target)
        if not known or not brought:
            return None
        return [one for one in brought if one not in known], [
            one for one in known if one not in brought
        ]

    def _diffs(self, match: re.Match[str], request: httpx.Request) -> httpx.Response:
        del match
        given = request.url.params
        assert given["baseVersionType"] == given["targetVersionType"] == "commit"
        apart = self._apart(given["baseVersion"], given["targetVersion"])
        if apart is None:
            return _refused(404, "TF401175: could not be resolved", "GitUnresolvableToCommit")
        counts = {"aheadCount": len(apart[0]), "behindCount": len(apart[1])}
        return httpx.Response(200, json={"allChangesIncluded": True, "changes": [], **counts})

    def _commits(self, match: re.Match[str], request: httpx.Request) -> httpx.Response:
        del match
        given = request.url.params
        at = "searchCriteria."
        since, until = (given[f"{at}{name}.version"] for name in ("itemVersion", "compareVersion"))
        apart = self._apart(since, until)
        assert apart is not None
        first, size = int(given[f"{at}$skip"]), int(given[f"{at}$top"])
        who = {"name": "An Engineer", "email": "Engineer@Hospital.example"}
        rows = [
            {
                "commitId": one,
                "author": {**who, "date": "2026-03-01T10:00:00Z"},
                "committer": {**who, "date": "2026-03-01T10:00:00Z"},
                "comment": "Fix the banner",
                **({"commentTruncated": True} if one in self.cut_off else {}),
                "url": f"{URL}/_apis/git/repositories/portal/commits/{one}",
            }
            for one in apart[0][first : first + size]
        ]
        return httpx.Response(200, json={"count": len(rows), "value": rows})

    def _definitions(self, match: re.Match[str], request: httpx.Request) -> httpx.Response:
        del match
        given = request.url.params
        rows = [theirs.definition(number) for number in (BUILDS, DEPLOYS)]
        rows = [row for row in rows if row["name"] == given["name"]]
        return _page(
            [row for row in rows if given.get("path", row["path"]) == row["path"]], request
        )

    def _builds(self, match: re.Match[str], request: httpx.Request) -> httpx.Response:
        del match
        given = request.url.params
        numbers = {int(one) for one in given["definitions"].split(",")}
        found = [run for run in self.organisation.runs if run.pipeline in numbers]
        since = given.get("minTime", "")
        found = [run for run in found if theirs.moment(run.queued) >= since]
        assert given["queryOrder"] == "queueTimeDescending"
        found.sort(key=lambda run: (run.queued, run.number), reverse=True)
        for run in found:
            run.go_on()
        return _page([theirs.build_row(run) for run in found], request)

    def _build(self, match: re.Match[str], request: httpx.Request) -> httpx.Response:
        del request
        run = self.organisation.run(int(match[1]))
        if run is None:
            message = f"The requested build {match[1]} could not be found."
            return _refused(404, message, "BuildNotFoundException")
        run.go_on()
        return httpx.Response(200, json=theirs.build_row(run))

    def _timeline(self, match: re.Match[str], request: httpx.Request) -> httpx.Response:
        del request
        run = self.organisation.run(int(match[1]))
        if run is None or run.status == "notStarted":
            return httpx.Response(204)
        return httpx.Response(200, json=timeline(run))

    def _logs(self, match: re.Match[str], request: httpx.Request) -> httpx.Response:
        url = f"{URL}/{theirs.PROJECT_ID}/_apis/build/builds/{match[1]}/logs"
        row = {"lineCount": len(LOG), "createdOn": "2026-03-02T09:41:04.123Z", "type": "Container"}
        return _page([{**row, "id": one, "url": f"{url}/{one}"} for one in (5, 8)], request)

    def _log(self, match: re.Match[str], request: httpx.Request) -> httpx.Response:
        del match
        assert request.headers["accept"] == "text/plain"
        first = int(request.url.params.get("startLine", 0))
        return httpx.Response(200, text="\r\n".join(LOG[first:]))

    def _test_runs(self, match: re.Match[str], request: httpx.Request) -> httpx.Response:
        del match
        number = int(request.url.params["buildUri"].rpartition("/")[2])
        run = self.organisation.run(number)
        row = {"id": 9, "name": "unit", "isAutomated": True, "state": "Completed", "totalTests": 3}
        return _page([row] if run is not None and run.ends == "failed" else [], request)

    def _results(self, match: re.Match[str], request: httpx.Request) -> httpx.Response:
        del match
        assert request.url.params["outcomes"] == "Failed"
        names = ("test_banner_shows", "test_banner_hides")
        rows = [
            {"id": 100000 + i, "outcome": "Failed", "testCaseTitle": name, "state": "Completed"}
            for i, name in enumerate(names)
        ]
        return _page(rows, request)

    def _approvals(self, match: re.Match[str], request: httpx.Request) -> httpx.Response:
        del match
        rows = [
            {"id": one, "steps": [], "status": "pending", "minRequiredApprovers": 1}
            for one in request.url.params["approvalIds"].split(",")
        ]
        return _page(rows, request)

    def _run(self, match: re.Match[str], request: httpx.Request) -> httpx.Response:
        del request
        run = self.organisation.run(int(match[2]))
        if run is None:
            return _refused(404, f"The run {match[2]} could not be found.", "RunNotFoundException")
        return httpx.Response(200, json=theirs.run_row(run))

    def _start(self, match: re.Match[str], request: httpx.Request) -> httpx.Response:
        given = _json(request)
        this = given["resources"]["repositories"]["self"]
        inputs = given["templateParameters"]
        pipeline = int(match[1])
        unknown = inputs.keys() - theirs.DECLARED.get(pipeline, set())
        if unknown:
            message = f"/azure-pipelines.yml: Unexpected parameter '{min(unknown)}'"
            return _refused(400, message, "PipelineValidationException")
        name = this.get("refName", "refs/heads/main")
        if name not in self.organisation.refs():
            return _refused(400, f"The ref {name} does not exist.", "PipelineValidationException")
        run = self.organisation.start(pipeline, name, this["version"], inputs)
        return httpx.Response(200, json=theirs.run_row(run))


def _json(request: httpx.Request) -> Any:
    assert request.headers["content-type"] == "application/json"
    return httpx.Response(200, content=request.content).json()


def _page(rows: list[dict[str, Any]], request: httpx.Request) -> httpx.Response:
    """Answer a list, a page at a time, with the token of the next one in its header."""
    first = int(request.url.params.get("continuationToken", "0"))
    size = min(PAGE, int(request.url.params.get("$top", PAGE)))
    following = first + size
    more = {"x-ms-continuationtoken": str(following)} if following < len(rows) else {}
    shown = rows[first:following]
    return httpx.Response(200, json={"count": len(shown), "value": shown}, headers=more)


def _refused(status: int, message: str, kind: str) -> httpx.Response:
    return httpx.Response(status, json=theirs.refused(message, kind))


def credentials(token: str = TOKEN) -> Credentials:
    """Return how the organisation is signed in to."""
    return Credentials(URL, token=token)


@asynccontextmanager
async def served(server: Server, given: Credentials | None = None) -> AsyncIterator[Ci]:
    """Give the provider that asks a played organisation."""
    async with httpx.AsyncClient(transport=httpx.MockTransport(server.answer)) as client:
        yield connect(given or credentials(), client)


@asynccontextmanager
async def playing() -> AsyncIterator[tuple[Ci, Service]]:
    """Play the organisation as it is when all is well."""
    async with served(Server()) as ci:
        yield ci, PORTAL


@asynccontextmanager
async def failing(fault: Fault) -> AsyncIterator[tuple[Ci, Service]]:
    """Play it with every request failing in one way."""
    async with httpx.AsyncClient(transport=httpx.MockTransport(fault.answer)) as client:
        yield connect(credentials(), client), PORTAL


__all__ = ["PORTAL", "Run", "Server", "credentials", "failing", "playing", "served"]
