"""A Jira in memory, Cloud or Data Center, with a workflow of changes."""

from __future__ import annotations

import json
import re
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import httpx

from bot.api import Credentials, TicketMapping, TicketState
from integrations.jira import connect
from tests.contracts import openapi
from tests.contracts.faults import every_request
from tests.contracts.ticket_vendors import Line

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from integrations.jira.provider import Jira
    from tests.contracts.faults import Fault

URL = "https://hospital.atlassian.net/"
CLOUD = Credentials(url=URL, user="wardroom@hospital.example", token="t0k3n")
CENTER = Credentials(url=URL, token="t0k3n")
MAPPING = TicketMapping(project="CHG", issue_type="Change")
SPECIFICATION = openapi.read("tickets/jira/jira-platform-subset.openapi.json", URL)
WAY = ("Open", "Awaiting approval", "Awaiting implementation", "Implementing", "Completed")
ENDS = ("Completed", "Failed", "Canceled", "Declined")
OURS = {
    "Open": TicketState.NEW,
    "Awaiting approval": TicketState.AWAITING_APPROVAL,
    "Awaiting implementation": TicketState.SCHEDULED,
    "Implementing": TicketState.IMPLEMENT,
    "Completed": TicketState.CLOSED,
    "Failed": TicketState.CLOSED,
    "Canceled": TicketState.CANCELLED,
    "Declined": TicketState.REJECTED,
}
ISSUE = re.compile(r"/rest/api/[23]/issue/(CHG-\d+)(/transitions)?")
APPROVAL = re.compile(r"/rest/servicedeskapi/request/(CHG-\d+)/approval")
JQL = re.compile(r'project = "CHG" AND labels = "([^"]+)" ORDER BY created')
NOT_IN_SUBSET = ("/search/jql", "/servicedeskapi/")


