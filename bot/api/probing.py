"""What probes have found before, as commands ask for it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from bot.model import Endpoint, Finding, Reply


class ProbeHistory(Protocol):
    """What was kept of an endpoint's findings, as sentences and figures."""

    async def usual(self, endpoint: Endpoint, found: Finding) -> tuple[str, Mapping[str, str]]:
        """Return what is usual in this hour of the week, as figures; a sentence where this is not.

        Nothing where there is too little to say so, or where it cannot be read.
        """
        ...

    async def show(self, endpoint: Endpoint, days: int) -> Reply:
        """Return the trend of so many days, how often each standing was found, and when it turned.

        `StoreFailed` where it cannot be read.
        """
        ...
