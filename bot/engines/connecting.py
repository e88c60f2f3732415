"""The interface engines that the settings name, connected; nothing is asked for yet."""

from __future__ import annotations

import importlib
import ssl
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

import httpx

from bot.engines.known import Engines
from bot.errors import ConfigurationError
from bot.ports import InterfaceEngine

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bot.engine_settings import Engine


async def connected(
    settings: Mapping[str, Engine], client: httpx.AsyncClient, stack: AsyncExitStack
) -> Engines:
    """Return the engines by name; one with authorities of its own has its own client."""
    found: dict[str, InterfaceEngine] = {}
    for name, engine in settings.items():
        module = importlib.import_module(f"integrations.{engine.provider}")
        asking = client
        if engine.authorities is not None:
            trusted = httpx.AsyncClient(verify=_trust(name, engine), follow_redirects=False)
            asking = await stack.enter_async_context(trusted)
        found[name] = module.connect(name, engine.credentials(), asking)
    return Engines(found)


def _trust(name: str, engine: Engine) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=engine.authorities)
    except (OSError, ValueError) as error:  # an SSLError is an OSError
        raise ConfigurationError(
            f"engines.{name}.authorities: {engine.authorities} holds no PEM certificates; mend it"
        ) from error
