"""Policies over small files that a test writes."""

from __future__ import annotations

from pathlib import Path

import commands
from bot import registry
from bot.dispatch.authorise import Policies
from bot.model import Principal

KNOWN = registry.discover(commands)
PERMIT = ""


def person(name: str, *roles: str) -> Principal:
    return Principal(name, name.title(), frozenset(roles))


def policies(folder: Path, *rules: str, roles: str = "") -> Policies:
    """Return the shipped policies with these of a site's own."""
    (folder / "site.cedar").write_text("\n".join(rules))
    if roles:
        (folder / "roles.yaml").write_text(roles)
    return Policies(KNOWN.commands, [folder])
