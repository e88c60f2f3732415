"""The Teams app package, made from the commands: a manifest and two icons in a zip."""

from __future__ import annotations

import json
import re
import zipfile
from itertools import groupby
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from bot.adapters.teams import icon
from bot.adapters.teams.graph import PERMISSION
from bot.errors import ConfigurationError
from bot.render.plain import cut

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from bot.api import Command
    from bot.model import Json

# The manifest's version, and that version's own limits (platforms.md §2.4).
VERSION: Final = "1.29"
SCHEMA: Final = (
    f"https://developer.microsoft.com/json-schemas/teams/v{VERSION}/MicrosoftTeams.schema.json"
)
SHORT_NAME, FULL_NAME, DEVELOPER = 30, 100, 32
COMMANDS, TITLE = 12, 128
HELP: Final = "help"  # what is not listed it tells
DESCRIPTION: Final = 128  # the schema takes 4000; the list shows one line
SCOPES: Final = ("personal", "team", "groupChat")

SHORT: Final = "Deploys, approvals and answers, on the record."
FULL: Final = (
    "Type what you want done, or press a button: build, deploy, roll back, approve. Every step is "
    "checked against your hospital's policy, waits for the people who have to approve it, and is "
    "written to an audit log that can be proved. Patient data is stopped at the door.\n\n"
    "Type `help` for what you may do here."
)
GUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
RELEASE = re.compile(r"\d+\.\d+\.\d+")
# Zips hold the time of each file: a fixed one, so that the same commands make the same bytes.
WRITTEN: Final = (1980, 1, 1, 0, 0, 0)
READABLE: Final = 0o100644 << 16
UNIX: Final = 3


def manifest(
    commands: Sequence[Command],
    *,
    app_id: str,
    version: str,
    public_url: str,
    name: str = "Wardroom",
    developer: str = "Wardroom",
    privacy_url: str = "",
    terms_url: str = "",
    has_slash: bool = False,
    has_channel_rooms: bool = False,
) -> dict[str, Json]:
    """Return the manifest; `app_id` is the bot's, `public_url` the console's address.

    `has_slash` lists the commands under `/` as well: Teams then delivers what is typed there as
    a message that only its sender sees. `has_channel_rooms` asks each team's owner to let us make
    channels in it. Raises ConfigurationError for what Teams would refuse.
    """
    release = RELEASE.match(version)
    host = urlsplit(public_url).hostname
    if not GUID.fullmatch(app_id):
        raise ConfigurationError(f"`{app_id}` is no app id: copy it from the app registration")
    if release is None or host is None:
        raise ConfigurationError(f"Teams takes no version {version} or no address {public_url}")
    return {
        "$schema": SCHEMA,
        "manifestVersion": VERSION,
        "version": release.group(),
        "id": app_id.lower(),
        "developer": {
            "name": cut(developer, DEVELOPER),
            "websiteUrl": public_url,
            "privacyUrl": privacy_url or public_url,
            "termsOfUseUrl": terms_url or public_url,
        },
        "name": {"short": cut(name, SHORT_NAME), "full": cut(f"{name} ChatOps", FULL_NAME)},
        "description": {"short": SHORT, "full": FULL},
        "icons": {"color": "color.png", "outline": "outline.png"},
        "accentColor": icon.ACCENT,
        "bots": [_bot(commands, app_id.lower(), has_slash=has_slash)],
        # Who writes, and writing to a team's member first: an approver is asked in person.
        "permissions": ["identity", "messageTeamMembers"],
        "validDomains": [host],
        **(_consent(app_id.lower(), host) if has_channel_rooms else {}),
    }


def write(path: Path, made: Mapping[str, Json]) -> None:
    """Write the package; the same manifest makes the same bytes."""
    files = {
        "manifest.json": (json.dumps(made, indent=2, ensure_ascii=False) + "\n").encode(),
        "color.png": icon.colour(),
        "outline.png": icon.outline(),
    }
    with zipfile.ZipFile(path, "w") as package:
        for name, content in files.items():
            entry = zipfile.ZipInfo(name, WRITTEN)
            entry.compress_type, entry.external_attr = zipfile.ZIP_DEFLATED, READABLE
            entry.create_system = UNIX
            package.writestr(entry, content)


def _consent(app_id: str, host: str) -> dict[str, Json]:
    """Return what a team's owner is asked for when the app is added: counts for that team alone."""
    asked: Json = [{"name": PERMISSION, "type": "Application"}]
    return {
        # Teams wants a resource, and uses it for nothing here.
        "webApplicationInfo": {"id": app_id, "resource": f"https://{host}"},
        "authorization": {"permissions": {"resourceSpecific": asked}},
    }


def _bot(commands: Sequence[Command], app_id: str, *, has_slash: bool) -> dict[str, Json]:
    listed: list[Json] = [dict(entry) for entry in _entries(commands)]
    triggers: dict[str, Json] = {"triggers": ["mention", "slash"]} if has_slash else {}
    lists: list[Json] = [{"scopes": [scope], "commands": listed, **triggers} for scope in SCOPES]
    return {
        "botId": app_id,
        "scopes": list(SCOPES),
        "supportsFiles": False,
        "isNotificationOnly": False,
        "commandLists": lists,
        **({"supportsTargetedMessages": True} if has_slash else {}),
    }


def _entries(commands: Sequence[Command]) -> list[dict[str, str]]:
    """Return as many first words as Teams lists: help, and those that are commands themselves."""
    ranked = sorted(_verbs(commands), key=lambda verb: (verb[1]["title"] != HELP, not verb[0]))
    return sorted((entry for _, entry in ranked[:COMMANDS]), key=lambda entry: entry["title"])


def _verbs(commands: Sequence[Command]) -> Iterator[tuple[bool, dict[str, str]]]:
    """Yield each first word with what it does, and whether it is a command by itself."""
    ordered = sorted(commands, key=lambda command: command.name)
    for verb, grouped in groupby(ordered, key=lambda command: command.name.split()[0]):
        group = list(grouped)
        first = group[0]
        second = (command.name.split()[1] for command in group if " " in command.name)
        others = ", ".join(dict.fromkeys(second))
        is_command = first.name == verb
        about = first.summary if is_command else f"{verb.capitalize()}: {others}."
        yield is_command, {"title": cut(verb, TITLE), "description": cut(about, DESCRIPTION)}
