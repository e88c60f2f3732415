"""Tell the sender, privately, what kind of data it was and how to say it without."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.dispatch.phi.kinds import KINDS, Kind
from bot.dispatch.phi.verdict import Tier

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.dispatch.phi.verdict import Verdict

_DELETE = (
    "If others can see your message, please delete it: in Slack open its menu (⋯) and choose "
    "Delete message; in Teams open its menu (…) and choose Delete."
)


def explain(verdict: Verdict) -> str:
    """Return the answer to the sender: kinds and advice, never a value or a place in the text."""
    if verdict.tier is Tier.CLEAN:
        return "Nothing in it looks like patient data."
    kinds = [KINDS[slug] for slug in verdict.kinds if KINDS[slug].tier is verdict.tier]
    if verdict.tier is Tier.WARN:
        return f"Careful, your message may hold patient data: {_names(kinds)}. {_advice(kinds)}"
    return (
        f"Not run, and nothing of it was kept: your message looks like it holds {_names(kinds)}. "
        f"{_advice(kinds)} {_DELETE}"
    )


def _names(kinds: Sequence[Kind]) -> str:
    labels = [kind.label for kind in kinds]
    if len(labels) == 1:
        return labels[0]
    return f"{', '.join(labels[:-1])} and {labels[-1]}"


def _advice(kinds: Sequence[Kind]) -> str:
    return " ".join(dict.fromkeys(kind.advice for kind in kinds))
