"""A played Jenkins: jobs, their queue and their builds, with answers as its API shapes them.

Sources: www.jenkins.io/doc/book/using/remote-access-api, the `@Exported` fields of hudson.model
(Job, Run, Queue, ParametersDefinitionProperty), the git plugin's BuildData, the JUnit plugin's
TestResult, and the README of the Pipeline REST API plugin.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, quote, unquote

import httpx
import respx

from bot.api import Credentials
from bot.model import CiTarget, Service
from integrations.jenkins import connect
from tests.contracts.faults import every_request
from tests.integrations.buildbot.repository import repository
from tests.integrations.jenkins.tree import pruned
from tests.serving import NO_TLS

if TYPE_CHECKING:
    from bot.ports import Ci
    from tests.contracts.faults import Fault

HOST = "https://ci.hospital.test"
URL = f"{HOST}/jenkins"
BEGAN = 1_795_313_490_000  # milliseconds since the epoch
# wardroom:11aa22bb, an API token, and wardroom:päss, a password.
SIGNED = ("Basic d2FyZHJvb206MTFhYTIyYmI=", "Basic d2FyZHJvb206cMOkc3M=")
PARAMETERS = ("VERSION", "COMMIT", "ENVIRONMENT", "SITES", "CORRELATION")
CASES = [("portal.BannerTest", "shows", "PASSED"), ("portal.BannerTest", "hides", "REGRESSION")]


@dataclass
class Job:
    """One job: what it takes, and its runs, oldest first."""

    path: str
    takes: tuple[str, ...] = PARAMETERS
    runs: list[Run] = field(default_factory=list)
    is_enabled: bool = True
    following: int = 1

    @property
    def url(self) -> str:
        """Return its address as Jenkins writes it."""
        return f"{URL}/" + "".join(f"job/{quote(part, safe='')}/" for part in self.path.split("/"))


@dataclass
class Run:
    """One run of a job; it is over once it was looked at often enough."""

    number: int
    given: dict[str, str]
    commit: str
    result: str
    queue: int = 0
    looks: int = 0  # how often it is still seen running
    log: bytes = b"Started by user wardroom\nhides FAILED\n"
    step: dict[str, Any] = field(default_factory=dict)  # what its failed step's log is, if any

    def answer(self, repo: str) -> dict[str, Any]:
        """Return it as Run's fields."""
        rows = [
            {"_class": "hudson.model.StringParameterValue", "name": name, "value": value}
            for name, value in self.given.items()
        ]
        built = {
            "_class": "hudson.plugins.git.util.BuildData",
            "lastBuiltRevision": {"SHA1": self.commit, "branch": []},
            "remoteUrls": [repo],
            "scmName": "",
        }
        actions: list[dict[str, Any]] = [
            {"_class": "hudson.model.ParametersAction", "parameters": rows},
            {"_class": "hudson.model.CauseAction", "causes": []},
            {},
            *([built] if self.commit else []),
        ]
        return {
            "_class": "org.jenkinsci.plugins.workflow.job.WorkflowRun",
            "actions": actions,
            "building": self.looks > 0,
            "displayName": f"#{self.number}",
            "duration": 0 if self.looks else 4200,
            "id": str(self.number),
            "number": self.number,
            "queueId": self.queue,
            "result": None if self.looks else self.result,
            "timestamp": BEGAN + self.queue * 1000,
        }


@dataclass
class Waiting:
    """One item of the queue."""

    id: int
    job: Job
    given: dict[str, str]
    looks: int = 1
    run: Run | None = None

    def answer(self) -> dict[str, Any]:
        """Return it as Queue.Item's fields."""
        rows = [{"name": name, "value": value} for name, value in self.given.items()]
        task = {"_class": "org.jenkinsci.plugins.workflow.job.WorkflowJob", "url": self.job.url}
        made: dict[str, Any] = {
            "_class": "hudson.model.Queue$WaitingItem",
            "actions": [{"_class": "hudson.model.ParametersAction", "parameters": rows}],
            "blocked": False,
            "buildable": False,
            "id": self.id,
            "inQueueSince": BEGAN,
            "stuck": False,
            "task": task,
            "url": f"queue/item/{self.id}/",
            "why": "In the quiet period. Expires in 4.9 sec",
        }
        if self.run is None:
            return made
        left = {"number": self.run.number, "url": f"{self.job.url}{self.run.number}/"}
        kind = "hudson.model.Queue$LeftItem"
        return {**made, "_class": kind, "why": None, "cancelled": False, "executable": left}


