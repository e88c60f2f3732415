"""An engine of Mirth's family in memory, answering over httpx as the real one's source does."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import httpx
import respx

if TYPE_CHECKING:
    from collections.abc import Iterator

URL = "https://mirth.hospital.example:8443/"
LAB, PACS = "7f1b2c3d-0000-4000-8000-00000000000a", "7f1b2c3d-0000-4000-8000-00000000000b"
STATUS = "com.mirth.connect.donkey.model.message.Status"
LEADS = {"_start": "STARTED", "_stop": "STOPPED", "_pause": "PAUSED", "_resume": "STARTED"}
NAME, PASSWORD = "wardroom", "staple battery correct"


def row(channel_id: str, name: str, state: str = "STARTED", queued: int = 0) -> dict[str, Any]:
    """Return one dashboard status, with a connector of its own inside."""
    counts = {"RECEIVED": 40, "FILTERED": 1, "SENT": 36, "ERROR": 2}
    statistics = {
        "@class": "linked-hash-map",
        "entry": [{STATUS: status, "long": count} for status, count in counts.items()],
    }
    return {
        "channelId": channel_id,
        "name": name,
        "state": state,
        "statistics": statistics,
        "lifetimeStatistics": statistics,
        "queued": queued,
        "childStatuses": {"dashboardStatus": {"name": "Source", "state": state}},
        "statusType": "CHANNEL",
    }


@dataclass
class Played:
    """One engine; a session ends when a test takes it away."""

    channels: list[dict[str, Any]] = field(
        default_factory=lambda: [row(LAB, "Lab results in", queued=3), row(PACS, "Orders to PACS")]
    )
    sessions: set[str] = field(default_factory=set)
    asked: list[str] = field(default_factory=list)
    logins: int = 0

    def answer(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path.removeprefix("/api/")
        if "x-requested-with" not in request.headers:
            return httpx.Response(400, text="All requests must have 'X-Requested-With' header")
        if path == "users/_login":
            return self._login(request)
        if request.headers.get("cookie") not in self.sessions:
            return httpx.Response(401)
        return self._served(request.method, path)

    def _served(self, method: str, path: str) -> httpx.Response:
        self.asked.append(f"{method} {path}")
        if path == "channels/statuses":
            return httpx.Response(200, json={"list": self._listed()})
        channel_id, what = path.removeprefix("channels/").split("/")
        found = next((one for one in self.channels if one["channelId"] == channel_id), None)
        if found is None:
            return httpx.Response(404)
        if method == "GET":
            return httpx.Response(200, json={"dashboardStatus": found})
        found["state"] = LEADS[what]
        return httpx.Response(204)

    def _listed(self) -> object:
        # Its JSON is XML turned over: a list of one is an object, an empty one null.
        if not self.channels:
            return None
        return {"dashboardStatus": self.channels[0] if len(self.channels) == 1 else self.channels}

    def _login(self, request: httpx.Request) -> httpx.Response:
        self.logins += 1
        given = dict(httpx.QueryParams(request.content.decode()))
        if given != {"username": NAME, "password": PASSWORD}:
            return httpx.Response(401, json={"loginStatus": {"status": "FAIL"}})
        session = f"JSESSIONID=node0{self.logins}"
        self.sessions.add(session)
        headers = {"set-cookie": f"{session}; Path=/api; Secure; HttpOnly"}
        return httpx.Response(200, json={"loginStatus": {"status": "SUCCESS"}}, headers=headers)


@contextmanager
def playing() -> Iterator[Played]:
    """Play an engine for every client until the block ends."""
    played = Played()
    with respx.mock(assert_all_called=False) as router:
        router.route(url__startswith=URL).mock(side_effect=played.answer)
        yield played
