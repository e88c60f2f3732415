"""The hospital's own ticket system, of which the settings may name one."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

from bot.errors import ConfigurationError
from bot.ports import TicketSystem

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import httpx

    from bot.provider_settings import Provider
    from bot.ticket_settings import Tickets


def named(providers: Mapping[str, Provider]) -> Sequence[str]:
    """Return which of the integrations are ticket systems."""
    modules = {name: importlib.import_module(f"integrations.{name}") for name in providers}
    return [
        name for name, module in modules.items() if getattr(module, "PORT", None) is TicketSystem
    ]


def connected(
    providers: Mapping[str, Provider], tickets: Tickets, client: httpx.AsyncClient
) -> TicketSystem | None:
    """Return the ticket system, None where there is none; `ConfigurationError` for several."""
    found = named(providers)
    if len(found) > 1:
        raise ConfigurationError(
            f"integrations: {' and '.join(found)} are both ticket systems, and a change has one "
            "ticket; keep one of them"
        )
    if not found:
        if tickets.model_fields_set:
            raise ConfigurationError(
                "tickets: no ticket system is named under integrations, such as `servicenow`; "
                "name one or leave this block out"
            )
        return None
    (name,) = found
    module = importlib.import_module(f"integrations.{name}")
    system: TicketSystem = module.connect(providers[name].credentials(), client, tickets.mapping())
    return system
