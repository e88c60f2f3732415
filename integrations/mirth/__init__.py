"""Mirth Connect, NextGen Connect and Open Integration Engine, by the REST API that they share."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.api import InterfaceEngine
from integrations.mirth.provider import Mirth
from integrations.mirth.rest import Rest

if TYPE_CHECKING:
    import httpx

    from bot.api import Credentials

PORT = InterfaceEngine


def connect(name: str, credentials: Credentials, client: httpx.AsyncClient) -> Mirth:
    """Return the engine that the settings call so; nothing is asked for yet."""
    return Mirth(Rest(name, credentials, client))
