"""Wardroom's configuration for this hospital: made from its facts at each start."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from sandbox import checks, endpoints, house_rules, scripts
from sandbox.estate import CI_USER, ENVIRONMENTS, PEOPLE, service, sites
from sandbox.loopback import HOST

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from sandbox.layout import Layout

WHOSE = "Made by the sandbox hospital"
MADE = f"# {WHOSE} at each start: what you change here is lost.\n"
KEEPABLE = f"{WHOSE} at each start: take this line out to keep what you change.\n"
SLACK_TEAM = "T0WARDROOM"
TEAMS_TENANT = "11111111-2222-4333-8444-555555555555"


def write(layout: Layout, facts: Mapping[str, Any]) -> Path:
    """Write wardroom.yaml and the files that it names; returns the first."""
    _keepable(layout.home / "people.yaml", "# ", yaml(people()))
    _keepable(layout.home / "templates.yaml", "# ", yaml(house_rules.templates(facts["services"])))
    _keepable(layout.home / "calendars.yaml", "# ", yaml(house_rules.calendars(facts["services"])))
    _keepable(layout.home / "oncall.yaml", "# ", yaml(house_rules.oncall()))
    described = "---\n".join(yaml(one) for one in house_rules.catalogue())
    _keepable(layout.home / "catalog-info.yaml", "# ", described)
    policies = layout.home / "policies"
    policies.mkdir(exist_ok=True)
    _keepable(policies / "class-c-signed.cedar", "// ", house_rules.SIGNED_POLICY)
    feed = layout.home / house_rules.HOLIDAYS_FILE
    if not feed.exists():  # it has no line that could be taken out
        feed.write_text(house_rules.holidays(), "utf-8", newline="")
    scripts.write(layout)
    made = {
        "services": services(facts),
        "scripts": scripts.declared(layout, facts["services"]),
        "wardroom": settings(layout, facts),
    }
    for name, content in made.items():
        (layout.home / f"{name}.yaml").write_text(MADE + yaml(content), "utf-8")
    return layout.home / "wardroom.yaml"


def _keepable(file: Path, comment: str, text: str) -> None:
    """Write a file, unless somebody took out the line that says whose it is."""
    if not file.exists() or file.read_text("utf-8").startswith(f"{comment}{WHOSE}"):
        file.write_text(f"{comment}{KEEPABLE}{text}", "utf-8")


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
        "backstage": ["catalog-info.yaml"],
        "templates": "templates.yaml",
        "calendars": "calendars.yaml",
        "oncall": "oncall.yaml",
        "scripts": "scripts.yaml",
        "policies": ["policies"],
        "oidc": {
            "issuer": facts["sign_in"]["issuer"],
            "client_id": facts["sign_in"]["client_id"],
            "client_secret_file": facts["sign_in"]["client_secret_file"],
        },
        "integrations": {
            "buildbot": {
                "url": facts["ci"]["url"],
                "user": CI_USER,
                "password_file": str(layout.ci_password),
                "hook_secret_file": str(layout.hook_secret),
            }
        },
    }


def people() -> list[dict[str, Any]]:
    """Return the personas, each with an account on every platform and at the sign-in page."""
    return [
        {
            "id": person.id,
            "name": person.name,
            "email": person.email,
            "roles": list(person.roles),
            "slack": {"team": SLACK_TEAM, "user": f"U0{person.id.replace('-', '').upper()}"},
            "teams": {"tenant": TEAMS_TENANT, "object_id": f"{number:08d}-0000-4000-8000-{0:012d}"},
            "oidc": {"subject": person.subject},
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
        "tags": list(known.tags),
        "ci": {**ci, "repo": repo, "tag": f"{name}/{{version}}"},
        "environments": {
            env: {
                **_sites(name, env, places),
                **checks.declared(name, env, facts),
                "endpoints": endpoints.declared(name, env, facts),
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
    if not value:
        return f"{indent}{json.dumps(value)}\n"
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
