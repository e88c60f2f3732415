"""Have CI build every version of every service that it has not built yet, then leave.

Run beside the hospital at its start, so that `ci status` tells the truth from the first minute.
"""

from __future__ import annotations

import base64
import http.cookiejar
import json
import sys
import urllib.request
from pathlib import Path
from typing import Any

from sandbox import repository
from sandbox.estate import VERSIONS, tag
from sandbox.layout import Layout


class Ci:
    """The few calls of Buildbot's REST interface that asking for a build takes."""

    def __init__(self, url: str, user: str, password: str) -> None:
        self._url = url
        self._login = base64.b64encode(f"{user}:{password}".encode()).decode()
        jar = urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar())
        self._opener = urllib.request.build_opener(jar)

    def sign_in(self) -> None:
        """Get the session cookie; Buildbot takes a password nowhere else."""
        header = {"Authorization": f"Basic {self._login}"}
        self._ask("auth/login", headers=header)

    def get(self, path: str) -> dict[str, Any]:
        """Read one resource."""
        found: dict[str, Any] = json.loads(self._ask(f"api/v2/{path}"))
        return found

    def force(self, scheduler: str, params: dict[str, object]) -> dict[str, Any]:
        """Ask for a build."""
        body = {"jsonrpc": "2.0", "id": 1, "method": "force", "params": params}
        headers = {"Content-Type": "application/json"}
        path = f"api/v2/forceschedulers/{scheduler}"
        done: dict[str, Any] = json.loads(self._ask(path, headers, json.dumps(body).encode()))
        return done

    def _ask(
        self, path: str, headers: dict[str, str] | None = None, body: bytes | None = None
    ) -> bytes:
        url = f"{self._url}{path}"
        request = urllib.request.Request(url, body, headers or {})  # noqa: S310 - ours, on loopback
        with self._opener.open(request, timeout=10) as answer:
            return bytes(answer.read())


def asked(ci: Ci, service: str) -> set[str]:
    """Return the correlations of everything that was ever asked of a service's builder."""
    number = ci.get(f"builders/{service}")["builders"][0]["builderid"]
    found = ci.get(f"builders/{number}/buildrequests?property=request&limit=1000")
    return {
        (request["properties"] or {}).get("request", [""])[0] for request in found["buildrequests"]
    }


def main(home: str) -> int:
    """Ask for what is missing, first service first."""
    layout = Layout(Path(home))
    facts = json.loads(layout.facts.read_text("utf-8"))
    password = layout.ci_password.read_text("utf-8").strip()
    ci = Ci(facts["ci"]["url"], facts["ci"]["user"], password)
    ci.sign_in()
    for service in facts["services"]:
        done = asked(ci, service)
        for version in VERSIONS:
            correlation = f"first-look:{service}:{version}"
            if correlation not in done:
                ci.force(service, _wish(layout, tag(service, version), correlation))
    return 0


def _wish(layout: Layout, name: str, correlation: str) -> dict[str, object]:
    return {
        "branch": name,
        "revision": repository.commit_of(layout, f"refs/tags/{name}"),
        "request": correlation,
        "reason": "first look at every version",
        "priority": -1,  # behind whatever a person asks of the same builder
    }


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
