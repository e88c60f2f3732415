"""What a person can type: the commands by role, their usage and did-you-mean."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.dispatch.grammar import grammar
from bot.dispatch.suggest import question

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.api import Command
    from bot.dispatch.authorise import Policies
    from bot.model import Principal
    from bot.ports import Catalogue
    from bot.registry import Registry


@dataclass(frozen=True)
class CommandManual:
    """Answers `help` and completion from the commands' own declarations."""

    registry: Registry
    policies: Policies
    catalogue: Catalogue

    def allowed(self, principal: Principal) -> Sequence[Command]:
        """Return the commands whose role the person holds."""
        return [c for c in self.registry.commands if self.policies.holds(principal, c.role)]

    def find(self, words: str) -> Command | None:
        """Return a command by its name."""
        return self.registry.get(words)

    def usage(self, command: Command) -> str:
        """Return a command's usage line."""
        return grammar(command).usage

    def suggest(self, words: str) -> str:
        """Return a did-you-mean for a command's name, or ""."""
        return question(words, [command.name for command in self.registry.commands])

    def complete(self, line: str) -> Sequence[str]:
        """Return how a line could go on: command names, services and environments."""
        words = line.split(" ")
        last = words[-1].lower()
        names = [c.name for c in self.registry.commands if c.name.startswith(line.lower())]
        known = [s.id for s in self.catalogue.services()] + list(self.catalogue.environments())
        tail = [" ".join([*words[:-1], name]) for name in known if last and name.startswith(last)]
        return [*names, *(tail if len(words) > 1 else [])][:12]
