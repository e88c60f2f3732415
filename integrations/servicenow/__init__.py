"""ServiceNow Change Management: a change request follows each of our changes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.api import ConfigurationError, TicketMapping, TicketSystem
from integrations.servicenow.provider import ServiceNow
from integrations.servicenow.rest import Rest

if TYPE_CHECKING:
    import httpx

    from bot.api import Credentials

PORT = TicketSystem


def connect(
    credentials: Credentials, client: httpx.AsyncClient, mapping: TicketMapping | None = None
) -> ServiceNow:
    """Return the provider; nothing is asked for yet."""
    names = ("token", "tenant_id", "app_id", "private_key", "region", "role_arn")
    for name in names:
        if getattr(credentials, name):
            raise ConfigurationError(
                f"integrations.servicenow: has no use for {name}; it takes user and password_file, "
                "or client_id and client_secret_file"
            )
    if not (credentials.user or credentials.client_id):
        raise ConfigurationError(
            "integrations.servicenow: needs user and password_file, or client_id and "
            "client_secret_file"
        )
    return ServiceNow(Rest.made(credentials, client), mapping or TicketMapping())
