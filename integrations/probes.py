"""Asks a service which version answers: read-only, one small GET, at most ten seconds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import httpx

from bot.api import Rejected, Unreachable

if TYPE_CHECKING:
    from bot.api import Probe

MOST_SECONDS = 10  # clinical.md §6: a probe never waits longer
LONGEST_VERSION = 60
OK = 200


@dataclass(frozen=True)
class HttpProber:
    """Implements `bot.ports.Prober` for probes of the kind `version`."""

    client: httpx.AsyncClient

    async def version(self, probe: Probe) -> str:
        """Return the version that answers; `Unreachable` or `Rejected` with a sentence."""
        try:
            answer = await self.client.get(
                probe.url,
                timeout=min(probe.timeout_seconds, MOST_SECONDS),
                headers={"Accept": "application/json"},
            )
        except httpx.TimeoutException as error:
            raise Unreachable("the version probe got no answer in time") from error
        except httpx.HTTPError as error:
            raise Unreachable("the version probe could not connect") from error
        if answer.status_code != OK:
            raise Rejected(f"the version probe answers HTTP {answer.status_code}")
        return _version(answer)


def _version(answer: httpx.Response) -> str:
    try:
        body = answer.json()
    except ValueError as error:
        raise Rejected("the version probe answers something that is not JSON") from error
    version = body.get("version") if isinstance(body, dict) else None
    if not isinstance(version, str) or not 0 < len(version) <= LONGEST_VERSION:
        raise Rejected("the version probe names no version")
    return version
