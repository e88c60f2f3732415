"""A played TeamCity: configurations, the queue and builds, with answers as its API shapes them.

Sources: www.jetbrains.com/help/teamcity/rest (Build, Builds, Revisions, BuildType, TestOccurrences,
"Start and Cancel Builds") and "Build Log" of TeamCity's help for the address of a log.
"""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import httpx
import respx

from bot.api import Credentials
from bot.model import CiTarget, Service
from integrations.teamcity import connect
from tests.contracts.faults import every_request
from tests.integrations.buildbot.repository import repository
from tests.serving import NO_TLS

if TYPE_CHECKING:
    from bot.ports import Ci
    from tests.contracts.faults import Fault

HOST = "https://teamcity.hospital.test"
URL = f"{HOST}/tc"
TOKEN = "eyJ0eXAiOiAiVENWMiJ9.wardroom"
BUILD, DEPLOY = "Clinical_Portal_Build", "Clinical_Portal_Deploy"
GIT, LIBRARY = "Clinical_PortalGit", "Clinical_LibraryGit"
CORRELATION = "env.WARDROOM_CORRELATION"
_CONFIGURATION = re.compile(r"buildType:\(id:(\w+)\),defaultFilter:false,state:any,count:(\d+)")
_HAVING = re.compile(r",property:\(name:([\w.]+),value:([\w.-]+),matchType:equals\)$")
Row = dict[str, Any]


@dataclass
class Run:
    """One build of a configuration; it moves on each time that it is looked at."""

    id: int
    configuration: str
    given: dict[str, str]
    revisions: dict[str, str]  # the commit of each VCS root
    status: str = "SUCCESS"
    state: str = "finished"
    more: Row = field(default_factory=dict)  # what is told beside that, or in its place
    tests: list[Row] = field(default_factory=list)
    log: bytes = b"[08:00:01]i: TeamCity server version is 2025.11\n[08:00:09] : hides FAILED\n"

    def moves(self) -> None:
        """Go on: from the queue to an agent, and from there to an end."""
        self.state = {"queued": "running", "running": "finished"}.get(self.state, self.state)

    def answer(self) -> Row:
        """Return it as the fields of Build that are asked for; null ones are left out."""
        made: Row = {
            "id": self.id,
            "buildTypeId": self.configuration,
            "state": self.state,
            "queuedDate": "20261122T075900+0100",
            "revisions": {
                "revision": [
                    {"version": commit, "vcs-root-instance": {"vcs-root-id": root}}
                    for root, commit in self.revisions.items()
                ]
            },
            "properties": {
                "property": [{"name": name, "value": value} for name, value in self.given.items()]
            },
        }
        if self.state == "queued":
            made["waitReason"] = "There are no idle compatible agents which can run this build"
        else:
            made |= {"status": self.status, "startDate": "20261122T080000+0100"}
        if self.state == "finished":
            made["finishDate"] = "20261122T080042+0100"
        return {**made, **self.more}


