"""What a person can type: the commands by role, their usage and did-you-mean."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.dispatch.authorise import Facts
from bot.dispatch.grammar import grammar
from bot.dispatch.suggest import question
from bot.render.line import quoted

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from bot.api import Command
    from bot.dispatch.authorise import Policies
    from bot.dispatch.grammar import Parameter
    from bot.model import Principal
    from bot.ports import Catalogue
    from bot.registry import Registry


ANYTHING = Facts(change=True)  # as long as nobody has said which service and environment


@dataclass(frozen=True)
class CommandManual:
    """Answers `help` and completion from the commands' own declarations."""

    registry: Registry
    policies: Policies
    catalogue: Catalogue

    def allowed(self, principal: Principal) -> Sequence[Command]:
        """Return the commands that policy lets the person ask for, at least with approvals."""
        decided = [
            (c, self.policies.may_run(principal, c, ANYTHING)) for c in self.registry.commands
        ]
        return [command for command, says in decided if says.allowed or says.wants_approval]

    def find(self, words: str) -> Command | None:
        """Return a command by its name."""
        return self.registry.get(words)

    def usage(self, command: Command) -> str:
        """Return a command's usage line."""
        return grammar(command).usage

    def under(self, verb: str, principal: Principal) -> Sequence[Command]:
        """Return the commands that begin with a word, of those that are allowed."""
        return [c for c in self.allowed(principal) if c.name.split()[0] == verb.lower()]

    def suggest(self, words: str, principal: Principal) -> str:
        """Return a did-you-mean among the commands that the person may type, or ""."""
        names = {command.name for command in self.allowed(principal)}
        return question(words, names | {name.split()[0] for name in names})

    def line(self, command: Command, values: Mapping[str, str]) -> str:
        """Return how a command is typed with some recorded values."""
        shape = grammar(command)
        given = [_typed(p, values[p.name]) for p in shape.parameters if values.get(p.name)]
        return " ".join([command.name, *filter(None, given)])

    def roles(self, principal: Principal) -> Sequence[str]:
        """Return every role a person holds, through the hierarchy too."""
        return sorted(self.policies.held(principal))

    def complete(self, line: str) -> Sequence[str]:
        """Return how a line could go on: command names, services and environments."""
        words = line.split(" ")
        last = words[-1].lower()
        names = [c.name for c in self.registry.commands if c.name.startswith(line.lower())]
        known = [s.id for s in self.catalogue.services()] + list(self.catalogue.environments())
        tail = [" ".join([*words[:-1], name]) for name in known if last and name.startswith(last)]
        return [*names, *(tail if len(words) > 1 else [])][:12]


def _typed(parameter: Parameter, value: str) -> str:
    """Return one argument as it is typed, quoted where a space or a sign would be misread."""
    if parameter.flag:
        return parameter.option if value == "true" else ""
    is_plain = value.replace("-", "").replace(".", "").isalnum() and not value.startswith("-")
    word = value if is_plain else quoted(value)
    if not parameter.positional:
        return f"{parameter.option} {word}"
    return f"{parameter.word} {word}" if parameter.word else word
