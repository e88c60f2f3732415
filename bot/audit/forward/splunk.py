"""Splunk's HTTP Event Collector, with its acknowledgement where the token has it switched on."""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import httpx

from bot.audit.export.meaning import host_of
from bot.audit.forward.target import Undelivered
from bot.audit.forward.web import post
from bot.model import Event

SOURCE: Final = "wardroom"
SOURCE_TYPE: Final = "wardroom:audit"
_ASKS: Final = 30


@dataclass(frozen=True)
class SplunkTarget:
    """A collector. Where it acknowledges, a batch counts as taken once it is indexed."""

    http: httpx.AsyncClient
    url: str
    token: str
    shown: Callable[[Event], Any]
    index: str = ""
    acknowledges: bool = False
    ask_every: float = 1.0
    channel: str = field(default_factory=lambda: str(uuid.uuid4()))

    async def send(self, events: Sequence[Event]) -> None:
        """Post a batch, and wait until it is indexed; see `Target.send`."""
        content = "".join(json.dumps(self._event(event)) for event in events)
        response = await self._post("services/collector/event", content)
        if self.acknowledges:
            await self._acknowledged(_number(response, "ackId"))

    async def close(self) -> None:
        """Close the client."""
        await self.http.aclose()

    def _event(self, event: Event) -> dict[str, Any]:
        host = host_of(str(event.data.get("replica", "")))[0]
        said = {
            "time": round(event.at.timestamp(), 6),
            "source": SOURCE,
            "sourcetype": SOURCE_TYPE,
            "event": self.shown(event),
            # What the collector indexes are texts.
            "fields": {"seq": str(event.seq), "leaf": event.leaf.hex()},
        }
        named = {"host": host, "index": self.index}
        return said | {name: value for name, value in named.items() if value}

    async def _acknowledged(self, number: int) -> None:
        for _ in range(_ASKS):
            response = await self._post("services/collector/ack", json.dumps({"acks": [number]}))
            try:
                if response.json()["acks"][str(number)] is True:
                    return
            except (ValueError, KeyError, TypeError) as error:
                raise Undelivered("the collector's acknowledgement cannot be read") from error
            await asyncio.sleep(self.ask_every)
        raise Undelivered("the collector took the events but did not index them in time")

    async def _post(self, path: str, content: str) -> httpx.Response:
        headers = {"Authorization": f"Splunk {self.token}", "Content-Type": "application/json"}
        if self.acknowledges:
            headers["X-Splunk-Request-Channel"] = self.channel
        return await post(self.http, self.url + path, content=content.encode(), headers=headers)


def _number(response: httpx.Response, name: str) -> int:
    try:
        return int(response.json()[name])
    except (ValueError, KeyError, TypeError) as error:
        raise Undelivered(
            "the collector acknowledges nothing; switch that on for the token, or off here"
        ) from error
