"""Probes of the kind `engine`, asked of the engine; every other is asked as before."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from bot.engines.judging import judged
from bot.errors import Rejected, Unreachable
from bot.model import EndpointKind, Finding, Standing

if TYPE_CHECKING:
    from bot.engines.known import Engines
    from bot.model import Endpoint, Probe
    from bot.ports import Clock, Prober

MOST_SECONDS: Final = 10  # clinical.md §6: a probe never waits longer


@dataclass(frozen=True)
class EngineProber:
    """Implements `bot.ports.Prober` before another one, which has all the other kinds."""

    others: Prober
    engines: Engines
    clock: Clock

    async def version(self, probe: Probe) -> str:
        """Return the version that answers."""
        return await self.others.version(probe)

    async def look(self, probe: Probe) -> Finding:
        """Ask once and say whether the answer is good."""
        if probe.target is not None:
            return await self.ask(probe.target)
        return await self.others.look(probe)

    async def ask(self, endpoint: Endpoint) -> Finding:
        """Ask an endpoint once; raises nothing of the network's."""
        if endpoint.kind is not EndpointKind.ENGINE:
            return await self.others.ask(endpoint)
        begun = time.monotonic()
        finding = await self._asked(endpoint)
        took = round((time.monotonic() - begun) * 1000)
        return replace(finding, figures={**finding.figures, "milliseconds": str(took)})

    async def _asked(self, endpoint: Endpoint) -> Finding:
        try:
            async with asyncio.timeout(min(endpoint.seconds, MOST_SECONDS)):
                channel, idle = await self.engines.look(endpoint, self.clock.now())
        except TimeoutError:
            return _unwell(
                Standing.FAILED, "is on an engine that does not answer in time", "timeout"
            )
        except Unreachable as error:
            return _unwell(Standing.FAILED, f"cannot be seen: {_inside(error.text)}", "unreachable")
        except Rejected as error:
            return _unwell(Standing.UNKNOWN, f"cannot be asked: {_inside(error.text)}", "rejected")
        return judged(channel, idle, endpoint)


def _unwell(standing: Standing, text: str, why: str) -> Finding:
    return Finding(standing, text, why, {"why": why})


def _inside(sentence: str) -> str:
    return sentence.rstrip(".")
