"""An HTTPS address that takes events as lines."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import httpx

from bot.audit.forward.web import post
from bot.model import Event


@dataclass(frozen=True)
class WebhookTarget:
    """A receiver of lines: each event's in one POST with those of its batch."""

    http: httpx.AsyncClient
    url: str
    token: str
    line: Callable[[Event], bytes]

    async def send(self, events: Sequence[Event]) -> None:
        """Post a batch; see `Target.send`. The headers say from which event to which."""
        headers = {
            "Content-Type": "application/x-ndjson",
            "Wardroom-First": str(events[0].seq),
            "Wardroom-Last": str(events[-1].seq),
        }
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        content = b"".join(self.line(event) for event in events)
        await post(self.http, self.url, content=content, headers=headers)

    async def close(self) -> None:
        """Close the client."""
        await self.http.aclose()
