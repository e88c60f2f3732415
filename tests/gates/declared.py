"""Adds to what the estate file of a test's hospital declares."""

from __future__ import annotations

import json
from pathlib import Path


def declare(site: Path, service: str, environment: str, **keys: object) -> Path:
    """Add keys to one environment of one service; returns the settings file."""
    file = site.parent / "services.yaml"
    services = json.loads(file.read_text())
    for one in services:
        if one["id"] == service:
            one["environments"][environment] |= keys
    file.write_text(json.dumps(services))
    return site


def on_call(site: Path, **shifts: object) -> Path:
    """Write rotas by their shifts, in UTC; returns the settings file."""
    rotas = {name: {"shifts": of} for name, of in shifts.items()}
    (site.parent / "oncall.yaml").write_text(json.dumps({"zone": "UTC", "rotas": rotas}))
    site.write_text(json.dumps(json.loads(site.read_text()) | {"oncall": "oncall.yaml"}))
    return site
