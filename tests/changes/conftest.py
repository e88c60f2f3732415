"""A house with dependencies between its services and a file of templates."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.house import Chat, opened, write_site

TEMPLATE = {
    "id": "restart",
    "title": "Restart the interface",
    "owner": "interfaces",
    "services": ["lab-results"],
    "environments": ["production"],
    "authorised_by": "safety-officer",
    "authorised_until": "2026-12-10",
    "clinical_impact": "results are two minutes late",
    "implementation": "stop and start",
    "test_evidence": "every month in test",
    "backout": "start it again",
    "validator": "safety-officer",
    "bounds": {
        "version": "1\\.4\\.[0-9]+",
        "sites": ["main"],
        "max_hours": 2,
        "parameters": {"channel": {"one_of": ["oru", "adt"]}, "batch": {"min": 1, "max": 50}},
    },
}
OLD = {**TEMPLATE, "id": "old", "authorised_until": "2026-11-21"}
LATER = {**TEMPLATE, "id": "later", "authorised_until": "2027-11-21"}


@pytest.fixture
def ward(launched_url: str, tmp_path: Path) -> Path:
    """Settings where portal depends on lab-results, and three templates."""
    file = write_site(tmp_path, launched_url, templates="templates.yaml")
    (tmp_path / "templates.yaml").write_text(json.dumps([TEMPLATE, OLD, LATER]))
    services = json.loads((tmp_path / "services.yaml").read_text())
    for service in services:
        service["sites"] = ["main", "west"]
        if service["id"] == "portal":
            service["depends_on"] = ["lab-results"]
    (tmp_path / "services.yaml").write_text(json.dumps(services))
    return file


@pytest.fixture
async def chat(ward: Path) -> AsyncIterator[Chat]:
    """A running house that a test types to."""
    async with opened(ward) as open_chat:
        yield open_chat
