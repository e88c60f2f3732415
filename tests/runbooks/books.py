"""A runbook that is well, as the tests begin from one and break it."""

from __future__ import annotations

from copy import deepcopy
from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from pathlib import Path

BOOK: dict[str, Any] = {
    "name": "late-results",
    "title": "Results come late",
    "owner": "interfaces",
    "review_by": "2027-01-31",
    "severity": 2,
    "summary": "Results of {{ service }} are older than they should be.",
    "tags": ["hl7"],
    "services": ["lab-results"],
    "parameters": [
        {"name": "service", "type": "service", "description": "Whose results"},
        {
            "name": "how",
            "type": "choice",
            "choices": ["slow", "none"],
            "default": "slow",
            "description": "How late they are",
        },
    ],
    "contacts": [
        {
            "who": "Lab manager",
            "by": "extension 4711",
            "otherwise": [{"who": "House supervisor", "by": "the switchboard"}],
        }
    ],
    "rollback": "Nothing is changed.",
    "steps": [
        {"id": "build", "run": "ci status of {{ service }}"},
        {
            "id": "where",
            "title": "Where it is",
            "run": "deploy where is {{ service }}",
            "when": "how == 'none' or steps.build.state != 'green'",
        },
        {"id": "look", "manual": "Look at the queue of {{ service }}."},
        {
            "id": "cause",
            "decision": "What is it?",
            "evidence": ["build", "look"],
            "options": [
                {"option": "receiver", "consequence": "The receiver is restarted by its owner."},
                {"option": "volume", "consequence": "It drains by itself.", "goto": "end"},
            ],
        },
        {"id": "told", "notify": "Results are late.", "people": ["Lab manager"]},
    ],
}


def book(**over: Any) -> dict[str, Any]:
    """Return the runbook with other values at its top."""
    return {**deepcopy(BOOK), **over}


def with_step(number: int, **over: Any) -> dict[str, Any]:
    """Return the runbook with other values in one step; None takes a key away."""
    made = book()
    step = {**made["steps"][number], **over}
    made["steps"][number] = {key: value for key, value in step.items() if value is not None}
    return made


def with_wait(**over: Any) -> dict[str, Any]:
    """Return the runbook with a first step that waits, with other values in it."""
    wait = {"wait_until": "steps.build.state == 'green'", "within_minutes": 10}
    return with_step(0, **{**wait, **over})


def with_together(*runs: str, **over: Any) -> dict[str, Any]:
    """Return the runbook with a first step of commands that are typed together: a0, a1...."""
    asked = [{"id": f"a{number}", "run": run} for number, run in enumerate(runs)]
    first = {"id": "build", "together": asked, **over}
    return book(steps=[first, {"id": "look", "manual": "Look at the queue."}])


def with_each(**over: Any) -> dict[str, Any]:
    """Return the runbook with a first step that is done for each of a list."""
    step = {"for_each": "{{ ports }}", "run": "ci status of {{ item }}"}
    made = with_step(0, **{**step, **over})
    ports = {"name": "ports", "type": "list", "description": "Which"}
    return {**made, "parameters": [*made["parameters"], ports]}


def with_parameter(**parameter: Any) -> dict[str, Any]:
    """Return the runbook with one more parameter."""
    new = {"name": "another", "description": "Another one", **parameter}
    return book(parameters=[*book()["parameters"], new])


def with_options(*options: dict[str, str]) -> dict[str, Any]:
    """Return the runbook with other options of its decision."""
    return with_step(3, options=list(options))


def write(folder: Path, made: dict[str, Any] | None = None, name: str = "") -> Path:
    """Write a runbook into a folder, under its own name."""
    made = made or book()
    file = folder / f"{name or made['name']}.yaml"
    file.write_text(yaml.safe_dump(made, sort_keys=False))
    return file
