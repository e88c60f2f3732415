"""A portal with two sites, for what goes site by site."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

SITES = ("clinics", "main")


def with_sites(settings: Path, hold: str = "10m") -> Path:
    """Give the portal's test environment a canary at the clinics, with a probe at each site."""
    file = settings.parent / "services.yaml"
    services = json.loads(file.read_text())
    portal = next(one for one in services if one["id"] == "portal")
    portal["sites"] = list(SITES)
    portal["environments"]["test"] = {
        "probes": [
            {"kind": "version", "url": f"http://portal/test/{site}", "site": site} for site in SITES
        ],
        "canary": {"site": "clinics", "hold": hold},
    }
    file.write_text(json.dumps(services))
    return settings
