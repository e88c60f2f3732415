"""A played Argo CD: applications that are synced, with answers as its swagger.json shapes them.

Sources: docs/developer-guide/api-docs.md, assets/swagger.json (applicationApplicationSyncRequest,
v1alpha1Application, v1alpha1OperationState) and server/application/application.go (what a sync is
refused for, and that asking for one clears the state of the one before).
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import httpx
import respx

from bot.api import Credentials
from bot.ci_servers import CiServers
from bot.model import Build, CiTarget, Deployment, Service
from integrations.argocd import connect
from tests.contracts.faults import every_request
from tests.serving import NO_TLS
from tests.twins import TwinCi

if TYPE_CHECKING:
    from bot.ports import Ci
    from integrations.argocd.provider import ArgoCd
    from tests.contracts.faults import Fault

URL = "https://argocd.hospital.test"
REPO = "https://git.hospital.test/clinical/portal.git"
TOKEN = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.argo"
HEAD = "f" * 40  # what the branch is that the applications track
PORTAL = Service(
    "portal",
    "web",
    "A",
    CiTarget("buildbot", "portal", "portal-{environment}", REPO, "portal/{version}", "argocd"),
    (Deployment("test"), Deployment("production")),
)


def now(before: int = 0) -> str:
    """Return the time, or so many seconds before it, as Kubernetes writes it."""
    return (datetime.now(UTC) - timedelta(seconds=before)).strftime("%Y-%m-%dT%H:%M:%SZ")


def application(name: str) -> dict[str, Any]:
    """Return an application that nobody has synced yet."""
    source = {"repoURL": "git@git.hospital.test:clinical/portal.git", "path": "deploy"}
    return {
        "metadata": {"name": name, "namespace": "argocd"},
        "spec": {"project": "clinical", "source": {**source, "targetRevision": "main"}},
        "status": {
            "sync": {"status": "OutOfSync", "revision": HEAD},
            "health": {"status": "Missing"},
        },
    }


@dataclass
class PlayedArgo:
    """Applications by name; a sync waits, runs, and is done as it is looked at."""

    apps: dict[str, dict[str, Any]] = field(
        default_factory=lambda: {
            name: application(name) for name in ("portal-test", "portal-production")
        }
    )
    synced: list[dict[str, Any]] = field(default_factory=list)

    def answer(self, request: httpx.Request) -> httpx.Response:
        """Answer one request."""
        if request.headers.get("authorization") != f"Bearer {TOKEN}":
            return refusal(401, 16, "invalid session: token is malformed")
        name = request.url.path.removeprefix("/api/v1/applications/").removesuffix("/sync")
        app = self.apps.get(name)
        if app is None:
            return refusal(404, 5, f'applications.argoproj.io "{name}" not found')
        if request.method == "POST":
            return self._sync(app, json.loads(request.content))
        made = httpx.Response(200, json=app)
        self._go_on(app)
        return made

    def _sync(self, app: dict[str, Any], asked: dict[str, Any]) -> httpx.Response:
        self.synced.append(asked)
        if "operation" in app:
            return refusal(400, 9, "another operation is already in progress")
        app["operation"] = {
            "sync": {"revision": asked["revision"]},
            "info": asked["infos"],
            "initiatedBy": {"username": "wardroom"},
            "retry": {},
        }
        app["status"].pop("operationState", None)
        return httpx.Response(200, json=app)

    def _go_on(self, app: dict[str, Any]) -> None:
        if "operation" not in app:
            return
        status, operation = app["status"], app["operation"]
        if "operationState" not in status:
            running = {"operation": operation, "phase": "Running", "startedAt": now(6)}
            status["operationState"] = running
            return
        finish(app)

    def finish_all(self) -> None:
        """Have whatever goes on come to its end."""
        for app in self.apps.values():
            while "operation" in app:
                self._go_on(app)


def finish(app: dict[str, Any]) -> None:
    """Have the sync that goes on succeed, and everything be healthy."""
    operation = app.pop("operation")
    status, revision = app["status"], operation["sync"]["revision"]
    resource = {"kind": "Deployment", "name": "portal", "status": "Synced", "hookPhase": "Running"}
    status["operationState"] |= {
        "phase": "Succeeded",
        "message": "successfully synced (all tasks run)",
        "finishedAt": now(3),
        "syncResult": {"revision": revision, "resources": [resource]},
    }
    status["health"] = {"status": "Healthy"}
    status["reconciledAt"] = now()
    status["history"] = [{"id": 0, "revision": revision, "deployedAt": now()}]


def refusal(status: int, code: int, message: str) -> httpx.Response:
    """Return an error as the gateway of gRPC writes it."""
    return httpx.Response(status, json={"error": message, "code": code, "message": message})


@asynccontextmanager
async def asking(argo: PlayedArgo) -> AsyncIterator[ArgoCd]:
    """Give a provider that asks a played Argo CD."""
    async with httpx.AsyncClient(verify=NO_TLS) as client:
        with respx.mock(assert_all_called=False) as router:
            router.route(host="argocd.hospital.test").mock(side_effect=argo.answer)
            yield connect(Credentials(URL, token=TOKEN), client)


@asynccontextmanager
async def playing() -> AsyncIterator[tuple[Ci, Service]]:
    """Play it as it is used: another CI server builds, Argo CD deploys."""
    async with asking(PlayedArgo()) as argo:
        yield CiServers({"buildbot": TwinCi(), "argocd": argo}), PORTAL


@dataclass(frozen=True)
class Looking:
    """Argo CD, whose reading is looking at a deploy: it has no builds that could be asked for."""

    argo: ArgoCd

    def __getattr__(self, name: str) -> Any:
        return getattr(self.argo, name)

    async def builds(self, service: Service, ref: str, *, limit: int = 10) -> Sequence[Build]:
        """Look a deploy up."""
        found = await self.argo.build(f"portal-test/{ref}")
        return [replace(found, service=service.id)][:limit]


@asynccontextmanager
async def failing(fault: Fault) -> AsyncIterator[tuple[Ci, Service]]:
    """Play it with one fault."""
    async with httpx.AsyncClient(verify=NO_TLS) as client:
        with every_request(fault):
            yield Looking(connect(Credentials(URL, token=TOKEN), client)), PORTAL
