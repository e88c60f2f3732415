"""Finds the commands: one file in commands/ is one command, and its path is what you type."""

from __future__ import annotations

import importlib
import pkgutil
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from bot.api import Command
from bot.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from types import ModuleType


@dataclass(frozen=True)
class Registry:
    """Every command, by the words that name it."""

    commands: tuple[Command, ...]
    _by_path: Mapping[tuple[str, ...], Command] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Index the commands by their words."""
        by_path = {tuple(command.name.split()): command for command in self.commands}
        object.__setattr__(self, "_by_path", by_path)

    def find(self, words: Sequence[str]) -> tuple[Command, int] | None:
        """Return the command with the longest name that `words` start with, and its length."""
        lowered = [word.lower() for word in words[:3]]
        for length in range(len(lowered), 0, -1):
            command = self._by_path.get(tuple(lowered[:length]))
            if command is not None:
                return command, length
        return None

    def get(self, name: str) -> Command | None:
        """Return a command by its whole name."""
        return self._by_path.get(tuple(name.lower().split()))

    def under(self, verb: str) -> tuple[Command, ...]:
        """Return the commands whose first word is `verb`."""
        return tuple(c for c in self.commands if c.name.split()[0] == verb)

    def verbs(self) -> tuple[str, ...]:
        """Return the first words of all commands, once each."""
        return tuple(sorted({command.name.split()[0] for command in self.commands}))


def discover(package: ModuleType) -> Registry:
    """Load every command file under `package`; a file that declares none refuses to start."""
    found = sorted(_declared(package), key=lambda command: command.name)
    return Registry(tuple(found))


def _declared(package: ModuleType) -> Iterator[Command]:
    prefix = package.__name__ + "."
    for info in pkgutil.walk_packages(package.__path__, prefix):
        if info.ispkg:
            continue
        module = importlib.import_module(info.name)
        yield _command_of(module, info.name.removeprefix(prefix))


def _command_of(module: ModuleType, dotted: str) -> Command:
    command = getattr(module, "command", None)
    if not isinstance(command, Command):
        raise ConfigurationError(f"commands/{dotted}: declares no `command = Command(...)`")
    words = dotted.replace("_", "-").split(".")
    # A package's own verb lives in the file of the same name: deploy/deploy.py is `deploy`.
    expected = " ".join(words[:-1] if len(words) > 1 and words[-1] == words[-2] else words)
    if command.name != expected:
        raise ConfigurationError(
            f"commands/{dotted}: is named `{command.name}`, but its path says `{expected}`"
        )
    if not module.__doc__ or not command.examples:
        raise ConfigurationError(f"commands/{dotted}: needs a docstring (its help) and examples")
    return command