@dataclass
class PlayedTeamCity:
    """Keeps configurations and builds, and answers requests about them."""

    commits: dict[str, str]
    roots: dict[str, list[str]] = field(default_factory=dict)
    chains: dict[str, list[str]] = field(default_factory=dict)
    """On which configurations one stands."""
    runs: list[Run] = field(default_factory=list)
    version: tuple[int, int] = (2025, 11)
    instead: dict[str, httpx.Response | Exception] = field(default_factory=dict)
    """What is answered, or raised, to a method and path below the address, whatever is true."""
    asked: list[Row] = field(default_factory=list)
    """The orders that came, as they were sent."""
    is_mute: bool = False
    """Whether it takes orders without ever answering them."""
    has_more: bool = False
    """Whether it says that it did not look through all builds."""
    older: list[Run] = field(default_factory=list)
    """The last one that it looked at, where it did not look at all."""
    pins: bool = True
    """Whether it builds the commit that it is told."""

    def ran(self, version: str, status: str = "SUCCESS", configuration: str = BUILD) -> Run:
        """Have a build of a version that somebody's push began, and that has ended."""
        revisions = dict.fromkeys(self.roots[configuration], self.commits[version])
        run = Run(4700 + len(self.runs), configuration, {"env.CI": "yes"}, revisions, status)
        self.runs.append(run)
        return run

    def answer(self, request: httpx.Request) -> httpx.Response:
        """Answer a request as TeamCity does."""
        path = request.url.path.removeprefix("/tc/")
        match self.instead.get(f"{request.method} {path}"):
            case Exception() as error:
                raise error
            case httpx.Response() as made:
                return httpx.Response(made.status_code, headers=made.headers, content=made.content)
        if request.headers.get("authorization") != f"Bearer {TOKEN}":
            return httpx.Response(401, text="Authentication required")
        answer = self._answer(path, request)
        if self.is_mute and request.method == "POST":
            raise httpx.ReadTimeout("nothing came", request=request)
        return answer

    def _answer(self, path: str, request: httpx.Request) -> httpx.Response:
        match path.split("/"):
            case ["app", "rest", "server"]:
                major, minor = self.version
                numbers = {"versionMajor": major, "versionMinor": minor}
                return httpx.Response(200, json={"version": f"{major}.{minor:02}", **numbers})
            case ["app", "rest", "buildQueue"] if request.method == "POST":
                return self._begin(json.loads(request.content))
            case ["app", "rest", "buildTypes", locator]:
                return self._configuration(locator.removeprefix("id:"))
            case _:
                return self._of_builds(path, request)

    def _of_builds(self, path: str, request: httpx.Request) -> httpx.Response:
        if path == "app/rest/builds":
            return self._list(request.url.params["locator"])
        if found := re.fullmatch(r"app/rest/builds/id:(\d+)", path):
            return self._build(int(found[1]))
        if path == "app/rest/testOccurrences":
            return self._tests(request.url.params["locator"])
        if path == "downloadBuildLog.html":
            run = self._run(int(request.url.params["buildId"]))
            return httpx.Response(200, content=run.log, headers={"content-type": "text/plain"})
        return _missing("what was asked for")

    def _run(self, number: int) -> Run:
        return next(run for run in self.runs if run.id == number)

    def _list(self, locator: str) -> httpx.Response:
        found = _CONFIGURATION.match(locator)
        assert found, locator
        if found[1] not in self.roots:
            return _missing("No build type or template is found by id")
        having, most = _HAVING.search(locator), int(found[2])
        rows = [run for run in self.runs if run.configuration == found[1]]
        if having:
            rows = [run for run in rows if run.given.get(having[1]) == having[2]]
        if start := re.search(r",start:(\d+)$", locator):
            rows = self.older if int(start[1]) == 4999 else []
            return httpx.Response(200, json={"count": 1, "build": [run.answer() for run in rows]})
        told: list[Row] = [run.answer() for run in reversed(rows)][:most]
        answer: Row = {"count": len(told), **({"build": told} if told else {})}
        if self.has_more:
            answer["nextHref"] = "/tc/app/rest/builds?locator=lookupLimit:10000"
        return httpx.Response(200, json=answer)

    def _build(self, number: int) -> httpx.Response:
        if number not in [run.id for run in self.runs]:
            return _missing(f"No build found by build id '{number}'.")
        run = self._run(number)
        answer = run.answer()
        run.moves()
        return httpx.Response(200, json=answer)

    def _tests(self, locator: str) -> httpx.Response:
        found = re.fullmatch(r"build:\(id:(\d+)\),status:FAILURE,muted:false,count:\d+", locator)
        assert found, locator
        return httpx.Response(200, json={"testOccurrence": self._run(int(found[1])).tests})

    def _configuration(self, name: str) -> httpx.Response:
        if name not in self.roots:
            return _missing("No build type or template is found by id")
        rows = [{"id": root, "vcs-root": {"id": root}} for root in self.roots[name]]
        chain = [{"id": each} for each in self.chains.get(name, [])]
        told = {"vcs-root-entries": {"count": len(rows), "vcs-root-entry": rows}}
        stands = {"count": len(chain), **({"snapshot-dependency": chain} if chain else {})}
        return httpx.Response(200, json={"id": name, **told, "snapshot-dependencies": stands})

    def _begin(self, body: Row) -> httpx.Response:
        self.asked.append(body)
        name = body["buildType"]["id"]
        sent = body.get("revisions", {"revision": []})
        told = {one["vcs-root-instance"]["vcs-root-id"]: one["version"] for one in sent["revision"]}
        everyone = [name, *self.chains.get(name, [])]
        missing = {root for each in everyone for root in self.roots[each]} - set(told)
        if told and missing and sent["failOnMissingRevisions"]:
            return _refused(400, f"Missing revisions for VCS roots: {', '.join(missing)}")
        pinned = {} if missing or not self.pins else told
        newest = dict.fromkeys(self.roots[name], self.commits["1.5.0"])
        given = {one["name"]: one["value"] for one in body["properties"]["property"]}
        revisions = {root: pinned.get(root, now) for root, now in newest.items()}
        run = Run(4700 + len(self.runs), name, given, revisions, state="queued")
        self.runs.append(run)
        return httpx.Response(200, json=run.answer())


def _missing(why: str) -> httpx.Response:
    return _refused(404, why)


def _refused(status: int, why: str) -> httpx.Response:
    said = f"Responding with error, status code: {status}."
    return httpx.Response(status, json={"errors": [{"message": why, "statusText": said}]})


def hospital() -> PlayedTeamCity:
    """Return a TeamCity that has built 1.4.1 and 1.4.2 green and 1.5.0 red."""
    found = PlayedTeamCity(repository()[1], {BUILD: [GIT], DEPLOY: [GIT]})
    found.ran("1.4.1")
    found.ran("1.4.2")
    red = found.ran("1.5.0", "FAILURE")
    red.tests = [{"name": "portal.BannerTest.hides", "status": "FAILURE", "muted": False}]
    details = {"type": "TC_FAILED_TESTS", "details": "1 test failed", "muted": False}
    red.more = {"problemOccurrences": {"problemOccurrence": [details]}}
    return found


def portal(builder: str = BUILD, deploy_builder: str = DEPLOY) -> Service:
    """Return the service that it builds."""
    where = CiTarget("teamcity", builder, deploy_builder, repository()[0], "portal/{version}")
    return Service("portal", "web", "A", where, ())


@asynccontextmanager
async def connected() -> AsyncIterator[Ci]:
    """Yield the provider."""
    async with httpx.AsyncClient(verify=NO_TLS) as client:
        yield connect(Credentials(URL, token=TOKEN), client)


@asynccontextmanager
async def playing() -> AsyncIterator[tuple[Ci, Service]]:
    """Play TeamCity as it is when all is well."""
    there = hospital()
    with respx.mock(assert_all_called=False, assert_all_mocked=False) as router:
        router.route(host="teamcity.hospital.test").mock(side_effect=there.answer)
        router.route().pass_through()
        async with connected() as ci:
            yield ci, portal()


@asynccontextmanager
async def failing(fault: Fault) -> AsyncIterator[tuple[Ci, Service]]:
    """Play TeamCity with one fault."""
    with every_request(fault):
        async with connected() as ci:
            yield ci, portal()
