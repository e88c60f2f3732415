"""The timeline of a run, record by record, and the log of one of its steps."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any, Final

from tests.integrations.azure.organisation import moment

if TYPE_CHECKING:
    from tests.integrations.azure.organisation import Run

LOG: Final = tuple(
    f"2026-03-02T09:41:{i:02}.1234567Z {line}"
    for i, line in enumerate(
        ("##[section]Starting: Test", "collected 3 items", "2 failed, 1 passed", "##[error]Exit 1")
    )
)
STATES: Final = {"inProgress": "inProgress", "completed": "completed", "cancelling": "inProgress"}


def record(name: str, kind: str, parent: str | None, **more: Any) -> dict[str, Any]:
    """Return a record, with the id that its name makes it."""
    made: dict[str, Any] = {
        "previousAttempts": [],
        "id": identity(kind, name),
        "type": kind,
        "name": name,
        "percentComplete": None,
        "state": "completed",
        "result": "succeeded",
        "changeId": 7,
        "lastModified": "0001-01-01T00:00:00",
        "order": 1,
        "log": None,
        "task": None,
        "attempt": 1,
        "identifier": name,
    }
    return {**made, **({"parentId": parent} if parent else {}), **more}


def identity(kind: str, name: str) -> str:
    """Return the id of a record."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"{kind}/{name}"))


def timeline(run: Run) -> dict[str, Any]:
    """Return the timeline of a run: one stage that builds, one that tests."""
    state = STATES[run.status]
    result = run.ends if state == "completed" else None
    times = {"startTime": moment(run.queued)}
    if state == "completed":
        times["finishTime"] = moment(run.queued)
    log = {"id": 8, "type": "Container", "url": "https://dev.azure.test/acme/logs/8"}
    build, test = identity("Stage", "Build"), identity("Stage", "Test")
    records = [
        record("Test", "Stage", None, order=2, state=state, result=result, **times),
        record("Build", "Stage", None, order=1),
        record("Compile", "Task", build, log={**log, "id": 5}, **times),
        record("Run tests", "Task", test, state=state, result=result, log=log, **times),
    ]
    return {
        "records": records,
        "lastChangedBy": "00000002-0000-8888-8000-000000000000",
        "lastChangedOn": moment(run.queued),
        "id": "eee49d06-c7e6-4682-9e81-96cd11f5780d",
        "changeId": 7,
        "url": "https://dev.azure.test/acme/timeline",
    }
