"""What comes from outside passes the guard before anybody here sees it.

The words of a vendor, its errors too, come to places that no reply passes: the row of a deploy, a
record made in the background, the kept result of a durable step. So they are masked where they
come in, once for all of those.
"""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable
from functools import wraps
from typing import TypeVar, cast

from bot.dispatch.outbound import masked_text, masked_value
from bot.errors import IntegrationError

Port = TypeVar("Port")


def guarded(port: Port) -> Port:
    """Return a port whose answers and errors hold no patient data; what is asked is as it was."""
    return cast("Port", _Guarded(port))


class _Guarded:
    """Stands before a port of any kind."""

    def __init__(self, port: object) -> None:
        self._port = port

    def __getattr__(self, name: str) -> object:
        found = getattr(self._port, name)
        return _masking(found) if inspect.iscoroutinefunction(found) else found


def _masking(ask: Callable[..., Awaitable[object]]) -> Callable[..., Awaitable[object]]:
    @wraps(ask)
    async def asked(*given: object, **named: object) -> object:
        try:
            return masked_value(await ask(*given, **named))
        except IntegrationError as error:
            error.text = masked_text(error.text)
            error.args = (error.text,)
            raise

    return asked
