"""Tells that endpoints stand otherwise: once, by service, and as one where many turn at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Final

import structlog

from bot.api import endpoints
from bot.errors import AuditUnavailable, Conflict, StoreFailed
from bot.model import Draft, Kind
from bot.model.samples import Turn

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from bot.model import Endpoint
    from bot.model.samples import Watched
    from bot.ports import Catalogue, Ledger
    from bot.ports.turns import TurnsHeard
    from bot.stores.samples import Watching

LOG = structlog.get_logger(__name__)
MANY: Final = 4  # services that turn at once are told of in one message
VERB: Final = "probe turn"


@dataclass(frozen=True)
class Telling:
    """Records each turn, and hands it to whoever hears of it; of several replicas one does."""

    watching: Watching
    estate: Catalogue
    ledger: Ledger
    hearing: Sequence[TurnsHeard]

    async def look(self) -> None:
        """Tell what has turned since it was told last; it is tried again."""
        try:
            for turns in together(await self._turned()):
                await self._tell(turns)
        except (AuditUnavailable, StoreFailed):
            LOG.warning("what probes found is told once the database can be written")

    async def _turned(self) -> list[Turn]:
        known = {one.name: one for one in endpoints(self.estate)}
        return [
            _turn(watched, known[watched.endpoint])
            for watched in await self.watching.untold()
            if watched.endpoint in known
        ]

    async def _tell(self, turns: Sequence[Turn]) -> None:
        noted = [self.watching.tell(one.endpoint, one.was, one.standing) for one in turns]
        heard = [each.heard(turns) for each in self.hearing]
        try:
            await self.ledger.append(_draft(turns), *noted, *heard)
        except Conflict:
            return  # another replica was first, or it has turned again: looked at once more
        for each in self.hearing:
            await each.told(turns)


def _turn(watched: Watched, endpoint: Endpoint) -> Turn:
    return Turn(
        watched.endpoint,
        endpoint.kind.value,
        endpoint.service,
        endpoint.environment,
        watched.told,
        watched.standing,
        watched.since,
        max(int((watched.since - watched.before).total_seconds()), 0),
        watched.why,
    )


def together(turns: Iterable[Turn]) -> list[list[Turn]]:
    """Return the turns as they are told: those of a service, or of many services at once."""

    def of(turn: Turn) -> tuple[str, str]:
        return turn.service, turn.environment

    groups = [list(group) for _, group in groupby(sorted(turns, key=of), of)]
    return [[turn for group in groups for turn in group]] if len(groups) >= MANY else groups


def _draft(turns: Sequence[Turn]) -> Draft:
    services = {(one.service, one.environment) for one in turns}
    service, environment = services.pop() if len(services) == 1 else ("", "")
    return Draft(
        kind=Kind.SYSTEM,
        verb=VERB,
        correlation=f"{VERB} {turns[0].endpoint} {turns[0].since:%Y-%m-%dT%H:%M:%S}",
        service=service,
        environment=environment,
        params=_params(turns),
        text=f"{len(turns)} endpoints stand otherwise" if len(turns) > 1 else "an endpoint turned",
    )


def _params(turns: Sequence[Turn]) -> Mapping[str, str]:
    return {
        one.endpoint: f"{one.was.value} to {one.standing.value}{one.why and f': {one.why}'}"
        for one in turns
    }
