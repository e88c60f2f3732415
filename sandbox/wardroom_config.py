"""Wardroom's configuration for this hospital: made from its facts at each start."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from sandbox import checks
from sandbox.estate import CI_USER, ENVIRONMENTS, PEOPLE, service, sites
from sandbox.loopback import HOST

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from sandbox.layout import Layout

MADE = "# Made by the sandbox hospital at each start: what you change here is lost.\n"
SLACK_TEAM = "T0WARDROOM"
TEAMS_TENANT = "11111111-2222-4333-8444-555555555555"

DEPENDS_ON = {"portal": ["ehr-api"]}
# A standard change to try: `change templates`, `change open --template restart-interface`.
RESTART: dict[str, Any] = {
    "id": "restart-interface",
    "title": "Restart one channel of the interface",
    "owner": "interfaces",
    "services": ["lab-results", "adt-feed"],
    "environments": ["production"],
    "authorised_by": "safety-officer",
    "authorised_until": "2099-12-31",
    "clinical_impact": "Results of one channel are up to two minutes late.",
    "implementation": "Stop and start the channel, then look at its queue.",
    "test_evidence": "Done every month in test.",
    "backout": "Start the channel again; nothing else is changed.",
    "validator": "safety-officer",
    "bounds": {
        "version": "1\\.4\\.[0-9]+",
        "max_hours": 2,
        "parameters": {
            "channel": {"one_of": ["oru", "adt"]},
            "batch": {"min": 1, "max": 50},
        },
    },
}


def write(layout: Layout, facts: Mapping[str, Any]) -> Path:
    """Write wardroom.yaml and the files that it names; returns the first."""
    files = {
        "people.yaml": people(),
        "services.yaml": services(facts),
        "templates.yaml": [RESTART],
        "wardroom.yaml": settings(layout, facts),
    }
    for name, content in files.items():
        (layout.home / name).write_text(MADE + yaml(content), "utf-8")
    return layout.home / "wardroom.yaml"


def settings(layout: Layout, facts: Mapping[str, Any]) -> dict[str, Any]:
    """Return Wardroom's settings: sandbox mode, on loopback, with the hospital's CI."""
    port, database = facts["web_port"], layout.home / "wardroom.db"
    if not database.exists():
        layout.anchor.unlink(missing_ok=True)  # a new log: it continues nothing
        layout.anchor.parent.mkdir(parents=True, exist_ok=True)
    # Only a log that was anchored from its first event on has something to compare with.
    anchors = (
        {"elsewhere": {"file": str(layout.anchor), "every": 5}}
        if layout.anchor.parent.is_dir()
        else {}
    )
    return {
        "mode": "sandbox",
        "database": f"sqlite:///{database}",
        "audit": {"anchors": anchors},
        "server": {"host": HOST, "port": port, "public_url": f"http://{HOST}:{port}"},
        "people": "people.yaml",
        "services": "services.yaml",
        "templates": "templates.yaml",
        "integrations": {
            "buildbot": {
                "url": facts["ci"]["url"],
                "user": CI_USER,
                "password_file": str(layout.ci_password),
            }
        },
    }


def people() -> list[dict[str, Any]]:
    """Return the personas, each with an account on every platform."""
    return [
        {
            "id": person.id,
            "name": person.name,
            "email": f"{person.id}@hospital.example",
            "roles": list(person.roles),
            "slack": {"team": SLACK_TEAM, "user": f"U0{person.id.replace('-', '').upper()}"},
            "teams": {"tenant": TEAMS_TENANT, "object_id": f"{number:08d}-0000-4000-8000-{0:012d}"},
        }
        for number, person in enumerate(PEOPLE, start=1)
    ]


def services(facts: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the services with their builders, environments and probes."""
    return [_service(name, facts) for name in facts["services"]]


def _service(name: str, facts: Mapping[str, Any]) -> dict[str, Any]:
    known, places, repo = service(name), facts["services"][name], facts["repo"]
    ci = {"provider": "buildbot", "builder": name, "deploy_builder": f"deploy-{name}"}
    return {
        "id": name,
        "owner": known.owner,
        "safety_class": known.safety_class,
        "criticality": known.criticality,
        "sites": list(known.sites),
        "depends_on": DEPENDS_ON.get(name, []),
        "ci": {**ci, "repo": repo, "tag": f"{name}/{{version}}"},
        "environments": {
            env: {
                **_sites(name, env, places),
                **checks.declared(name, env, facts),
            }
            for env in ENVIRONMENTS
        },
    }


def _sites(name: str, env: str, places: Mapping[str, Any]) -> dict[str, Any]:
    """Return the version probes; with more than one site the smallest goes first."""
    there = sites(name, env)
    if len(there) == 1:
        return {"probes": [{"kind": "version", "url": places[env]["version_url"]}]}
    probes = [
        {"kind": "version", "url": places[place]["version_url"], "site": site}
        for site, place in there.items()
    ]
    return {"probes": probes, "canary": {"site": list(there)[-1], "hold": "20s"}}


def yaml(value: Any, indent: str = "") -> str:
    """Return plain values as block YAML; scalars are drawn as JSON, which YAML understands."""
    if isinstance(value, dict):
        return "".join(f"{indent}{key}:{_under(item, indent)}" for key, item in value.items())
    drawn = (yaml(item, f"{indent}  ") for item in value)
    return "".join(f"{indent}- {text[len(indent) + 2 :]}" for text in drawn)


def _under(value: Any, indent: str) -> str:
    if isinstance(value, dict) and value:
        return "\n" + yaml(value, f"{indent}  ")
    if isinstance(value, list) and value and isinstance(value[0], dict):
        return "\n" + yaml(value, f"{indent}  ")
    return f" {json.dumps(value, ensure_ascii=False)}\n"
