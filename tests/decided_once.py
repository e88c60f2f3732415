"""Has all houses of a test process share what one of them found out about the same commands.

The tests open some fifteen hundred houses, nearly all with the shipped policies. Which files
declare commands, and what Cedar said to a question, is the same in each: remembering it by house
alone took a sixth of their time.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from types import ModuleType

import pytest

import commands
from bot import registry
from bot.api import Command
from bot.dispatch.authorise import policies
from bot.dispatch.authorise.ruleset import Ruleset

STANDINGS = 16
_declared, _Standing = registry._declared, policies._Standing


class _Same:
    """Policies and commands that are told apart by identity, and kept as long as the answers."""

    def __init__(self, rules: Ruleset, known: Sequence[Command]) -> None:
        self.rules, self.known = rules, known
        # The version is that of every file; what was made of the files may be newer.
        self.key = (rules.version, id(rules.policies), id(rules.schema), *map(id, known))

    def __hash__(self) -> int:
        return hash(self.key)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and self.key == other.key


@lru_cache(maxsize=STANDINGS)
def _shared(same: _Same) -> policies._Standing:
    return _Standing(same.rules, same.known)


def _standing(rules: Ruleset, known: Sequence[Command]) -> policies._Standing:
    return _shared(_Same(rules, known))


@lru_cache(maxsize=1)
def _shipped(_folders: tuple[str, ...]) -> tuple[Command, ...]:
    return tuple(_declared(commands))


def _found(package: ModuleType) -> Iterator[Command]:
    """Look once through our own commands, and through a test's whenever it asks."""
    ours = package is commands and set(package.__path__) == {str(Path(commands.__file__).parent)}
    return iter(_shipped(tuple(package.__path__))) if ours else _declared(package)


_patch = pytest.MonkeyPatch()  # for as long as the process lives
_patch.setattr(policies, "_Standing", _standing)
_patch.setattr(registry, "_declared", _found)
