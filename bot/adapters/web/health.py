"""What an orchestrator and Prometheus ask: alive, ready, measured."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping
from typing import TypeAlias

from fastapi import APIRouter
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

OK = "ok"

Readiness: TypeAlias = Callable[[], Awaitable[Mapping[str, str]]]
"""Asks each part how it is: its name to "ok", or to one sentence that says what is wrong."""


def health(
    readiness: Readiness, registry: CollectorRegistry, *, vital: Collection[str]
) -> APIRouter:
    """Return the routes `/healthz`, `/readyz` and `/metrics`; they are open in every mode.

    Only a problem with a `vital` part is answered with 503, which has a load balancer send people
    elsewhere; another one is said, as "degraded".
    """

    async def healthz(_: Request) -> Response:
        return JSONResponse({"status": OK}, headers={"Cache-Control": "no-store"})

    async def readyz(_: Request) -> Response:
        checks = dict(await readiness())
        wrong = {name for name, state in checks.items() if state != OK}
        is_ready = wrong.isdisjoint(vital)
        status = "not ready" if not is_ready else "degraded" if wrong else OK
        return JSONResponse(
            {"status": status, "checks": checks},
            status_code=200 if is_ready else 503,
            headers={"Cache-Control": "no-store"},
        )

    async def metrics(_: Request) -> Response:
        return Response(generate_latest(registry), headers={"Content-Type": CONTENT_TYPE_LATEST})

    router = APIRouter()
    for path, endpoint in {"/healthz": healthz, "/readyz": readyz, "/metrics": metrics}.items():
        router.add_route(path, endpoint, methods=["GET"])
    return router
