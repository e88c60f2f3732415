"""A house with a folder of a site's own, in a process of its own; prints what came of it."""

from __future__ import annotations

import asyncio
import itertools
import json
import sys
from pathlib import Path

import httpx
import respx

from bot import app
from bot.ci_servers import CiServers
from bot.ground import Outside
from bot.serving import ci_servers
from bot.settings import load
from tests.databases import POLL_SECONDS, FixedClock
from tests.house import QUICK, Chat
from tests.serving import NO_TLS
from tests.twins import TwinCi, TwinProber

URL = "https://shipyard.hospital.example/api/deploys"


class Yard:
    """Shipyard, as the page describes it."""

    def __init__(self, twin: TwinCi) -> None:
        self.rows: list[dict[str, object]] = []
        self.twin = twin
        self.states = itertools.chain(("running",), itertools.repeat("done"))

    def post(self, request: httpx.Request) -> httpx.Response:
        """Take a deploy."""
        assert request.headers["authorization"].startswith("Bearer a token")
        asked = json.loads(request.content)
        self.rows.append({**asked, "id": len(self.rows) + 1, "state": "waiting"})
        self.twin.running[asked["service"], asked["environment"]] = asked["version"]
        return httpx.Response(201, json=self.rows[-1])

    def get(self, request: httpx.Request) -> httpx.Response:
        """Show one, or those of a correlation id."""
        number = request.url.path.rpartition("/")[2]
        if number.isdecimal():
            return httpx.Response(
                200, json=self.rows[int(number) - 1] | {"state": next(self.states)}
            )
        wanted = request.url.params["correlation"]
        return httpx.Response(200, json=[r for r in self.rows if r["correlation"] == wanted])


async def main(file: Path) -> dict[str, object]:
    """Type what the page says to type."""
    settings = load(file, {})
    app.extend(settings)
    twin, clock = TwinCi(), FixedClock()
    yard, prober = Yard(twin), TwinProber(twin)
    async with httpx.AsyncClient(verify=NO_TLS) as client:
        ci = CiServers({"buildbot": twin, **ci_servers(settings, client).by_name})
        house = app.build(settings, Outside(ci, prober, clock, QUICK, POLL_SECONDS))
        with respx.mock(assert_all_called=False) as wire:
            wire.post(URL).mock(side_effect=yard.post)
            wire.get(url__startswith=URL).mock(side_effect=yard.get)
            async with app.running(house):
                chat = Chat(house, twin, clock, settings, prober)
                return await _typed(chat, yard)


async def _typed(chat: Chat, yard: Yard) -> dict[str, object]:
    failing = await chat.say("failing portal")
    manual = await chat.say("help failing")
    begun = await chat.say("deploy portal 1.4.2 to test --reason try")
    ended = await chat.ended(begun.refs["deploy"])
    recorded = await chat.events(verb="failing")
    return {
        "failing": failing.text,
        "help": manual.text + " ".join(f"{k} {v}" for k, v in manual.fields),
        "deploy": ended.refs["state"],
        "recorded": sorted({str(event.data["verb"]) for event in recorded}),
        "sent": yard.rows[0],
        "posts": len(yard.rows),
    }


if __name__ == "__main__":
    sys.stdout.write(json.dumps(asyncio.run(main(Path(sys.argv[1])))) + "\n")
