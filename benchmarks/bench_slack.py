"""Compares signed Slack commands through a whole Wardroom with a bare Bolt app that only echoes.

Both run on this machine in the same minute, taking turns; one client process sends 16 signed slash
commands at a time over kept-alive connections, each with a trigger of its own, so that nothing is
answered from memory. What is compared is the acknowledgement: all that Slack, and the person, wait
for. Figures are printed as ratios, because the machine is somebody's.

    python -m benchmarks.bench_slack --url http://127.0.0.1:8080/slack/events --secret ...
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import secrets
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import uvicorn
from fastapi import FastAPI, Request, Response
from slack_bolt.adapter.starlette.async_handler import AsyncSlackRequestHandler
from slack_bolt.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_sdk.web.async_client import AsyncWebClient

from benchmarks.load import COMMANDS, WARM_UP, Figures, Target, measure, report
from tests.fakes.slack import Slack as FakeSlack

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator
    from contextlib import AbstractContextManager

ROUNDS = 5
LEAST_RATIO, MOST_P99 = 0.4, 0.250  # what it must reach: of a bare Bolt app, and seconds
READY = 60.0  # seconds until a server must have answered
SERVERS = ("echo", "slack")


def compare(
    wardroom: Callable[[], AbstractContextManager[Target]], *, rounds: int = ROUNDS
) -> dict[str, object]:
    """Measure a Wardroom against the bare app; returns the figures, ratios first."""
    with echo() as bare, wardroom() as whole:
        figures = {bare.name: Figures(), whole.name: Figures()}
        for target in (bare, whole):
            measure(target, Figures(), commands=WARM_UP)
        for number in range(rounds):
            # Turns, so that a busy minute of the machine is shared; the order changes too.
            for target in (bare, whole) if number % 2 else (whole, bare):
                measure(target, figures[target.name], commands=COMMANDS)
    return report(
        figures[bare.name], figures[whole.name], least_ratio=LEAST_RATIO, most_p99=MOST_P99
    )


# --- the servers -------------------------------------------------------------------------------


@contextmanager
def echo() -> Iterator[Target]:
    """Run the bare Bolt app that only echoes, as fast as Bolt goes."""
    secret = secrets.token_hex(16)
    with _server("echo", secret) as url:
        yield Target("bare", f"{url}/slack/events", secret)


@contextmanager
def slack_api() -> Iterator[str]:
    """Run a small Slack for a Wardroom to ask; yields its `api_url`, and takes any token of its."""
    with _server("slack", "") as url:
        yield f"{url}/api/"


@contextmanager
def _server(kind: str, secret: str) -> Iterator[str]:
    command = [sys.executable, "-m", "benchmarks.bench_slack", "--serve", kind]
    environment = {**os.environ, "BENCH_SECRET": secret}
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
    try:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        wait_for(url)
        yield url
    finally:
        process.terminate()
        process.wait()


def wait_for(url: str) -> None:
    """Return once something listens at an address."""
    address, until = urlsplit(url), time.monotonic() + READY
    while True:
        try:
            socket.create_connection((str(address.hostname), int(address.port or 80)), 1).close()
        except OSError:
            if time.monotonic() > until:
                raise
            time.sleep(0.05)
        else:
            return


async def serve_echo() -> None:
    """Serve the bare app on a free port, which is printed."""
    app = AsyncApp(
        signing_secret=os.environ["BENCH_SECRET"],
        client=AsyncWebClient(),
        authorize=_authorize,
        process_before_response=True,
    )
    app.command("/ops")(_echo)
    handler = AsyncSlackRequestHandler(app)

    async def take(request: Request) -> Response:
        return await handler.handle(request)

    api = FastAPI()
    api.add_api_route("/slack/events", take, methods=["POST"])
    # Named as TCP, or asyncio leaves Nagle's algorithm on and every answer waits 40 ms.
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.bind(("127.0.0.1", 0))
    print(f"http://127.0.0.1:{listening.getsockname()[1]}", flush=True)
    config = uvicorn.Config(api, log_level="warning", access_log=False)
    await uvicorn.Server(config).serve(sockets=[listening])


async def serve_slack() -> None:
    """Serve the small Slack on a free port, which is printed."""
    async with FakeSlack.running() as slack:
        print(slack.base, flush=True)
        await asyncio.Event().wait()


async def _authorize() -> AuthorizeResult:
    return AuthorizeResult(enterprise_id=None, team_id="T", bot_token="")


async def _echo(ack: Callable[..., Awaitable[object]], command: dict[str, str]) -> None:
    await ack(text=command["text"], response_type="ephemeral")


def main() -> int:
    """Run as asked: the comparison, or one of the processes that it needs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--url", help="the /slack/events of a running Wardroom")
    parser.add_argument("--secret", default="", help="its signing secret")
    parser.add_argument("--team", default=FakeSlack.team)
    parser.add_argument("--user", default="U1", help="somebody the people file knows")
    parser.add_argument("--text", default="whoami", help="the command to type")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--serve", choices=SERVERS, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.serve:
        asyncio.run(serve_echo() if given.serve == "echo" else serve_slack())
        return 0
    if not given.url:
        parser.error("name a running Wardroom with --url and --secret")

    @contextmanager
    def running() -> Iterator[Target]:
        yield Target("wardroom", given.url, given.secret, given.text, given.team, given.user)

    found = compare(running, rounds=given.rounds)
    print(json.dumps(found, indent=2))
    return 0 if found["enough"] else 1


if __name__ == "__main__":
    sys.exit(main())
