"""A site for the doctor to look at: settings that name small platforms on loopback."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import yaml
from aiohttp import web
from click.testing import CliRunner

from bot.cli import main
from tests.cli.conftest import configure
from tests.fakes.slack import Slack
from tests.fakes.teams import Teams

if TYPE_CHECKING:
    from pathlib import Path

    from click.testing import Result

Finding = dict[str, str]
Answering = Callable[[web.Request], Awaitable[web.StreamResponse]]
SCOPES = "app_mentions:read,channels:manage,chat:write,commands,files:write,im:write,users:read"
TENANT = "11111111-2222-3333-4444-555555555555"
OPENED = "apps.connections.open"


@dataclass(frozen=True)
class Report:
    """What the doctor said, line by line; `code` is the exit's."""

    code: int
    checks: list[Finding]
    output: str

    def of(self, name: str) -> Finding:
        """Return the only finding of a name."""
        (found,) = self.every(name)
        return found

    def every(self, name: str) -> list[Finding]:
        """Return the findings of a name."""
        return [one for one in self.checks if one["name"] == name]

    @property
    def states(self) -> dict[str, str]:
        """Return the worst state by name, of those that are not well."""
        return {one["name"]: one["state"] for one in self.checks if one["state"] != "ok"}


async def doctor(*words: str) -> Report:
    """Type `wardroom doctor --json ...` while this loop goes on serving."""
    typed = ["doctor", "--json", *words]
    result: Result = await asyncio.to_thread(CliRunner().invoke, main, typed)
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    said = json.loads(result.stdout)
    assert said["is_well"] == (result.exit_code == 0)
    return Report(result.exit_code, said["checks"], result.output)


def people(home: Path, *, team: str = Slack.team, tenant: str = TENANT, more: str = "") -> None:
    """Write a people file with one human, who has an account in a workspace and in a tenant.

    `more` is YAML of further people.
    """
    accounts = {
        "slack": {"team": team, "user": "U1"},
        "teams": {"tenant": tenant, "object_id": "3f2504e0-4f89-11d3-9a0c-0305e82c3301"},
    }
    person = {"id": "anna", "name": "Anna", "roles": ["engineer"], **accounts}
    (home / "people.yaml").write_text(yaml.safe_dump([person]) + more)


def services(home: Path, *channels: str) -> None:
    """Write a services file with one service, whose news go to these channels."""
    service = {
        "id": "lab-results",
        "owner": "interfaces",
        "safety_class": "B",
        "channels": list(channels),
        "ci": {"provider": "buildbot", "repo": "https://git.hospital.example/lab.git"},
        "environments": {"test": {}},
    }
    (home / "services.yaml").write_text(yaml.safe_dump([service]))


class Workspace(Slack):
    """A small Slack that says what was granted, knows channels, and keeps its tokens apart."""

    def __init__(self) -> None:
        super().__init__()
        self.scopes: str | None = SCOPES
        self.channels: dict[str, dict[str, Any]] = {}

    async def _api(self, request: web.Request) -> web.Response:
        response = await super()._api(request)
        if self.scopes is not None:
            response.headers["x-oauth-scopes"] = self.scopes
        return response

    def _handle(self, method: str, body: dict[str, Any], token: str) -> dict[str, Any]:
        wanted = self.app_token if method == OPENED else self.token
        if token != wanted and token in (self.token, self.app_token):
            return {"ok": False, "error": "not_allowed_token_type"}
        if method != "conversations.info":
            return super()._handle(method, body, token)
        if "channels:read" not in (self.scopes or ""):
            return {"ok": False, "error": "missing_scope", "needed": "channels:read"}
        channel = self.channels.get(body["channel"])
        return {"ok": bool(channel), "error": "channel_not_found", "channel": channel}

    def settings(self, **over: str | None) -> dict[str, str]:
        """Return the settings of this workspace, by Socket Mode; None leaves one out."""
        given = {
            "signing_secret": self.secret,
            "bot_token": self.token,
            "app_token": self.app_token,
            "api_url": self.api_url,
            **over,
        }
        return {name: value for name, value in given.items() if value is not None}


class Tenant(Teams):
    """A small Teams whose app has an id that a package may have."""

    app_id = "1b4e28ba-2fa1-11d2-883f-0016d3cca427"
    bot = f"28:{app_id}"

    def settings(self, **over: str | None) -> dict[str, Any]:
        """Return the settings of this tenant's app; None leaves one out."""
        given = {
            "app_id": self.app_id,
            "app_password": self.password,
            "tenant_id": self.tenant,
            "openid_metadata_url": self.openid_url,
            "login_url": self.login_url,
            "allowed_service_urls": [self.service_url],
            **over,
        }
        return {name: value for name, value in given.items() if value is not None}


@asynccontextmanager
async def answering(answer: Answering) -> AsyncIterator[str]:
    """Serve one handler for everything that is asked; yields its address."""
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answer)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


def free_port() -> int:
    """Return a port that nobody listens at."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def nowhere(home: Path) -> None:
    """Choose a port for our server that nobody listens at."""
    configure(home, server={"port": free_port()})
