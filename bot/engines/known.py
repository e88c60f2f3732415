"""The interface engines that the settings name, and which of them an endpoint is asked at."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from bot.documents import nearest
from bot.engines.activity import Activity
from bot.errors import IntegrationError, Rejected

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from datetime import datetime, timedelta

    from bot.model import Channel, Endpoint, Service
    from bot.ports import InterfaceEngine


@dataclass(frozen=True)
class Engines:
    """The engines by the names that services give them.

    A channel has `settles` seconds to do what it was told, and is looked at every `poll` seconds.
    """

    by_name: Mapping[str, InterfaceEngine] = field(default_factory=dict)
    activity: Activity = field(default_factory=Activity)
    settles: float = 10.0
    poll: float = 0.5

    def of(self, endpoint: Endpoint) -> InterfaceEngine:
        """Return the engine that has an endpoint's channel; `Rejected` where there is none."""
        if endpoint.engine not in self.by_name:
            raise Rejected(
                f"{endpoint.name} is a channel of {endpoint.engine}, and the settings have no "
                f"engines.{endpoint.engine}."
            )
        return self.by_name[endpoint.engine]

    async def look(self, endpoint: Endpoint, now: datetime) -> tuple[Channel, timedelta]:
        """Return a channel as it is now, and for how long it has done nothing, at least."""
        found = await self.of(endpoint).channel(endpoint.channel)
        return found, self.activity.idle(endpoint.engine, found, now)

    async def watch(self, endpoints: Iterable[Endpoint], now: datetime) -> None:
        """See which channels move, of those that may not be idle; what is away is left out."""
        for name in {one.engine for one in endpoints if one.idle_minutes} & self.by_name.keys():
            try:
                for channel in await self.by_name[name].channels():
                    self.activity.idle(name, channel, now)
            except IntegrationError:
                continue  # a probe of it says so

    def through(self, guard: Callable[[InterfaceEngine], InterfaceEngine]) -> Engines:
        """Return the same with something before each engine."""
        guarded = {name: guard(engine) for name, engine in self.by_name.items()}
        return replace(self, by_name=guarded)


def undeclared(services: Iterable[Service], engines: Engines) -> Iterator[str]:
    """Yield a sentence for each endpoint whose engine the settings do not have."""
    for service in services:
        for environment in service.environments:
            for endpoint in environment.endpoints:
                if endpoint.engine and endpoint.engine not in engines.by_name:
                    near = nearest(endpoint.engine, engines.by_name)
                    yield (
                        f"{service.id}.environments.{environment.name}.endpoints: "
                        f"{endpoint.name} names the engine {endpoint.engine}, which has no block "
                        f"under engines in the settings{near}"
                    )