@dataclass
class Site:
    """The site; `late` issues are not found by its search yet, `cab` asks for an approval."""

    issues: list[dict[str, Any]] = field(default_factory=list)
    approvals: dict[str, str] = field(default_factory=dict)
    late: bool = False
    cab: bool = False
    is_desk: bool = True
    way: tuple[str, ...] = WAY
    line: Line = field(init=False)

    def __post_init__(self) -> None:
        """Listen."""
        self.line = Line(self.answer, opens=_opens)

    def answer(self, request: httpx.Request) -> httpx.Response:
        """Answer one request, which has to be one that the vendor's document has."""
        path = request.url.path
        is_cloud = "/api/3/" in path
        if is_cloud and SPECIFICATION and not any(one in path for one in NOT_IN_SUBSET):
            assert SPECIFICATION.problems(request) == []
        body = json.loads(request.content) if request.content else {}
        if path.endswith(("/api/3/search/jql", "/api/2/search")):
            return self._search(request.url.params["jql"])
        if path.endswith("/issue"):
            return self._open(body["fields"], is_cloud=is_cloud)
        return self._one(request, path, body)

    def _one(self, request: httpx.Request, path: str, body: Mapping[str, Any]) -> httpx.Response:
        if found := APPROVAL.fullmatch(path):
            return self._approvals(found[1])
        if found := ISSUE.fullmatch(path):
            issue = next((one for one in self.issues if one["key"] == found[1]), None)
            if issue is None:
                return httpx.Response(404, json={"errorMessages": ["Issue does not exist"]})
            return self._of(issue, request.method, body, moves=bool(found[2]))
        if path.endswith("/project/CHG"):
            return httpx.Response(200, json={"id": "10000", "key": "CHG", "name": "Changes"})
        return httpx.Response(404, json={"errorMessages": ["null for uri"]})

    # --- what people do there

    def numbers(self) -> list[str]:
        """Return every issue."""
        return [one["key"] for one in self.issues]

    def state(self, number: str) -> TicketState:
        """Return where one is."""
        return OURS[self.issue(number)["fields"]["status"]["name"]]

    def words(self, number: str) -> str:
        """Return everything that one says."""
        return json.dumps(self.issue(number))

    def cancel(self, number: str) -> None:
        """Cancel one by hand."""
        self.issue(number)["fields"]["status"] = _status("Canceled")

    def reject(self, number: str) -> None:
        """Say no, as its approvers do."""
        self.approvals[number] = "declined"
        self.issue(number)["fields"]["status"] = _status("Declined")

    def approve(self, number: str) -> None:
        """Say yes, as its approvers do."""
        self.approvals[number] = "approved"
        self.issue(number)["fields"]["status"] = _status("Awaiting implementation")

    def issue(self, number: str) -> dict[str, Any]:
        """Return one issue."""
        return next(one for one in self.issues if one["key"] == number)

    # --- the API

    def _search(self, jql: str) -> httpx.Response:
        found = JQL.fullmatch(jql)
        if found is None:
            return httpx.Response(400, json={"errorMessages": ["Error in the JQL Query"]})
        rows = [one for one in self.issues if found[1] in one["fields"]["labels"]]
        return httpx.Response(200, json={"issues": [] if self.late else rows, "isLast": True})

    def _open(self, given: Mapping[str, Any], *, is_cloud: bool) -> httpx.Response:
        assert isinstance(given["description"], dict if is_cloud else str)
        if given["issuetype"] != {"name": "Change"}:
            wrong = {"errorMessages": [], "errors": {"issuetype": "Specify a valid issue type"}}
            return httpx.Response(400, json=wrong)
        number = len(self.issues) + 1
        fields = {**given, "status": _status(self.way[0])}
        made = {"id": str(10000 + number), "key": f"CHG-{number}", "fields": fields}
        self.issues.append(made)
        told = {"id": made["id"], "key": made["key"], "self": f"{URL}rest/api/3/issue/{number}"}
        return httpx.Response(201, json=told)

    def _approvals(self, key: str) -> httpx.Response:
        if not self.is_desk:
            return httpx.Response(404, json={"errorMessage": "The issue is no customer request"})
        said = self.approvals.get(key)
        if self.cab and said is None and self.state(key) is TicketState.AWAITING_APPROVAL:
            said = "pending"
        rows = [{"id": "1", "name": "CAB", "finalDecision": said}] if said else []
        return httpx.Response(200, json={"size": len(rows), "isLastPage": True, "values": rows})

    def _of(
        self, issue: dict[str, Any], method: str, body: Mapping[str, Any], *, moves: bool
    ) -> httpx.Response:
        fields = issue["fields"]
        ways = self._offered(fields["status"]["name"]) if moves else []
        offered = {str(n): name for n, name in enumerate(ways)}
        if moves and method == "GET":
            rows = [
                {"id": number, "name": f"To {name}", "to": _status(name)}
                for number, name in offered.items()
            ]
            return httpx.Response(200, json={"expand": "transitions", "transitions": rows})
        if moves:
            to = offered.get(body["transition"]["id"])
            if to is None:
                said = f"It seems that you have tried an illegal transition ({body})"
                return httpx.Response(400, json={"errorMessages": [said], "errors": {}})
            fields["status"] = _status(to)
            return httpx.Response(204)
        if method == "PUT":
            fields.update(body["fields"])
            return httpx.Response(204)
        return httpx.Response(200, json=issue)

    def _offered(self, here: str) -> list[str]:
        if here in ENDS:
            return []
        following = [*self.way[self.way.index(here) + 1 :][:1], "Canceled"]
        if self.cab and here == "Awaiting approval":
            following.pop(0)
        # The failing end comes first: it must not be taken for a success.
        return ["Failed", *following] if here == "Implementing" else following


def _status(name: str) -> dict[str, Any]:
    done = name in ENDS
    category = {"id": 3, "key": "done"} if done else {"id": 4, "key": "indeterminate"}
    return {"id": "10001", "name": name, "statusCategory": category}


def _opens(request: httpx.Request) -> bool:
    return request.method == "POST" and request.url.path.endswith("/issue")


@asynccontextmanager
async def playing(
    *,
    given: Credentials = CLOUD,
    mapping: TicketMapping = MAPPING,
    way: tuple[str, ...] = WAY,
) -> AsyncIterator[tuple[Jira, Site]]:
    """Play a site that is well."""
    site = Site(way=way)
    async with httpx.AsyncClient(transport=httpx.MockTransport(site.line)) as client:
        yield connect(given, client, mapping), site


@asynccontextmanager
async def failing(fault: Fault) -> AsyncIterator[Jira]:
    """Play a site with one fault."""
    with every_request(fault):
        async with httpx.AsyncClient() as client:
            yield connect(CLOUD, client, MAPPING)
