"""`wardroom manifest`: what chat platforms need to know of this app."""

from __future__ import annotations

import json
from pathlib import Path

import click

import commands
from bot import registry, settings
from bot.adapters.slack.manifest import manifest
from bot.cli import options

EXAMPLE_URL = "https://wardroom.hospital.example"


@click.group("manifest", cls=options.ToldGroup)
def command() -> None:
    """Print what a chat platform needs to know of this app."""


@command.command()
@options.config
@click.option("--url", metavar="URL", help="The https address that Slack posts to.")
@click.option("--socket-mode", is_flag=True, help="For Socket Mode: no address is needed.")
def slack(config: Path | None, url: str | None, *, socket_mode: bool) -> None:
    """Print the manifest of the Slack app, made from the commands.

    Paste it under "Create New App", "From a manifest". Without --url or --socket-mode it is made
    for the settings file, when there is one.

    \b
    Example:
        wardroom manifest slack --url https://wardroom.hospital.example > manifest.json
    """  # noqa: D301 - click's mark for lines that stay as they are
    if url is None and not socket_mode and (config or settings.is_here()):
        known = settings.here(config)
        url = known.server.address
        socket_mode = known.slack is not None and known.slack.app_token is not None
    made = manifest(
        registry.discover(commands).commands,
        public_url=url or EXAMPLE_URL,
        is_socket_mode=socket_mode,
    )
    click.echo(json.dumps(made, indent=2, ensure_ascii=False))
