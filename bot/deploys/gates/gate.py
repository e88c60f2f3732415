"""One thing that a deploy has to pass, and the passing of all of them in their order."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, TypeAlias

if TYPE_CHECKING:
    from datetime import datetime

    from bot.api import Wanted
    from bot.model import Deploy


Shown: TypeAlias = tuple[tuple[str, str], ...]
"""Fields for a card: what something is called, and what was found."""


class Moment(enum.StrEnum):
    """When a gate is asked: before anybody is asked to approve, or right before the trigger."""

    REQUEST = "request"
    TRIGGER = "trigger"


@dataclass(frozen=True)
class Asked:
    """A deploy before a gate; `deploy` is the one that is about to be triggered, where it is.

    `when` is the moment that a deploy is asked for, where that is not at once.
    """

    wanted: Wanted
    commit: str
    moment: Moment
    deploy: Deploy | None = None
    when: datetime | None = None

    def at(self, now: datetime) -> datetime:
        """Return the moment that the gate is asked about: a planned one, or now."""
        return self.when or now


class Gate(Protocol):
    """One thing that a deploy has to pass.

    `Refused` with its reason code, what is in the way, and what to do about it. What cannot be
    told counts as not passed. It changes nothing.
    """

    async def __call__(self, asked: Asked) -> Shown | None:
        """Refuse, or let pass and return what it found that people want to read."""
        ...


async def pass_all(gates: Sequence[Gate], asked: Asked) -> Shown:
    """Ask the gates in their order; the first that refuses is what the user reads."""
    return tuple([field for gate in gates for field in await gate(asked) or ()])
