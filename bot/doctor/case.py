"""What every check looks at: the settings, the files that they name, and a way to ask."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pydantic import BaseModel, SecretStr

from bot.errors import WardroomError
from bot.settings import Server, Settings

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import httpx

    from bot.api import Command
    from bot.catalogue import Estate
    from bot.directory import People
    from bot.ports import Clock

LEAST = 6  # a shorter secret is only the sandbox's, and would take words apart


@dataclass(frozen=True)
class Case:
    """One examination; `people` and `estate` hold the error where their file is not usable.

    `is_up` says that a Wardroom runs on this machine now.
    """

    settings: Settings
    folder: Path
    commands: Sequence[Command]
    people: People | WardroomError
    estate: Estate | WardroomError
    http: httpx.AsyncClient
    clock: Clock
    is_up: bool

    def tenants(self, platform: str) -> frozenset[str]:
        """Return the workspaces or tenants that people's accounts are in."""
        if isinstance(self.people, WardroomError):
            return frozenset()
        return frozenset(a.tenant for a in self.people.by_account if a.platform == platform)

    def channels(self, platform: str) -> list[str]:
        """Return the channels of one platform that services name, each once."""
        if isinstance(self.estate, WardroomError):
            return []
        named = {name for one in self.estate.services() for name in one.channels}
        parted = (name.partition(":") for name in named)
        return sorted(channel for where, _, channel in parted if where == platform)


def local(server: Server) -> str:
    """Return where a server with these settings is reached on its own machine."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(server.host, server.host)  # noqa: S104 - what is compared, not bound
    return f"http://[{host}]:{server.port}" if ":" in host else f"http://{host}:{server.port}"


def without_secrets(text: str, settings: Settings) -> str:
    """Return a text with every secret of the settings taken out, should one have got in."""
    for secret in _secrets(settings):
        text = text.replace(secret, "[secret]")
    return text


def _secrets(node: object) -> Iterator[str]:
    if isinstance(node, SecretStr):
        value = node.get_secret_value()
        # A database's address is no secret where it is a file's.
        if len(value) >= LEAST and not value.startswith("sqlite:"):
            yield value
    elif isinstance(node, BaseModel):
        for name in type(node).model_fields:
            yield from _secrets(getattr(node, name))
    elif isinstance(node, dict):
        for value in node.values():
            yield from _secrets(value)
