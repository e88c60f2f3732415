"""Say over FHIR what the EHR can do: its capability statement, and nothing about anybody."""

from __future__ import annotations

from http import HTTPStatus

import runtime
import web

FHIR = "application/fhir+json"
FHIR_VERSION = "4.0.1"
RESOURCES = {
    "Patient": ("identifier", "family"),
    "Encounter": ("patient", "status"),
    "ServiceRequest": ("patient", "code"),
}


def capability(version: str) -> dict[str, object]:
    """Return the CapabilityStatement of this version."""
    return {
        "resourceType": "CapabilityStatement",
        "status": "active",
        "date": "2026-03-01",
        "kind": "instance",
        "software": {"name": "ehr-api", "version": version},
        "implementation": {"description": "Sandbox hospital: synthetic patients only"},
        "fhirVersion": FHIR_VERSION,
        "format": ["json"],
        "rest": [{"mode": "server", "resource": [resource(name) for name in RESOURCES]}],
    }


def resource(name: str) -> dict[str, object]:
    """Return what a client may do with one kind of resource."""
    return {
        "type": name,
        "interaction": [{"code": "read"}, {"code": "search-type"}],
        "searchParam": [{"name": field, "type": "token"} for field in RESOURCES[name]],
    }


def refusal() -> web.Page:
    """Return the answer to every other path: records are not served to strangers."""
    issue = {"severity": "error", "code": "login", "diagnostics": "sign in to read records"}
    outcome = {"resourceType": "OperationOutcome", "issue": [issue]}
    return web.json_page(outcome, HTTPStatus.UNAUTHORIZED, FHIR)


async def start(site: runtime.Site, health: runtime.Health) -> runtime.Work:
    """Serve the capability statement."""
    statement = web.json_page(capability(health.version), content_type=FHIR)
    return await web.serve({"/metadata": lambda: statement}, site.port, refusal)


if __name__ == "__main__":
    runtime.main("ehr-api", start)
