"""Compares pressed buttons in Teams through a whole Wardroom with a route that checks the token.

Both run on this machine in the same minute, taking turns; one client process sends 16 presses of a
card's button at a time, each an activity of its own with Microsoft's kind of token. The bare route
does what any bot must: one RS256 signature, issuer, audience and time, and no more.

    python -m benchmarks.bench_teams
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import httpx
import jwt
import uvicorn
from fastapi import FastAPI, Request, Response

from benchmarks.load import WARM_UP, Figures, Target, measure, report
from benchmarks.wardroom import PERSON, wardroom
from tests.fakes.teams import Teams as FakeTeams

ROUNDS = 5
MOST_P99 = 1.0  # seconds; the ratio is reported, nothing is asked of it


class Tenant(FakeTeams):
    """The small Teams, with ids as Microsoft makes them."""

    app_id, password = "5f0c1d2e-1111-4222-8333-444455556666", "an-app-password-of-enough-length"
    bot = f"28:{app_id}"


@dataclass(frozen=True)
class Cloud:
    """Where a small Teams is, and a token that it has given out."""

    base: str
    token: str

    @property
    def settings(self) -> dict[str, object]:
        """Return the block of the settings that reaches it."""
        return {
            "app_id": Tenant.app_id,
            "app_password": Tenant.password,
            "tenant_id": Tenant.tenant,
            "openid_metadata_url": f"{self.base}/openid/.well-known/openidconfiguration",
            "login_url": f"{self.base}/login/",
            "allowed_service_urls": [f"{self.base}/"],
        }

    def target(self, name: str, url: str, text: str = "whoami") -> Target:
        """Return a server that takes what this cloud's people press."""
        return Target(
            name,
            f"{url}/api/messages",
            "",
            text=text,
            team=Tenant.tenant,
            user=PERSON,
            token=self.token,
            service_url=f"{self.base}/teams/",
            bot=Tenant.bot,
        )


def compare(*, rounds: int = ROUNDS) -> dict[str, object]:
    """Measure a Wardroom against the bare route; returns the figures, ratios first."""
    with cloud() as there, bare(there) as url, wardroom(teams=there.settings) as running:
        plain, whole = there.target("bare", url), there.target("wardroom", running.url)
        figures = {plain.name: Figures(), whole.name: Figures()}
        for target in (plain, whole):
            measure(target, Figures(), commands=WARM_UP)
        for number in range(rounds):
            for target in (plain, whole) if number % 2 else (whole, plain):
                measure(target, figures[target.name])
    return report(figures["bare"], figures["wardroom"], least_ratio=0.0, most_p99=MOST_P99)


@contextmanager
def cloud() -> Iterator[Cloud]:
    """Run a small Teams in a process of its own."""
    with _process("cloud") as line:
        yield Cloud(**json.loads(line))


@contextmanager
def bare(there: Cloud) -> Iterator[str]:
    """Run the bare route; yields its address."""
    with _process("bare", CLOUD=there.base) as line:
        yield line


@contextmanager
def _process(kind: str, **environment: str) -> Iterator[str]:
    command = [sys.executable, "-m", "benchmarks.bench_teams", "--serve", kind]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, env={**os.environ, **environment}
    )
    try:
        assert process.stdout is not None
        yield process.stdout.readline().strip()
    finally:
        process.terminate()
        process.wait()


async def serve_cloud() -> None:
    """Serve the small Teams on a free port, which is printed with a token."""
    async with Tenant.running() as teams:
        token = teams.identity.token(teams.service_url)
        print(json.dumps({"base": teams.base, "token": token}), flush=True)
        await asyncio.Event().wait()


async def serve_bare() -> None:
    """Serve the bare route on a free port, which is printed."""
    async with httpx.AsyncClient() as http:
        published = (await http.get(f"{os.environ['CLOUD']}/openid/keys")).json()
    keys = {key["kid"]: jwt.PyJWK(key).key for key in published["keys"]}
    api = FastAPI()

    async def take(request: Request) -> Response:
        token = request.headers["authorization"].removeprefix("Bearer ")
        key = keys[jwt.get_unverified_header(token)["kid"]]
        issuer = "https://api.botframework.com"
        jwt.decode(token, key, algorithms=["RS256"], audience=Tenant.app_id, issuer=issuer)
        await request.body()
        return Response('{"statusCode":200}', media_type="application/json")

    api.add_route("/api/messages", take, methods=["POST"])
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.bind(("127.0.0.1", 0))
    print(f"http://127.0.0.1:{listening.getsockname()[1]}", flush=True)
    config = uvicorn.Config(api, log_level="warning", access_log=False)
    await uvicorn.Server(config).serve(sockets=[listening])


def main() -> int:
    """Run as asked: the comparison, or one of the processes that it needs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--serve", choices=("cloud", "bare"), help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.serve:
        asyncio.run(serve_cloud() if given.serve == "cloud" else serve_bare())
        return 0
    found = compare(rounds=given.rounds)
    print(json.dumps(found, indent=2))
    return 0 if found["enough"] else 1


if __name__ == "__main__":
    sys.exit(main())
