"""What the estate file says of a service's sites: which of them get a version first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Annotated, Protocol

from pydantic import Field

from bot import documents
from bot.documents import Block
from bot.estate_checks import Duration
from bot.model import Rollout

LONGEST_HOLD = timedelta(days=1)
Sites = Annotated[tuple[str, ...], Field(min_length=1)]


class HasSite(Protocol):
    """What is about one site, or "" for all."""

    @property
    def site(self) -> str:
        """Return the site."""
        ...


class RolloutEntry(Block):
    """Batches of sites in their order, each held before the next begins."""

    batches: Annotated[tuple[Sites, ...], Field(min_length=2)]
    hold: Duration


class CanaryEntry(Block):
    """One site that goes first; all others follow together once it has held."""

    site: str
    hold: Duration


def rollout(
    batches: RolloutEntry | None, canary: CanaryEntry | None, sites: Sequence[str]
) -> Rollout | None:
    """Return what either of the two spellings means, None where there is neither."""
    if batches is not None:
        return Rollout(batches.batches, batches.hold)
    if canary is not None:
        others = tuple(site for site in sites if site != canary.site)
        return Rollout(((canary.site,), others), canary.hold)
    return None


def problems(
    batches: RolloutEntry | None, canary: CanaryEntry | None, sites: Sequence[str], where: str
) -> Iterator[str]:
    """Say what is wrong with them: every site of the service is in exactly one batch."""
    if batches is not None and canary is not None:
        yield f"{where}: has both rollout and canary; one of them says it all"
    for key, entry in (("rollout", batches), ("canary", canary)):
        if entry is not None and entry.hold > LONGEST_HOLD:
            yield f"{where}.{key}.hold: is longer than a day; the environment is locked meanwhile"
    if canary is not None:
        yield from _unknown([canary.site], sites, f"{where}.canary.site")
        if len(sites) < len(("canary", "others")):
            yield f"{where}.canary: needs a service with at least two sites"
    if batches is not None:
        named = [site for batch in batches.batches for site in batch]
        yield from _unknown(named, sites, f"{where}.rollout.batches")
        for site in sites:
            if named.count(site) != 1:
                yield f"{where}.rollout.batches: {site} has to be in exactly one batch"


def probe_problems(probes: Sequence[HasSite], sites: Sequence[str], where: str) -> Iterator[str]:
    """Say which probes name a site that the service does not have."""
    named = [probe.site for probe in probes if probe.site]
    yield from _unknown(named, sites, f"{where}.probes.site")


def _unknown(named: Sequence[str], sites: Sequence[str], where: str) -> Iterator[str]:
    for site in dict.fromkeys(named):
        if site not in sites:
            near = documents.nearest(site, sites)
            yield f"{where}: {site} is none of the service's sites{near}"
