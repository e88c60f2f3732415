"""Jira and Jira Service Management, Cloud and Data Center: an issue follows each of our changes."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from bot.api import ConfigurationError, TicketMapping, TicketSystem
from integrations.jira.provider import Jira
from integrations.jira.rest import Rest
from integrations.jira.states import Names
from integrations.jira.wording import opening

if TYPE_CHECKING:
    import httpx

    from bot.api import Credentials

PORT = TicketSystem
PROJECT: Final = re.compile(r"[A-Z][A-Z0-9_]{1,19}")
UNUSED: Final = ("client_id", "tenant_id", "app_id", "private_key", "region", "role_arn")


def connect(
    credentials: Credentials, client: httpx.AsyncClient, mapping: TicketMapping | None = None
) -> Jira:
    """Return the provider; nothing is asked for yet."""
    mapping = mapping or TicketMapping()
    for name in UNUSED:
        if getattr(credentials, name):
            raise ConfigurationError(
                f"integrations.jira: has no use for {name}; it takes user and token_file (Cloud), "
                "token_file alone or user and password_file (Data Center)"
            )
    if not (credentials.token or credentials.password):
        raise ConfigurationError(
            "integrations.jira: needs user and token_file (Cloud), token_file alone or user and "
            "password_file (Data Center)"
        )
    if not PROJECT.fullmatch(mapping.project):
        raise ConfigurationError(
            "tickets.project: Jira needs the key of the project that changes are in, such as CHG"
        )
    if not mapping.issue_type:
        raise ConfigurationError(
            "tickets.issue_type: Jira needs the name of the issue type, such as Change"
        )
    opening(mapping, "")  # says what is wrong with the fields now
    return Jira(Rest.made(credentials, client), mapping, Names.made(mapping.states))
