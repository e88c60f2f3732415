"""Which version runs where: the version probes of an environment and its sites."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from bot.model import Probe, Service
    from bot.ports import Prober

VERSION = "version"


@dataclass(frozen=True)
class Sight:
    """Asks the version probes."""

    prober: Prober

    async def versions(
        self, service: Service, environment: str, sites: Sequence[str] = ()
    ) -> Mapping[str, str]:
        """Return the version that answers at each site, "" for an environment without sites.

        An empty answer: no probe is declared there. Errors are the prober's.
        """
        probes = version_probes(service, environment, sites)
        return {probe.site: await self.prober.version(probe) for probe in probes}


def version_probes(service: Service, environment: str, sites: Sequence[str]) -> Sequence[Probe]:
    """Return the version probes of some sites, or those of the whole environment."""
    declared = service.environment(environment)
    probes = [one for one in (declared.probes if declared else ()) if one.kind == VERSION]
    return [one for one in probes if not sites or one.site in sites]


def where(versions: Mapping[str, str]) -> str:
    """Return what runs as a sentence goes on: `1.4.1`, or `1.4.1 at main, 1.4.2 at clinics`."""
    if len(set(versions.values())) <= 1:
        return next(iter(versions.values()), "")
    return ", ".join(f"{version} at {site}" for site, version in versions.items())
