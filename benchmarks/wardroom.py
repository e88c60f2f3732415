"""Runs a whole Wardroom for a measurement: a process with a fresh store, and Slack connected."""

from __future__ import annotations

import contextlib
import secrets
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import httpx
import yaml

from benchmarks.bench_slack import READY, slack_api
from benchmarks.load import Target
from tests.fakes.slack import Slack as FakeSlack
from tests.fakes.teams import Teams as FakeTeams

PERSON = "3f2504e0-4f89-11d3-9a0c-0305e82c3301"  # in Teams
NO_CI = "http://127.0.0.1:9/"


@dataclass(frozen=True)
class Running:
    """A Wardroom process: where it is, and how long it took to be ready, in seconds."""

    process: subprocess.Popen[bytes]
    url: str
    secret: str
    ready_seconds: float
    folder: Path


@contextlib.contextmanager
def wardroom(
    *,
    teams: dict[str, object] | None = None,
    ci: str = NO_CI,
    runbooks: Mapping[str, str] | None = None,
) -> Iterator[Running]:
    """Start one with the people and services of a small site; stop it when the block ends.

    `teams` is its block of settings for Teams, `ci` the address of its CI server, `runbooks` the
    text of runbooks by their names.
    """
    with slack_api() as api, tempfile.TemporaryDirectory() as name:
        folder, secret = Path(name), secrets.token_hex(16)
        more: dict[str, object] = {"integrations": {"buildbot": {"url": ci}}}
        books = folder / "runbooks"
        books.mkdir()
        for book, text in (runbooks or {}).items():
            (books / f"{book}.yaml").write_text(text)
        more["runbooks"] = [str(books)]
        port = _site(folder, secret, api, more | ({"teams": teams} if teams else {}))
        started = time.perf_counter()
        with (folder / "output").open("wb") as output:
            process = subprocess.Popen(
                [sys.executable, "-m", "bot", "serve", "--config", str(folder / "wardroom.yaml")],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )
        url = f"http://127.0.0.1:{port}"
        try:
            _until_ready(url, process, folder / "output")
            yield Running(process, url, secret, time.perf_counter() - started, folder)
        finally:
            process.terminate()
            process.wait(60)


@contextlib.contextmanager
def as_target() -> Iterator[Target]:
    """Start one as what `bench_slack` compares."""
    with wardroom() as running:
        yield Target("wardroom", f"{running.url}/slack/events", running.secret)


def _until_ready(url: str, process: subprocess.Popen[bytes], output: Path) -> None:
    until = time.monotonic() + READY
    while True:
        with contextlib.suppress(httpx.HTTPError):
            if httpx.get(f"{url}/readyz", timeout=1).status_code == httpx.codes.OK:
                return
        assert process.poll() is None, output.read_text()
        assert time.monotonic() < until, "it did not become ready"
        time.sleep(0.02)


def _site(folder: Path, secret: str, api: str, more: dict[str, object]) -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    account = {"team": FakeSlack.team, "user": "U1"}
    in_teams = {"tenant": FakeTeams.tenant, "object_id": PERSON}
    known = {"id": "engineer", "name": "E", "roles": ["engineer"]}
    people = [{**known, "slack": account, "teams": in_teams}]
    built = {
        "provider": "buildbot",
        "builder": "portal",
        "deploy_builder": "deploy-portal",
        "repo": str(folder),
    }
    about = {"owner": "web", "safety_class": "A", "environments": {"test": {}}, "ci": built}
    services = [{"id": "portal", **about}]
    settings = {
        "mode": "sandbox",
        "database": f"sqlite:///{folder / 'wardroom.db'}",
        "server": {"port": port},
        "people": "people.yaml",
        "services": "services.yaml",
        "slack": {"signing_secret": secret, "bot_token": FakeSlack.token, "api_url": api},
        **more,
    }
    for name, content in (
        ("people.yaml", people),
        ("services.yaml", services),
        ("wardroom.yaml", settings),
    ):
        (folder / name).write_text(yaml.safe_dump(content))
    return port