@dataclass
class PlayedJenkins:
    """Keeps jobs, queue and runs, and answers requests about them."""

    repo: str
    commits: dict[str, str]
    jobs: dict[str, Job] = field(default_factory=dict)
    queue: dict[int, Waiting] = field(default_factory=dict)
    instead: dict[str, httpx.Response | Exception] = field(default_factory=dict)
    """What is answered, or raised, to a method and path below the address, whatever is true."""
    is_mute: bool = False
    """Whether it takes orders without ever answering them."""

    def job(self, path: str, takes: tuple[str, ...] = PARAMETERS) -> Job:
        """Have a job, without builds."""
        return self.jobs.setdefault(path, Job(path, takes))

    def ran(self, job: Job, version: str, result: str) -> Run:
        """Have a run of a version that somebody's push began, and that has ended."""
        run = Run(job.following, {}, self.commits[version], result, queue=job.following)
        job.runs.append(run)
        job.following += 1
        return run

    def answer(self, request: httpx.Request) -> httpx.Response:
        """Answer a request as Jenkins does."""
        path = request.url.raw_path.decode().partition("?")[0].removeprefix("/jenkins/")
        match self.instead.get(f"{request.method} {path}"):
            case Exception() as error:
                raise error
            case httpx.Response() as made:
                return httpx.Response(made.status_code, headers=made.headers, content=made.content)
        answer = self._answer(path, request)
        if self.is_mute and request.method == "POST":
            raise httpx.ReadTimeout("nothing came", request=request)
        return answer

    def _answer(self, path: str, request: httpx.Request) -> httpx.Response:
        if request.headers.get("authorization") not in SIGNED:
            return httpx.Response(401, html="<html><title>Error 401 Unauthorized</title></html>")
        parts = path.split("/")
        if parts[0] == "queue":
            return self._queue(parts, request)
        names: list[str] = []
        while len(parts) > 1 and parts[0] == "job":
            names.append(unquote(parts[1]))
            parts = parts[2:]
        job = self.jobs.get("/".join(names))
        if job is None:
            return self._folder("/".join(names), parts, request)
        if parts == ["buildWithParameters"] and request.method == "POST":
            return self._begin(job, request)
        if parts == ["api", "json"]:
            return _json(self._about(job), request)
        return self._run(job, parts, request)

    def _queue(self, parts: list[str], request: httpx.Request) -> httpx.Response:
        if parts == ["queue", "api", "json"]:
            items = [one.answer() for one in self.queue.values() if one.run is None]
            return _json({"_class": "hudson.model.Queue", "items": items}, request)
        found = self.queue.get(int(parts[2])) if parts[1] == "item" else None
        if found is None:
            return _not_found()
        if found.run is None and found.looks == 0:
            found.run = self._left(found)
        found.looks = max(0, found.looks - 1)
        return _json(found.answer(), request)

    def _left(self, item: Waiting) -> Run:
        job, given = item.job, item.given
        run = Run(job.following, given, given.get("COMMIT", ""), "SUCCESS", item.id, looks=1)
        job.runs.append(run)
        job.following += 1
        return run

    def _begin(self, job: Job, request: httpx.Request) -> httpx.Response:
        sent = {name: value[0] for name, value in parse_qs(request.content.decode()).items()}
        number = 39 + len(self.queue)
        given = {name: sent.get(name, "") for name in job.takes}  # what it does not take is dropped
        self.queue[number] = Waiting(number, job, given)
        return httpx.Response(201, headers={"location": f"{URL}/queue/item/{number}/"})

    def _about(self, job: Job) -> dict[str, Any]:
        kind = "hudson.model.StringParameterDefinition"
        takes = [{"_class": kind, "name": name, "type": kind[13:]} for name in job.takes]
        declared = {
            "_class": "hudson.model.ParametersDefinitionProperty",
            "parameterDefinitions": takes,
        }
        return {
            "_class": "org.jenkinsci.plugins.workflow.job.WorkflowJob",
            "name": job.path.rpartition("/")[2],
            "url": job.url,
            "buildable": job.is_enabled,
            "allBuilds": [run.answer(self.repo) for run in reversed(job.runs)],
            "nextBuildNumber": job.following,
            "property": [{"_class": "jenkins.model.BuildDiscarderProperty"}, declared],
        }

    def _folder(self, path: str, parts: list[str], request: httpx.Request) -> httpx.Response:
        inside = [job for name, job in self.jobs.items() if name.rpartition("/")[0] == path]
        if not inside or parts != ["api", "json"]:
            return _not_found()
        kind = "org.jenkinsci.plugins.workflow.multibranch.WorkflowMultiBranchProject"
        about = {"_class": kind, "jobs": [self._about(job) for job in inside]}
        return _json(about, request)

    def _run(self, job: Job, parts: list[str], request: httpx.Request) -> httpx.Response:
        run = next((run for run in job.runs if parts[0] == str(run.number)), None)
        if run is None:
            return _not_found()
        below = "/".join(parts[1:])
        if below == "api/json":
            made = _json(run.answer(self.repo), request)
            run.looks = max(0, run.looks - 1)
            return made
        if below == "logText/progressiveText":
            start = int(request.url.params["start"])
            text = run.log + f"Finished: {run.result}\n".encode()
            sizes = {"content-type": "text/plain;charset=utf-8", "x-text-size": str(len(text))}
            return httpx.Response(200, content=text[start:], headers=sizes)
        known = _below(run)
        return _json(known[below], request) if below in known else _not_found()


