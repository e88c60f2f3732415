"""Alive, ready, measured."""

from __future__ import annotations

from collections.abc import Mapping

import httpx
from fastapi import FastAPI
from prometheus_client import CollectorRegistry, Counter

from bot.adapters.web import health
from tests.serving import NO_TLS


async def ask(path: str, checks: Mapping[str, str], registry: CollectorRegistry) -> httpx.Response:
    async def readiness() -> Mapping[str, str]:
        return checks

    app = FastAPI()
    app.include_router(health(readiness, registry, vital=("audit",)))
    transport = httpx.ASGITransport(app, client=("10.1.2.3", 40000))
    async with httpx.AsyncClient(
        verify=NO_TLS, transport=transport, base_url="http://probe"
    ) as client:
        return await client.get(path)


async def test_alive_needs_nothing_to_work() -> None:
    answer = await ask("/healthz", {"audit": "down"}, CollectorRegistry())
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


async def test_ready_when_every_check_is_ok() -> None:
    answer = await ask("/readyz", {"audit": "ok", "engine": "ok"}, CollectorRegistry())
    assert answer.status_code == 200
    assert answer.json()["checks"] == {"audit": "ok", "engine": "ok"}


async def test_not_ready_names_what_is_wrong() -> None:
    answer = await ask("/readyz", {"audit": "the disk is full"}, CollectorRegistry())
    assert answer.status_code == 503
    assert answer.json() == {"status": "not ready", "checks": {"audit": "the disk is full"}}


async def test_what_is_not_vital_is_said_and_keeps_it_in_service() -> None:
    answer = await ask("/readyz", {"audit": "ok", "slack": "no answer"}, CollectorRegistry())
    assert answer.status_code == 200
    assert answer.json()["status"] == "degraded"
    assert answer.json()["checks"]["slack"] == "no answer"


async def test_metrics_are_those_of_the_registry_given() -> None:
    registry = CollectorRegistry()
    Counter("wardroom_commands", "Commands.", registry=registry).inc(3)
    answer = await ask("/metrics", {}, registry)
    assert "wardroom_commands_total 3.0" in answer.text
    assert answer.headers["content-type"].startswith("text/plain")
