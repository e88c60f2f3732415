"""Asks as before, and keeps what was found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import structlog

from bot.errors import StoreFailed
from bot.model.samples import Sample

if TYPE_CHECKING:
    from datetime import datetime

    from bot.model import Endpoint, Finding, Probe
    from bot.ports import Clock, Prober
    from bot.stores.samples import Samples

LOG = structlog.get_logger(__name__)
LONGEST: Final = 20  # digits and a sign: what is longer is no count


@dataclass(frozen=True)
class Remembering:
    """Implements `bot.ports.Prober` over another one; a question is answered in any case."""

    prober: Prober
    samples: Samples
    clock: Clock

    async def version(self, probe: Probe) -> str:
        """Return the version that answers."""
        return await self.prober.version(probe)

    async def look(self, probe: Probe) -> Finding:
        """Ask once and say whether the answer is good; that of an endpoint is kept."""
        found = await self.prober.look(probe)
        if probe.target is not None:
            await self._keep(probe.target, found)
        return found

    async def ask(self, endpoint: Endpoint) -> Finding:
        """Ask an endpoint, and keep what was found."""
        found = await self.prober.ask(endpoint)
        await self._keep(endpoint, found)
        return found

    async def _keep(self, endpoint: Endpoint, found: Finding) -> None:
        try:
            await self.samples.keep(sample(endpoint, found, self.clock.now()))
        except StoreFailed:
            LOG.warning("a probe's finding could not be kept", endpoint=endpoint.name)


def sample(endpoint: Endpoint, found: Finding, at: datetime) -> Sample:
    """Return what is kept of a finding: of its figures those that are numbers."""
    figures = dict(found.figures)
    took = figures.pop("milliseconds", "")
    why = figures.pop("why", "")
    return Sample(
        endpoint.name,
        at,
        found.standing,
        int(took) if _is_count(took) else 0,
        why,
        {name: value for name, value in figures.items() if _is_count(value)},
    )


def _is_count(value: str) -> bool:
    return value.isascii() and value.removeprefix("-").isdigit() and len(value) <= LONGEST
