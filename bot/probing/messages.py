"""Says turns in a channel; implements `bot.ports.turns.TurnsHeard`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from bot.model import Reply, Standing, Table, Visibility
from bot.moments import written
from bot.probing.spans import lasting

if TYPE_CHECKING:
    from bot.model import Place
    from bot.model.samples import Turn
    from bot.ports import Clock, Effect, Notices, Transaction
    from bot.stores import Letters

COLUMNS: Final = ("Endpoint", "Kind", "Stands", "Since")


@dataclass(frozen=True)
class ChannelTurns:
    """A message for each group of turns; in one place, and none where there is no place."""

    notices: Notices
    letters: Letters
    clock: Clock
    place: Place | None

    def heard(self, turns: Sequence[Turn]) -> Effect[None]:
        """Keep the message, and promise it to the place."""

        def effect(tx: Transaction) -> None:
            self.notices.keep(_topic(turns), message(turns))(tx)
            if self.place is not None:
                # Not a promise: at the start no chat is open yet, and the letter waits for it.
                self.letters.add(_topic(turns), self.place, due=self.clock.now())(tx)

        return effect

    async def told(self, turns: Sequence[Turn]) -> None:
        """Show it."""
        await self.notices.tell(_topic(turns))


def _topic(turns: Sequence[Turn]) -> str:
    return f"probe-{turns[0].endpoint}-{turns[0].since:%Y%m%dT%H%M%S}"


def message(turns: Sequence[Turn]) -> Reply:
    """Return what is said of turns that are told together."""
    places = sorted({f"{one.service} in {one.environment}" for one in turns})
    where = places[0] if len(places) == 1 else f"{len(places)} services"
    said = sentence(turns[0]) if len(turns) == 1 else _counted(turns)
    rows = tuple((one.endpoint, one.kind, _stands(one), written(one.since)) for one in turns)
    return Reply(
        f"{where}: {said}",
        title=where,
        table=Table(COLUMNS, rows) if len(turns) > 1 else None,
        visibility=Visibility.PUBLIC,
        topic=_topic(turns),
    )


def sentence(turn: Turn) -> str:
    """Return what is said of one turn."""
    if turn.standing is Standing.PASSED:
        return f"{turn.endpoint} ({turn.kind}) is well again, after {lasting(turn.lasted)}."
    why = f" ({turn.why})" if turn.why else ""
    verb = "has failed" if turn.standing is Standing.FAILED else "could not be asked"
    return (
        f"{turn.endpoint} ({turn.kind}) {verb} since {written(turn.since)}{why}. "
        f"`probe {turn.kind} {turn.endpoint}` asks it now."
    )


def _counted(turns: Sequence[Turn]) -> str:
    words = {
        Standing.FAILED: "failed",
        Standing.UNKNOWN: "could not be asked",
        Standing.PASSED: "well again",
    }
    counts = {one: sum(1 for turn in turns if turn.standing is one) for one in words}
    return ", ".join(f"{many} {words[one]}" for one, many in counts.items() if many) + "."


def _stands(turn: Turn) -> str:
    if turn.standing is Standing.PASSED:
        return f"well again, after {lasting(turn.lasted)}"
    return f"{turn.standing.value}{turn.why and f' ({turn.why})'}"
