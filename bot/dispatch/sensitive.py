"""Which texts of an event people wrote freely: the record keeps digests of those, no more.

Free are the arguments that a command declares as free text, an answer that repeats one of them,
and the answer to what was not understood, which quotes it. Verbs, services, versions, ids and
outcomes are never free: the log is searched and counted by them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.dispatch.grammar import grammar
from bot.model import Reason

if TYPE_CHECKING:
    from bot.dispatch.turn import Turn
    from bot.model import Reply

NOTHING: frozenset[str] = frozenset()
TEXT = "text"


def sensitive(turn: Turn, reply: Reply | None) -> frozenset[str]:
    """Return the names of an event's sensitive fields; nearly always none, and this is quick."""
    if turn.parsed is None:
        quotes = reply is not None and reply.reason is not Reason.PHI_BLOCKED
        return frozenset({TEXT}) if quotes else NOTHING
    command, values = turn.parsed.command, turn.parsed.values
    free = [p.name for p in grammar(command).parameters if p.free and not p.secret]
    written = {name: values[name] for name in free if values.get(name)}
    repeats = reply is not None and (
        command.quotes or any(_plain(value) in _plain(reply.text) for value in written.values())
    )
    if not written and not repeats:
        return NOTHING
    return frozenset({f"params.{name}" for name in written} | ({TEXT} if repeats else set()))


def _plain(text: str) -> str:
    """Return a text as it is compared: a reply may break its lines elsewhere."""
    return " ".join(text.casefold().split())