def _below(run: Run) -> dict[str, dict[str, Any]]:
    """Return what there is of a run beside itself, by its path."""
    known: dict[str, dict[str, Any]] = {"wfapi/describe": _stages(run)}
    if run.result == "UNSTABLE":
        known["testReport/api/json"] = _report()
    if run.step:
        steps = [{"id": "8", "status": "SUCCESS"}, {"id": "9", "status": "FAILED"}]
        known["execution/node/7/wfapi/describe"] = {"id": "7", "stageFlowNodes": steps}
        known["execution/node/9/wfapi/log"] = {"nodeId": "9", "nodeStatus": "FAILED", **run.step}
    return known


def _json(found: dict[str, Any], request: httpx.Request) -> httpx.Response:
    return httpx.Response(200, json=pruned(found, request.url.params.get("tree", "")))


def _not_found() -> httpx.Response:
    return httpx.Response(404, html="<html><head><title>Error 404 Not Found</title></head></html>")


def _stages(run: Run) -> dict[str, Any]:
    ended = "IN_PROGRESS" if run.looks else run.result
    states = [("Build", "SUCCESS"), ("Test", ended)]
    rows = [
        {"id": str(6 + at), "name": name, "status": status, "durationMillis": 1600}
        for at, (name, status) in enumerate(states)
    ]
    return {"id": str(run.number), "name": f"#{run.number}", "status": ended, "stages": rows}


def _report() -> dict[str, Any]:
    cases = [{"className": group, "name": name, "status": status} for group, name, status in CASES]
    return {
        "_class": "hudson.tasks.junit.TestResult",
        "failCount": 1,
        "passCount": 1,
        "suites": [{"name": "portal", "cases": cases}],
    }


def hospital() -> PlayedJenkins:
    """Return a Jenkins that has built 1.4.1 and 1.4.2 green and 1.5.0 red."""
    found = PlayedJenkins(*repository())
    portal = found.job("clinical/portal")
    for version, result in (("1.4.1", "SUCCESS"), ("1.4.2", "SUCCESS"), ("1.5.0", "UNSTABLE")):
        found.ran(portal, version, result)
    found.job("clinical/deploy-portal")
    return found


def portal() -> Service:
    """Return the service that it builds."""
    where = ("clinical/portal", "clinical/deploy-portal", repository()[0])
    return Service("portal", "web", "A", CiTarget("jenkins", *where, "portal/{version}"), ())


@asynccontextmanager
async def connected() -> AsyncIterator[Ci]:
    """Yield the provider, which signs in by an API token."""
    async with httpx.AsyncClient(verify=NO_TLS) as client:
        yield connect(Credentials(URL, "wardroom", token="11aa22bb"), client)


@asynccontextmanager
async def playing() -> AsyncIterator[tuple[Ci, Service]]:
    """Play Jenkins as it is when all is well."""
    there = hospital()
    with respx.mock(assert_all_called=False, assert_all_mocked=False) as router:
        router.route(host="ci.hospital.test").mock(side_effect=there.answer)
        router.route().pass_through()
        async with connected() as ci:
            yield ci, portal()


@asynccontextmanager
async def failing(fault: Fault) -> AsyncIterator[tuple[Ci, Service]]:
    """Play Jenkins with one fault."""
    with every_request(fault):
        async with connected() as ci:
            yield ci, portal()
