"""The Slack app's manifest, made from the commands, so that the two never differ."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from bot.adapters.slack.names import SlashNames, checked
from bot.errors import ConfigurationError
from bot.render.blocks import RUN, TYPES
from bot.render.plain import cut

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from bot.api import Command
    from bot.model import Json

COMMANDS, DESCRIPTION, USAGE = 50, 2000, 1000  # Slack's limits (platforms.md §1.2)
NAME, ABOUT, SHORTCUT_ABOUT = 35, 140, 150
PATH = "/slack/events"
# What is used today, and no more.
SCOPES: Mapping[str, str] = {
    "app_mentions:read": "hear `@Wardroom ...`, which also works in threads",
    "channels:manage": "make a channel for one matter, and call its people in",
    "chat:write": "answer, and edit our own messages in place",
    "commands": "offer the slash commands and the shortcuts",
    "files:write": "hand over an output that is longer than a message may be",
    "im:write": "answer in private what was asked from Home or a shortcut",
    "users:read": "tell members from guests, bots, outsiders and people who left",
}
EVENTS: Mapping[str, str] = {
    "app_home_opened": "draw Home when somebody opens it",
    "app_mention": "run what follows `@Wardroom`",
    "team_join": "know a new account at once",
    "user_change": "honour a deactivation or a change to guest at once",
}
# The shortcuts of single commands, where the catalogue has them: what Slack calls each.
SHORTCUTS: Mapping[str, str] = {"deploy": "Deploy a service", "rollback": "Roll a service back"}


def manifest(
    commands: Sequence[Command],
    *,
    public_url: str,
    is_socket_mode: bool,
    name: str = "Wardroom",
    command: str = "/ops",
    names: Mapping[str, str] | None = None,
    is_org: bool = False,
    rotates_tokens: bool = False,
) -> dict[str, Json]:
    """Return the manifest, version 1; in Socket Mode it names no address of ours.

    `command` is the prefix of the slash commands and `names` what single groups are called
    instead; `is_org` lets a whole Enterprise organisation install the app at once.
    """
    url = {} if is_socket_mode else {"url": public_url.rstrip("/") + PATH}
    request = {"request_url": url["url"]} if url else {}
    called = SlashNames(command, names or {})
    return {
        "_metadata": {"major_version": 1, "minor_version": 1},
        "display_information": {
            "name": cut(name, NAME),
            "description": cut("Deploys, approvals and answers, on the record.", ABOUT),
        },
        "features": {
            # What is typed to us in private is not read, so there is no box to type it into.
            "app_home": {
                "home_tab_enabled": True,
                "messages_tab_enabled": True,
                "messages_tab_read_only_enabled": True,
            },
            "bot_user": {"display_name": cut(name, NAME), "always_online": True},
            "shortcuts": list(_shortcuts(commands)),
            "slash_commands": [
                # Escaped, so that a mention arrives as an id and not as a name anybody can type.
                {**entry, **url, "should_escape": True}
                for entry in _slash_commands(commands, called)
            ],
        },
        "oauth_config": {"scopes": {"bot": list(SCOPES)}},
        "settings": {
            "event_subscriptions": {**request, "bot_events": list(EVENTS)},
            "interactivity": {"is_enabled": True, **request},
            "org_deploy_enabled": is_org,
            "socket_mode_enabled": is_socket_mode,
            "token_rotation_enabled": rotates_tokens,
        },
    }


def _shortcuts(commands: Sequence[Command]) -> Iterator[dict[str, str]]:
    known = {command.name: command for command in commands}
    yield _shortcut("Run a command", "global", RUN, "Type a command, or choose one.")
    yield _shortcut("Run a command here", "message", RUN, "Run a command in this thread.")
    for verb, called in SHORTCUTS.items():
        if verb in known:
            yield _shortcut(called, "global", f"{TYPES}:{verb}", known[verb].summary)


def _shortcut(name: str, kind: str, callback: str, about: str) -> dict[str, str]:
    said = {"name": name, "description": cut(about, SHORTCUT_ABOUT)}
    return {**said, "type": kind, "callback_id": callback}


def _slash_commands(commands: Sequence[Command], called: SlashNames) -> list[dict[str, str]]:
    entries = [
        {
            "command": called.prefix,
            "description": "Type any command; `help` says which there are.",
            "usage_hint": "help",
        },
        *_verbs(commands, called),
    ]
    if len(entries) > COMMANDS:
        raise ConfigurationError(
            f"Slack takes {COMMANDS} slash commands and the catalogue makes {len(entries)}: "
            "group some commands under one verb"
        )
    if len({checked(entry["command"]) for entry in entries}) < len(entries):
        raise ConfigurationError("slack: two slash commands have the same name")
    return entries


def _verbs(commands: Sequence[Command], called: SlashNames) -> Iterator[dict[str, str]]:
    """Yield one slash command per first word, described by the command of just that name."""
    ordered = sorted(commands, key=lambda command: command.name)
    for verb, grouped in groupby(ordered, key=lambda command: command.name.split()[0]):
        group = list(grouped)
        first = group[0]
        second = (command.name.split()[1] for command in group if " " in command.name)
        others = ", ".join(dict.fromkeys(second))
        about = first.summary if first.name == verb else f"{verb.capitalize()}: {others}."
        hint = first.examples[0].removeprefix(verb).strip() if first.examples else ""
        yield {
            "command": called.of(verb),
            "description": cut(about, DESCRIPTION),
            **({"usage_hint": cut(hint, USAGE)} if hint else {}),
        }
