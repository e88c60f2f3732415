"""How every service of the hospital starts, says how it is, and stops."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from typing import Protocol

import web


@dataclass(frozen=True)
class Site:
    """What one environment hands to a service: its ports and the folder for its data."""

    environment: str
    status_port: int
    port: int
    data: Path
    peers: Mapping[str, int]

    @staticmethod
    def read(path: Path) -> Site:
        """Read an environment's file."""
        raw = json.loads(path.read_text("utf-8"))
        return Site(
            environment=raw["environment"],
            status_port=raw["status_port"],
            port=raw["port"],
            data=Path(raw["data"]),
            peers=raw["peers"],
        )


@dataclass
class Health:
    """What the status page says; `counts` and `times` are asked each time the page is drawn."""

    service: str
    version: str
    environment: str
    status: str = "starting"
    why: str = ""
    counts: dict[str, Callable[[], int]] = field(default_factory=dict)
    times: dict[str, Callable[[], str | None]] = field(default_factory=dict)

    def degrade(self, why: str) -> None:
        """Say that the service runs but cannot do its work."""
        self.status, self.why = "degraded", why

    def routes(self) -> web.Routes:
        """Return the pages that a status port serves."""
        return {"/version": self._version, "/health": self._health}

    def _identity(self) -> dict[str, object]:
        return {
            "service": self.service,
            "version": self.version,
            "environment": self.environment,
            "status": self.status,
        }

    def _code(self) -> int:
        return HTTPStatus.OK if self.status == "ok" else HTTPStatus.SERVICE_UNAVAILABLE

    def _version(self) -> web.Page:
        return web.json_page(self._identity(), self._code())

    def _health(self) -> web.Page:
        counts = {name: count() for name, count in self.counts.items()}
        times = {name: time() for name, time in self.times.items()}
        return web.json_page(self._identity() | {"why": self.why} | counts | times, self._code())


class Work(Protocol):
    """What a service keeps open while it runs."""

    def close(self) -> object:
        """Let go of it."""
        ...


Start = Callable[[Site, Health], Awaitable[Work]]
"""Starts a service's own work; raises what is wrong when it cannot."""


def main(name: str, start: Start) -> None:
    """Run a service until SIGTERM; its version is what its own checkout says."""
    version = (Path(sys.argv[0]).resolve().parent / "VERSION").read_text("utf-8").strip()
    site = Site.read(Path(os.environ["SERVICE_CONFIG"]))
    asyncio.run(_run(Health(name, version, site.environment), site, start))


async def _run(health: Health, site: Site, start: Start) -> None:
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for wanted in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(wanted, stopped.set)
    status = await web.serve(health.routes(), site.status_port)
    # The status page outlives a failed start, so that whoever asks learns what is wrong.
    work: Work = status
    try:
        work = await start(site, health)
    except (OSError, ValueError, LookupError) as error:
        health.degrade(f"{type(error).__name__}: {error}")
        print(f"{health.service} {health.version}: {health.why}", file=sys.stderr, flush=True)
    else:
        health.status = "ok"
        print(f"{health.service} {health.version} is up in {health.environment}", flush=True)
    await stopped.wait()
    work.close()
    status.close()
