"""Which way a script is reached by; implements `bot.ports.scripts.Reacher`."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bot.model.scripts import Call, Reach, Script
    from bot.ports.scripts import Reacher


@dataclass(frozen=True)
class Reaching:
    """Has each call carried out by its own way."""

    ways: Mapping[Reach, Reacher]

    async def run(self, call: Call, take: Callable[[bytes], None]) -> int:
        """Run it and return its exit code."""
        return await self.ways[call.reach].run(call, take)

    async def look(self, script: Script) -> str:
        """Return what stands ready, without running anything."""
        return await self.ways[script.reach].look(script)


def reaching(scripts: Iterable[Script]) -> Reaching:
    """Return the ways that scripts need: the libraries behind the others are not loaded."""
    wanted = {script.reach for script in scripts}
    return Reaching({way: importlib.import_module(f"integrations.reach.{way}") for way in wanted})
