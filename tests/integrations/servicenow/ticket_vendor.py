"""A ServiceNow instance in memory: its two APIs as the documentation writes them."""

from __future__ import annotations

import json
import re
import uuid
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import httpx

from bot.api import Credentials, TicketMapping, TicketState
from integrations.servicenow import connect
from tests.contracts.faults import every_request
from tests.contracts.ticket_vendors import Line

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from integrations.servicenow.provider import ServiceNow
    from tests.contracts.faults import Fault

URL = "https://hospital.service-now.com/"
CREDENTIALS = Credentials(url=URL, user="wardroom", password="s3cret")
TEMPLATE = "508e02ec47410200e90d87e8dee49058"
LABELS = {
    "-5": "New",
    "-4": "Assess",
    "-3": "Authorize",
    "-2": "Scheduled",
    "-1": "Implement",
    "0": "Review",
    "3": "Closed",
    "4": "Canceled",
}
WAYS = {
    "normal": ("-5", "-4", "-3", "-2", "-1", "0", "3"),
    "emergency": ("-5", "-3", "-2", "-1", "0", "3"),
    "standard": ("-5", "-2", "-1", "0", "3"),
}
CODES = {
    "successful": "Successful",
    "successful_issues": "Successful with issues",
    "unsuccessful": "Unsuccessful",
}
RISKS = {"2": "High", "3": "Moderate", "4": "Low"}
OURS = {
    "-5": TicketState.NEW,
    "-4": TicketState.AWAITING_APPROVAL,
    "-3": TicketState.AWAITING_APPROVAL,
    "-2": TicketState.SCHEDULED,
    "-1": TicketState.IMPLEMENT,
    "0": TicketState.REVIEW,
    "3": TicketState.CLOSED,
    "4": TicketState.CANCELLED,
}
CHANGE = re.compile(r"/api/sn_chg_rest/change/([0-9a-f]{32})(/nextstates|/conflict)?")
OPEN = re.compile(r"/api/sn_chg_rest/change/(normal|emergency|standard)(?:/([0-9a-f]{32}))?")
READ_ONLY = ("sys_id", "number", "type", "approval", "conflict_status", "conflict_last_run")


