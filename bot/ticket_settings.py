"""How the hospital's ticket system is set up there: the block `tickets` of the settings."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, field_validator

from bot.documents import Block
from bot.model import TicketMapping, TicketState

Answer = Literal["say", "refuse"]
STATES = tuple(state.value for state in TicketState if state is not TicketState.UNKNOWN)


class Tickets(Block):
    """What the one ticket system under `integrations` is asked to open tickets with.

    Its page in docs/integrations/ says what it takes; what is left out is as the vendor ships it.
    """

    project: str = ""
    issue_type: str = ""
    assignment_group: str = ""
    items: dict[str, str] = Field(default_factory=dict)
    templates: dict[str, str] = Field(default_factory=dict)
    states: dict[str, str] = Field(default_factory=dict)
    fields: dict[str, str] = Field(default_factory=dict)
    outside_maintenance: Answer = "say"
    calendars_unknown: Answer = "say"

    @field_validator("states")
    @classmethod
    def _ours(cls, value: dict[str, str]) -> dict[str, str]:
        for name in value.keys() - set(STATES):
            raise ValueError(f"{name} is no state of ours; there are {', '.join(STATES)}")
        return value

    def mapping(self) -> TicketMapping:
        """Return what the integration is given."""
        ours = {"outside_maintenance", "calendars_unknown"}
        return TicketMapping(**self.model_dump(exclude=ours))
