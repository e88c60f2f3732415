"""How durable a record must be before its command runs: one table, by what the command may do.

An action whose effects are rows of our own database cannot happen while that is down, spool or
not. What the spool keeps going is what reads from elsewhere: the CI server, a probe, a help page.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from bot.errors import ConfigurationError
from bot.model import Risk

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from bot.api import Command


class Strictness(enum.StrEnum):
    """Where the intent has to be durable; there is no level at which nothing has to be."""

    STRICT = "strict"
    """In the log."""
    SPOOL_OK = "spool-ok"
    """In the log, or where that does not answer in time, in the spool."""


SHIPPED: Final[Mapping[Risk, Strictness]] = {
    Risk.READ: Strictness.SPOOL_OK,
    Risk.CHANGE: Strictness.STRICT,
    Risk.CRITICAL: Strictness.STRICT,
}


@dataclass(frozen=True)
class Strictnesses:
    """The shipped table with what the settings made stricter, by risk or by a command's name."""

    stricter: Mapping[str, str] = field(default_factory=dict)

    def of(self, command: Command) -> Strictness:
        """Return what holds for a command."""
        named = {self.stricter.get(command.name), self.stricter.get(command.risk.value)}
        return Strictness.STRICT if Strictness.STRICT in named else SHIPPED[command.risk]

    def may_be_spooled(self, command: Command) -> bool:
        """Say whether the spool will do."""
        return self.of(command) is Strictness.SPOOL_OK

    def check(self, commands: Iterable[Command]) -> None:
        """Refuse names that are no command's, and what would make one less strict."""
        known = {command.name: command.risk for command in commands}
        risks = {risk.value: risk for risk in Risk}
        for name, wanted in self.stricter.items():
            risk = risks.get(name) or known.get(name)
            if risk is None:
                raise ConfigurationError(
                    f"audit.strictness.{name}: is neither a command nor one of {', '.join(risks)}"
                )
            if wanted != Strictness.STRICT and SHIPPED[risk] is Strictness.STRICT:
                raise ConfigurationError(
                    f"audit.strictness.{name}: changes something, so it can only be strict; "
                    "take the line out"
                )
