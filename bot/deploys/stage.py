"""One thing that the flow does, and how it comes out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final, Protocol, TypeAlias

if TYPE_CHECKING:
    from bot.model import Json, Reason

Outcome: TypeAlias = "Mapping[str, Json]"
"""`state` says whether the flow goes on; `text` is the sentence that people read."""

ON: Final = "on"  # the next stage may begin; at the end it means succeeded
FAILED: Final = "failed"
STOPPED: Final = "stopped"
UNKNOWN: Final = "unknown"
WAITS: Final = "waits"  # for somebody's answer, or it was answered already: the flow is over


class Stage(Protocol):
    """One stage of a batch: cut short by a kill it runs again, so it looks before it acts."""

    async def __call__(self, deploy_id: str, number: int) -> Outcome:
        """Do it for the deploy's batch of that number, from 0."""
        ...


def outcome(state: str, text: str = "", reason: Reason | None = None) -> Outcome:
    """Return how a stage came out; `reason` is needed where it stopped."""
    made = {"state": state, "text": text}
    return made if reason is None else {**made, "reason": reason.value}
