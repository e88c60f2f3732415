"""The Slack app's manifest, made from the commands, so that the two never differ."""

from __future__ import annotations

import re
from itertools import groupby
from typing import TYPE_CHECKING

from bot.errors import ConfigurationError
from bot.render.plain import cut

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bot.api import Command
    from bot.model import Json

COMMANDS, DESCRIPTION, USAGE = 50, 2000, 1000  # Slack's limits (platforms.md §1.2)
NAME, ABOUT = 35, 140
SLASH = re.compile(r"/[a-z0-9_-]{1,31}")
# What is used today, and no more: commands, mentions, messages of ours, what kind an account is.
SCOPES = ("app_mentions:read", "chat:write", "commands", "users:read")
PATH = "/slack/events"


def manifest(
    commands: Sequence[Command],
    *,
    public_url: str,
    is_socket_mode: bool,
    name: str = "Wardroom",
    command: str = "/ops",
) -> dict[str, Json]:
    """Return the manifest, version 1; in Socket Mode it names no address of ours."""
    url = {} if is_socket_mode else {"url": public_url.rstrip("/") + PATH}
    request = {"request_url": url["url"]} if url else {}
    return {
        "_metadata": {"major_version": 1, "minor_version": 1},
        "display_information": {
            "name": cut(name, NAME),
            "description": cut("Deploys, approvals and answers, on the record.", ABOUT),
        },
        "features": {
            "bot_user": {"display_name": cut(name, NAME), "always_online": True},
            "slash_commands": [
                # Escaped, so that a mention arrives as an id and not as a name anybody can type.
                {**entry, **url, "should_escape": True}
                for entry in _slash_commands(commands, command)
            ],
        },
        "oauth_config": {"scopes": {"bot": list(SCOPES)}},
        "settings": {
            "event_subscriptions": {**request, "bot_events": ["app_mention"]},
            "interactivity": {"is_enabled": True, **request},
            "org_deploy_enabled": False,
            "socket_mode_enabled": is_socket_mode,
            "token_rotation_enabled": False,
        },
    }


def _slash_commands(commands: Sequence[Command], prefix: str) -> list[dict[str, str]]:
    entries = [
        {
            "command": prefix,
            "description": "Type any command; `help` says which there are.",
            "usage_hint": "help",
        },
        *_verbs(commands, prefix),
    ]
    if len(entries) > COMMANDS:
        raise ConfigurationError(
            f"Slack takes {COMMANDS} slash commands and the catalogue makes {len(entries)}: "
            "group some commands under one verb"
        )
    for entry in entries:
        if not SLASH.fullmatch(entry["command"]):
            raise ConfigurationError(
                f"`{entry['command']}` is no slash command: Slack takes a slash and at most 31 "
                "lower-case letters, digits, hyphens and underscores"
            )
    return entries


def _verbs(commands: Sequence[Command], prefix: str) -> Iterator[dict[str, str]]:
    """Yield one slash command per first word, described by the command of just that name."""
    ordered = sorted(commands, key=lambda command: command.name)
    for verb, grouped in groupby(ordered, key=lambda command: command.name.split()[0]):
        group = list(grouped)
        first = group[0]
        others = ", ".join(command.name.split()[1] for command in group if " " in command.name)
        about = first.summary if first.name == verb else f"{verb.capitalize()}: {others}."
        hint = first.examples[0].removeprefix(verb).strip() if first.examples else ""
        yield {
            "command": f"{prefix}-{verb}",
            "description": cut(about, DESCRIPTION),
            **({"usage_hint": cut(hint, USAGE)} if hint else {}),
        }
