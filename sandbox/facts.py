"""What is true of one hospital, kept in hospital.json: its ports, addresses and places."""

from __future__ import annotations

import json
import secrets
from typing import TYPE_CHECKING, Any

from sandbox.estate import CI_USER, SIGN_IN_CLIENT, places, service
from sandbox.layout import write_private
from sandbox.loopback import HOST, choose, is_free

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from sandbox.layout import Layout


def settle(
    layout: Layout, names: Sequence[str], web_port: int, say: Callable[[str], None]
) -> dict[str, Any]:
    """Keep the ports of the last start where they are free, choose the others, write it all down.

    Every address is handed out anew at each start, so that moving a port is always safe.
    """
    ports = _Ports(_kept(layout), say)
    ci_port = ports.port("CI", "ci", "port")
    scans_port = ports.port("CI's scans", "ci", "scans_port")
    sign_in_port = ports.port("the sign-in page", "sign_in", "port")
    facts: dict[str, Any] = {
        "home": str(layout.home),
        "web_port": web_port,
        "repo": str(layout.repository),
        "ci": {
            "url": f"http://{HOST}:{ci_port}/",
            "port": ci_port,
            "worker_port": ports.port("CI's worker", "ci", "worker_port"),
            "scans_port": scans_port,
            "scans_url": f"http://{HOST}:{scans_port}/",
            "user": CI_USER,
            "password_file": str(layout.ci_password),
        },
        "sign_in": {
            "issuer": f"http://{HOST}:{sign_in_port}",
            "port": sign_in_port,
            "client_id": SIGN_IN_CLIENT,
            "client_secret_file": str(layout.client_secret),
        },
        "services": {
            name: {place: _place(ports, name, place) for place in places(name)} for name in names
        },
    }
    write_private(layout.facts, json.dumps(facts, indent=1) + "\n")
    _hand_out(layout, facts["services"])
    return facts


def _kept(layout: Layout) -> dict[str, Any]:
    try:
        kept: dict[str, Any] = json.loads(layout.facts.read_text("utf-8"))
    except (FileNotFoundError, ValueError):
        return {}
    return kept


class _Ports:
    """The ports of this start: the last start's, unless somebody else has taken one since."""

    def __init__(self, kept: Mapping[str, Any], say: Callable[[str], None]) -> None:
        self._kept = kept
        self._say = say
        self._taken: set[int] = set()

    def port(self, label: str, *path: str) -> int:
        kept: Any = self._kept
        for key in path:
            kept = kept.get(key, {})
        if not isinstance(kept, int) or kept in self._taken:
            return choose(self._taken)
        if is_free(kept):
            self._taken.add(kept)
            return kept
        fresh = choose(self._taken)
        self._say(f"Port {kept} of {label} is used by another program now: it moves to {fresh}")
        return fresh


def _place(ports: _Ports, name: str, env: str) -> dict[str, Any]:
    status = ports.port(f"{name} ({env}, status)", "services", name, env, "status_port")
    port = ports.port(f"{name} ({env})", "services", name, env, "port")
    return {
        "status_port": status,
        "port": port,
        "version_url": f"http://{HOST}:{status}/version",
        "health_url": f"http://{HOST}:{status}/health",
    }


def _hand_out(layout: Layout, places: Mapping[str, Mapping[str, Mapping[str, Any]]]) -> None:
    """Give each service its ports, its peers' ports and the folder for its data."""
    for name, environments in places.items():
        for env, place in environments.items():
            data = layout.place(name, env) / "data"
            data.mkdir(parents=True, exist_ok=True)
            site = {
                "environment": env,
                "status_port": place["status_port"],
                "port": place["port"],
                "data": str(data),
                # A peer that does not run here is a port where nobody answers.
                "peers": {
                    peer: places[peer][env]["port"] if peer in places else 9
                    for peer in service(name).peers
                },
            }
            layout.site(name, env).write_text(json.dumps(site, indent=1), "utf-8")


def make_passwords(layout: Layout) -> None:
    """Make the passwords and secrets of CI, and the sign-in page's, where there are none yet."""
    made = (layout.ci_password, layout.worker_password, layout.hook_secret, layout.client_secret)
    for path in made:
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            write_private(path, secrets.token_urlsafe(24))
