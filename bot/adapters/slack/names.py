"""Names the slash commands: one for everything, one per group of commands, ours to choose."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from bot.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Mapping

SLASH = re.compile(r"/[a-z0-9_-]{1,31}")


@dataclass(frozen=True)
class SlashNames:
    """What each group is called in Slack: `/ops-deploy`, or a name of its own.

    In a workspace the app that claimed a name last owns it, so every name can be changed: all of
    them by `prefix`, one group's by `own` (`{"deploy": "/ward-deploy"}`). `ConfigurationError`
    where Slack would not take a name or two groups share one.
    """

    prefix: str = "/ops"
    own: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Check the names that were chosen."""
        chosen = [self.prefix, *self.own.values()]
        for name in chosen:
            checked(name)
        if len(set(chosen)) < len(chosen):
            raise ConfigurationError("slack: two slash commands have the same name")

    def of(self, verb: str) -> str:
        """Return the slash command of a group of commands."""
        return self.own.get(verb, f"{self.prefix}-{verb}")

    def pattern(self) -> re.Pattern[str]:
        """Return what matches every slash command of ours."""
        own = "".join(f"|{re.escape(name)}" for name in self.own.values())
        return re.compile(rf"^(?:{re.escape(self.prefix)}(?:-[a-z0-9_-]+)?{own})$")

    def line(self, command: str, text: str) -> str:
        """Return what a slash command types: `/ops-deploy x` and `/ops deploy x` are `deploy x`."""
        group = next((verb for verb, name in self.own.items() if name == command), None)
        verb = group or command.removeprefix(self.prefix).removeprefix("-")
        return f"{verb} {text}".strip()

    def bare(self, typed: str) -> str:
        """Return a typed line without the slash command that somebody put before it."""
        first, _, rest = typed.strip().partition(" ")
        return self.line(first, rest) if self.pattern().match(first) else typed.strip()


def checked(name: str) -> str:
    """Return a name that Slack takes; `ConfigurationError` for any other."""
    if not SLASH.fullmatch(name):
        raise ConfigurationError(
            f"`{name}` is no slash command: Slack takes a slash and at most 31 "
            "lower-case letters, digits, hyphens and underscores"
        )
    return name
