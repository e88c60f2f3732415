"""A played Buildbot 4: builders, requests and builds, with answers as its REST API v2 shapes them.

Source: docs.buildbot.net, "REST API" and "Data API"; the rows are those that Buildbot 4.3 answers.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import httpx
import respx

from bot.api import Credentials
from bot.model import CiTarget, Service
from integrations.buildbot import connect
from tests.contracts.faults import every_request
from tests.integrations.buildbot.repository import repository
from tests.serving import NO_TLS

if TYPE_CHECKING:
    from bot.ports import Ci
    from tests.contracts.faults import Fault

URL = "http://ci.hospital.test:8010/"
BEGAN = 1_795_313_490  # seconds since the epoch
SUCCESS, FAILURE = 0, 2
BUILDERS = {"deploy-portal": 1, "portal": 3}
JUNIT = '<testcase name="shows"/>\n<testcase name="hides">\n<failure>no</failure></testcase>\n'
WAITS = -1  # the results of a request that is not complete


@dataclass
class Request:
    """One build request and its build, once a worker took it; it ends when looked at so often."""

    id: int
    builder: int
    properties: dict[str, str]
    results: int = SUCCESS
    build: int = 0
    looks: int = 0

    @property
    def is_over(self) -> bool:
        """Say whether its build has ended."""
        return self.build > 0 and self.looks == 0

    def row(self, names: list[str]) -> dict[str, Any]:
        """Return its row of `buildrequests`."""
        return {
            "buildrequestid": self.id,
            "builderid": self.builder,
            "buildsetid": self.id,
            "claimed": self.build > 0,
            "complete": self.is_over,
            "properties": _named(self.properties, names, "Force Build Form"),
            "results": self.results if self.is_over else WAITS,
            "submitted_at": BEGAN,
        }

    def build_row(self, names: list[str]) -> dict[str, Any]:
        """Return its row of `builds`."""
        return {
            "buildid": self.build,
            "builderid": self.builder,
            "buildrequestid": self.id,
            "complete": self.is_over,
            "complete_at": BEGAN + 9 if self.is_over else None,
            "number": self.build,
            "properties": _named(self.properties, names, "Build"),
            "results": self.results if self.is_over else None,
            "started_at": BEGAN,
            "state_string": "finished" if self.is_over else "building",
        }


@dataclass
class PlayedBuildbot:
    """Keeps requests and builds, and answers requests about them."""

    requests: dict[int, Request] = field(default_factory=dict)

    def asked(self, builder: int, properties: dict[str, str]) -> Request:
        """Have a request for a builder, which no worker has taken yet."""
        made = Request(len(self.requests) + 1, builder, properties)
        self.requests[made.id] = made
        return made

    def ran(self, builder: int, properties: dict[str, str], results: int) -> Request:
        """Have a build that has ended."""
        made = self.asked(builder, {**properties, "got_revision": properties["revision"]})
        made.build, made.results = 100 + made.id, results
        return made

    def answer(self, request: httpx.Request) -> httpx.Response:
        """Answer a request as Buildbot does."""
        parts = request.url.path.removeprefix("/api/v2/").split("/")
        query = request.url.params
        names = query.get_list("property")
        match parts:
            case ["forceschedulers", name] if request.method == "POST":
                made = self._force(name, json.loads(request.content))
            case ["builders", number, below]:
                made = self._of_builder(int(number), below, names, query)
            case ["builds", *below]:
                made = self._builds(below, names, query)
            case ["buildsets"]:
                made = _rows("buildsets", [_set(one) for one in self.requests.values()], query)
            case ["steps", number, "logs"]:
                made = _ok("logs", self._logs(int(number)))
            case ["logs", number, "contents"]:
                content = JUNIT if int(number) % 10 else "oRan 2 tests\neFAILED (failures=1)\n"
                made = _ok("logchunks", [{"content": content, "firstline": 0}])
            case [kind, name]:
                made = self._one(kind, name, names)
            case _:
                made = _missing()
        return made

    def _one(self, kind: str, name: str, names: list[str]) -> httpx.Response:
        found: list[dict[str, Any]] = []
        if kind == "builders":
            found = [
                {"builderid": number, "name": one, "masterids": [1]}
                for one, number in BUILDERS.items()
                if name in (one, str(number))
            ]
        elif kind == "buildrequests":
            found = [one.row(names) for one in self.requests.values() if str(one.id) == name]
        return _ok(kind, found) if found else _missing()

    def _of_builder(
        self, number: int, below: str, names: list[str], query: httpx.QueryParams
    ) -> httpx.Response:
        mine = [one for one in self.requests.values() if one.builder == number]
        if below == "buildrequests":
            return _rows(below, [one.row(names) for one in mine], query)
        return _rows(below, [one.build_row(names) for one in mine if one.build], query)

    def _force(self, name: str, sent: dict[str, Any]) -> httpx.Response:
        if name not in BUILDERS:
            text = "AttributeError(\"'NoneType' object has no attribute 'force'\")"
            return httpx.Response(500, json={"error": {"code": -32603, "message": text}})
        made = self.asked(BUILDERS[name], dict(sent["params"]))
        result = [made.id, {str(made.builder): made.id}]
        return httpx.Response(200, json={"jsonrpc": "2.0", "id": sent["id"], "result": result})

    def _built(self) -> list[Request]:
        return [one for one in self.requests.values() if one.build]

    def _builds(
        self, below: list[str], names: list[str], query: httpx.QueryParams
    ) -> httpx.Response:
        if not below:
            found = [
                one for one in self.requests.values() if str(one.id) == query["buildrequestid"]
            ]
            self._work(found)
            return _ok("builds", [one.build_row(names) for one in found if one.build])
        mine = [one for one in self._built() if str(one.build) == below[0]]
        if below[1:] == ["steps"]:
            return _ok("steps", [row for one in mine for row in _steps(one)])
        return _ok("builds", [one.build_row(names) for one in mine]) if mine else _missing()

    def _work(self, requests: list[Request]) -> None:
        """Let what was looked at go on: it waits, then runs, then is done."""
        for one in requests:
            if one.build:
                one.looks = max(0, one.looks - 1)
            elif one.looks:
                one.build, one.looks = 100 + one.id, 2
                one.properties["got_revision"] = one.properties["revision"]
            else:
                one.looks = 1

    def _logs(self, step: int) -> list[dict[str, Any]]:
        logs = [{"logid": step * 10, "name": "stdio", "num_lines": 2, "type": "s"}]
        build = next(one for one in self._built() if one.build == step // 10)
        if build.results == FAILURE:
            logs.append({"logid": step * 10 + 1, "name": "junit.xml", "num_lines": 3, "type": "t"})
        return logs


def _set(one: Request) -> dict[str, Any]:
    given = one.properties
    stamp = {"branch": given.get("branch"), "revision": given.get("revision"), "codebase": ""}
    return {"bsid": one.id, "complete": one.is_over, "sourcestamps": [stamp]}


def _steps(one: Request) -> list[dict[str, Any]]:
    return [
        {
            "stepid": one.build * 10,
            "name": "test",
            "hidden": False,
            "started_at": BEGAN,
            "complete": one.is_over,
            "complete_at": BEGAN + 9 if one.is_over else None,
            "results": one.results if one.is_over else None,
        }
    ]


def _named(given: dict[str, str], names: list[str], source: str) -> dict[str, list[str]]:
    """Return the properties that were asked for, each with its source."""
    return {name: [value, source] for name, value in given.items() if {name, "*"} & set(names)}


def _rows(name: str, rows: list[dict[str, Any]], query: httpx.QueryParams) -> httpx.Response:
    """Return rows as the Data API does: chosen, ordered and cut by the query."""
    if wanted := query.get("complete"):
        rows = [row for row in rows if row["complete"] is (wanted == "true")]
    if order := query.get("order"):
        key = order.removeprefix("-")
        rows = sorted(rows, key=lambda row: int(row[key]), reverse=order != key)
    first = int(query.get("offset", 0))
    return _ok(name, rows[first : first + int(query.get("limit", len(rows)))])


def _ok(name: str, rows: list[dict[str, Any]]) -> httpx.Response:
    return httpx.Response(200, json={name: rows, "meta": {"total": len(rows)}})


def _missing() -> httpx.Response:
    return httpx.Response(404, json={"error": "Invalid path"})


def hospital() -> PlayedBuildbot:
    """Return a Buildbot that has built 1.4.1 and 1.4.2 green and 1.5.0 red."""
    there, (_, commits) = PlayedBuildbot(), repository()
    for version, results in (("1.4.1", SUCCESS), ("1.4.2", SUCCESS), ("1.5.0", FAILURE)):
        given = {"branch": f"portal/{version}", "revision": commits[version]}
        there.ran(BUILDERS["portal"], given, results)
    return there


def portal() -> Service:
    """Return the service that it builds."""
    target = CiTarget("buildbot", "portal", "deploy-portal", repository()[0], "portal/{version}")
    return Service("portal", "web", "A", target, ())


@asynccontextmanager
async def connected() -> AsyncIterator[Ci]:
    """Yield the provider, which logs in when it has to."""
    async with httpx.AsyncClient(verify=NO_TLS) as client:
        yield connect(Credentials(URL, "wardroom", "secret"), client)


@asynccontextmanager
async def playing() -> AsyncIterator[tuple[Ci, Service]]:
    """Play Buildbot as it is when all is well."""
    there = hospital()
    with respx.mock(assert_all_called=False, assert_all_mocked=False) as router:
        router.route(host="ci.hospital.test").mock(side_effect=there.answer)
        router.route().pass_through()
        async with connected() as ci:
            yield ci, portal()


@asynccontextmanager
async def failing(fault: Fault) -> AsyncIterator[tuple[Ci, Service]]:
    """Play Buildbot with one fault."""
    with every_request(fault):
        async with connected() as ci:
            yield ci, portal()