@dataclass
class Instance:
    """The instance; `cab` says that a normal change waits for its approval."""

    cab: bool = False
    records: list[dict[str, str]] = field(default_factory=list)
    conflicts: list[dict[str, str]] = field(default_factory=list)
    checks: int = 0  # of its calendars, that have ended
    is_stuck: bool = False  # a check of its calendars begins and does not end
    line: Line = field(init=False)

    def __post_init__(self) -> None:
        """Listen."""
        self.line = Line(self.answer, opens=_opens)

    def answer(self, request: httpx.Request) -> httpx.Response:
        """Answer one request."""
        if request.headers.get("authorization") != "Basic d2FyZHJvb206czNjcmV0":
            return _error(401, "User Not Authenticated", "Required to provide Auth information")
        path = request.url.path
        body = json.loads(request.content) if request.content else {}
        if path.startswith("/api/now/table/"):
            return self._table(path.rpartition("/")[2], request.url.params)
        if found := OPEN.fullmatch(path):
            return self._open(found[1], found[2], {**request.url.params, **body})
        if found := CHANGE.fullmatch(path):
            record = next((one for one in self.records if one["sys_id"] == found[1]), None)
            if record is None:
                return _error(404, "No Record found", "Record doesn't exist or ACL restricts")
            return self._of(record, request.method, found[2], body)
        return _error(400, "Requested URI does not represent any resource", path)

    # --- what people do there

    def numbers(self) -> list[str]:
        """Return every change request."""
        return [one["number"] for one in self.records]

    def state(self, number: str) -> TicketState:
        """Return where one is."""
        return OURS[self.record(number)["state"]]

    def words(self, number: str) -> str:
        """Return everything that one says."""
        return json.dumps(self.record(number))

    def cancel(self, number: str) -> None:
        """Cancel one by hand."""
        self.record(number)["state"] = "4"

    def reject(self, number: str) -> None:
        """Say no: the instance puts it back to New."""
        self.record(number).update(approval="rejected", state="-5")

    def approve(self, number: str) -> None:
        """Say yes: the instance schedules it."""
        self.record(number).update(approval="approved", state="-2")

    def record(self, number: str) -> dict[str, str]:
        """Return one record."""
        return next(one for one in self.records if one["number"] == number)

    # --- the APIs

    def _table(self, name: str, params: Mapping[str, str]) -> httpx.Response:
        rows: list[dict[str, str]] = {
            "sys_choice": _choices(),
            "change_request": self.records,
            "conflict": self.conflicts,
        }[name]
        for term in params["sysparm_query"].split("^"):
            key, is_equal, text = term.partition("=")
            if is_equal and name != "sys_choice":
                rows = [row for row in rows if row.get(key) == text]
        wanted = params["sysparm_fields"].split(",")
        some = rows[: int(params["sysparm_limit"])]
        return httpx.Response(200, json={"result": [_pairs(row, wanted) for row in some]})

    def _open(self, kind: str, template: str, given: Mapping[str, str]) -> httpx.Response:
        if (kind == "standard") != bool(template) or template not in (None, TEMPLATE):
            return _error(404, "Template not found", "no such template")
        fresh = {
            "sys_id": uuid.uuid4().hex,
            "number": f"CHG{30000 + len(self.records):07}",
            "type": kind,
            "state": "-5",
            "approval": "not requested",
            "conflict_status": "Not Run",
            "conflict_last_run": "",
            "correlation_id": "",
        }
        fixed = ("description", "backout_plan", "test_plan", "implementation_plan")
        taken = {k: v for k, v in given.items() if not template or k not in fixed}
        self.records.append({**taken, **fresh, "correlation_id": given.get("correlation_id", "")})
        return httpx.Response(200, json={"result": _pairs(self.records[-1])})

    def _of(
        self, record: dict[str, str], method: str, what: str, body: Mapping[str, str]
    ) -> httpx.Response:
        if what == "/nextstates":
            offered = [record["state"], *self._offered(record)]
            labels = {one: LABELS[one] for one in offered}
            return httpx.Response(
                200, json={"result": {"available_states": offered, "state_label": labels}}
            )
        if what == "/conflict" and self.is_stuck:
            return httpx.Response(200, json={"result": uuid.uuid4().hex})
        if what == "/conflict":
            self.checks += 1
            record["conflict_last_run"] = f"2026-11-22 12:00:{self.checks:02}"
            record["conflict_status"] = "Conflict" if self.conflicts else "No Conflict"
            for one in self.conflicts:
                one["change"] = record["sys_id"]
            return httpx.Response(200, json={"result": uuid.uuid4().hex})
        assert method == "PATCH"
        to = body.get("state", record["state"])
        if to != record["state"] and to not in self._offered(record):
            why = "Operation against file 'change_request' was aborted by Business Rule"
            return _error(403, "Operation Failed", why)
        if to == "3" and not (body.get("close_code") in CODES and body.get("close_notes")):
            return _error(403, "Operation Failed", "Data Policy Exception: Close code, Close notes")
        record.update({k: v for k, v in body.items() if k not in READ_ONLY})
        if self.cab and record["state"] in ("-4", "-3"):
            record["approval"] = "requested"
        # Some releases answer with the record, others with a list of it.
        return httpx.Response(200, json={"result": [_pairs(record)]})

    def _offered(self, record: Mapping[str, str]) -> list[str]:
        way, here = WAYS[record["type"]], record["state"]
        if here in ("3", "4"):
            return []
        waits = self.cab and here in ("-4", "-3") and record["approval"] != "approved"
        return [*(() if waits else way[way.index(here) + 1 :][:1]), "4"]


def _pairs(row: Mapping[str, str], wanted: list[str] | None = None) -> dict[str, Any]:
    return {
        name: {"display_value": LABELS.get(text, text) if name == "state" else text, "value": text}
        for name, text in ((name, row.get(name, "")) for name in wanted or row)
    }


def _choices() -> list[dict[str, str]]:
    parts = {"state": LABELS, "close_code": CODES, "risk": RISKS}
    return [
        {"element": element, "value": value, "label": label}
        for element, choices in parts.items()
        for value, label in choices.items()
    ]


def _error(status: int, message: str, detail: str) -> httpx.Response:
    said = {"error": {"message": message, "detail": detail}, "status": "failure"}
    return httpx.Response(status, json=said)


def _opens(request: httpx.Request) -> bool:
    return request.method == "POST" and bool(OPEN.fullmatch(request.url.path))


@asynccontextmanager
async def playing(
    *, cab: bool = False, mapping: TicketMapping | None = None
) -> AsyncIterator[tuple[ServiceNow, Instance]]:
    """Play an instance that is well."""
    instance = Instance(cab=cab)
    transport = httpx.MockTransport(instance.line)
    async with httpx.AsyncClient(transport=transport) as client:
        yield connect(CREDENTIALS, client, mapping), instance


@asynccontextmanager
async def failing(fault: Fault) -> AsyncIterator[ServiceNow]:
    """Play an instance with one fault."""
    with every_request(fault):
        async with httpx.AsyncClient() as client:
            yield connect(CREDENTIALS, client)
