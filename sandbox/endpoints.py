"""Where the hospital's services can be asked how they are, each in its own protocol."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from sandbox.loopback import HOST

if TYPE_CHECKING:
    from collections.abc import Mapping

TITLE = "ZZPACS"  # what services/pacs calls itself

# By service: what the name of its own endpoint ends with, its kind, and what that kind needs.
OWN: dict[str, tuple[str, dict[str, Any]]] = {
    "lab-results": ("in", {"kind": "mllp", "safe_probe": True, "test_patient": "ZZTEST001"}),
    "pacs": ("archive", {"kind": "dicom", "called": TITLE}),
    "ehr-api": ("fhir", {"kind": "fhir", "fhir_version": "4.0.1", "resources": ["Patient"]}),
    "portal": ("page", {"kind": "http"}),
    "adt-feed": ("health", {"kind": "http"}),
}


def declared(name: str, env: str, facts: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the endpoints of a service in an environment: its own, and the port that says how."""
    place = facts["services"][name][env]
    ends, own = OWN[name]
    suffix = "" if env == "production" else f"-{env}"
    # The feed keeps its queue on this disk, as all of the hospital does; yours may well be full.
    home = str(Path(facts["home"]).resolve())
    disk = {"name": f"{name}-disk{suffix}", "kind": "disk", "path": home, "fail_above_percent": 99}
    return [
        {"name": f"{name}-{ends}{suffix}", **own, **_where(name, own["kind"], place)},
        *([disk] if name == "adt-feed" else []),
        {
            "name": f"{name}-status{suffix}",
            "kind": "tcp",
            "host": HOST,
            "port": place["status_port"],
        },
    ]


def _where(name: str, kind: str, place: Mapping[str, Any]) -> dict[str, Any]:
    if name == "adt-feed":  # it sends, and nobody can connect to it
        return {"url": place["health_url"]}
    if kind in ("http", "fhir"):
        return {"url": f"http://{HOST}:{place['port']}"}
    return {"host": HOST, "port": place["port"]}
