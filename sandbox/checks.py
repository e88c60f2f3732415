"""What the hospital asks of a deploy before and after it: a few of everything that can be asked.

The tutorial deploys lab-results straight to production, so nothing stands in its way here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sandbox.loopback import HOST

if TYPE_CHECKING:
    from collections.abc import Mapping

Keys = dict[str, Any]


def declared(name: str, env: str, facts: Mapping[str, Any]) -> Keys:
    """Return what an environment of a service asks for, beside its version probe."""
    if env != "production":
        return {}
    place = facts["services"][name][env]
    asked = {"adt-feed": adt_feed, "ehr-api": ehr_api, "pacs": pacs}.get(name)
    return asked(place, facts["ci"]["scans_url"]) if asked else {}


def adt_feed(place: Mapping[str, Any], scans: str) -> Keys:
    """Ask for a short queue, a young copy of it, and a clean scan of the very commit."""
    health = place["health_url"]
    queue = {"kind": "queue", "url": health, "at": "queue_depth", "below": 100}
    backup = {"kind": "backup", "url": health, "at": "backup_finished", "oldest": "15m"}
    return {
        "prechecks": [queue, backup, _scan("adt-feed", scans)],
        "smoke": [{"kind": "http", "url": health, "at": "status", "says": "ok"}],
    }


def ehr_api(place: Mapping[str, Any], scans: str) -> Keys:
    """Ask for a success in test that is a minute old."""
    del place
    return {"after": "test", "soak": "1m", "prechecks": [_scan("ehr-api", scans)]}


def pacs(place: Mapping[str, Any], scans: str) -> Keys:
    """Ask somebody of radiology to look, once the archive takes connections again."""
    del scans
    interface = {"kind": "interface", "name": "DICOM", "url": f"tcp://{HOST}:{place['port']}"}
    return {
        "smoke": [interface],
        "validator": {"role": "clinical_validator"},
        "watch": "5m",
    }


def _scan(name: str, scans: str) -> Keys:
    return {
        "kind": "scan",
        "url": f"{scans}{name}/{{version}}.json",
        "critical": 0,
        "high": 0,
        "version_at": "version",
        "commit_at": "commit",
    }
