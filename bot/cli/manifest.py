"""`wardroom manifest`: what chat platforms need to know of this app."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final
from uuid import UUID

import click

import commands
from bot import __version__, registry, settings
from bot.adapters.slack.manifest import manifest
from bot.adapters.teams import package
from bot.api import Command, Risk
from bot.cli import options
from bot.dispatch.grammar import grammar
from bot.render import capabilities

EXAMPLE_URL: Final = "https://wardroom.hospital.example"
RISKS: Final[Mapping[Risk, str]] = {
    Risk.READ: "reads only",
    Risk.CHANGE: "changes something; policy says whether others must approve",
    Risk.CRITICAL: "always needs the approval of others",
}


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
    known = None
    if url is None and not socket_mode and (config or settings.is_here()):
        known = settings.here(config)
        url = known.server.address
        socket_mode = known.slack is not None and known.slack.app_token is not None
    given = known.slack if known else None
    made = manifest(
        registry.discover(commands).commands,
        public_url=url or EXAMPLE_URL,
        is_socket_mode=socket_mode,
        command=given.command if given else "/ops",
        names=given.names if given else {},
        is_org=given.whole_organisation if given else False,
        rotates_tokens=bool(given and given.refresh_token),
    )
    click.echo(json.dumps(made, indent=2, ensure_ascii=False))


@command.command()
@options.config
@click.option(
    "--out",
    type=click.Path(dir_okay=False, writable=True, path_type=Path),
    required=True,
    metavar="ZIP",
    help="The file to write.",
)
@click.option("--app-id", type=click.UUID, metavar="ID", help="The app registration's id.")
@click.option("--url", metavar="URL", help="The https address that people open the console by.")
@click.option("--slash", is_flag=True, help="List the commands under / too, where Teams has that.")
@click.option("--channels", is_flag=True, help="Ask to make channels, for `teams.rooms: channel`.")
def teams(
    config: Path | None,
    out: Path,
    app_id: UUID | None,
    url: str | None,
    *,
    slash: bool,
    channels: bool,
) -> None:
    """Write the package of the Teams app, made from the commands.

    Upload it in the Teams admin center under "Manage apps". What --app-id and --url do not say is
    taken from the settings file, and so is whether it asks to make channels.

    \b
    Example:
        wardroom manifest teams --out wardroom-teams.zip
    """  # noqa: D301 - click's mark for lines that stay as they are
    # Only where they are needed: whoever says both may have no settings yet.
    known = None if app_id and url else settings.here(config)
    given = known.teams if known else None
    made = package.manifest(
        registry.discover(commands).commands,
        app_id=str(app_id) if app_id else _set(config).app_id,
        version=__version__,
        public_url=url or settings.here(config).server.address,
        has_slash=slash,
        has_channel_rooms=channels or (given is not None and given.rooms == "channel"),
    )
    try:
        package.write(out, made)
    except OSError as error:
        raise click.ClickException(f"{out}: {error.strerror}") from error
    click.echo(f"Wrote {out}: upload it in the Teams admin center under Manage apps.")


def _set(config: Path | None) -> settings.Teams:
    known = settings.here(config).teams
    if known is None:
        raise click.UsageError("the settings have no teams block: add one, or give --app-id")
    return known


@command.command(name="commands")
def reference() -> None:
    """Print the reference of every chat command, as Markdown.

    \b
    Example:
        wardroom manifest commands > docs/commands.md
    """  # noqa: D301 - click's mark for lines that stay as they are
    click.echo("\n".join(pages(registry.discover(commands).commands)))


@command.command()
def platforms() -> None:
    """Print what each platform can do and how much it takes, as Markdown.

    \b
    Example:
        wardroom manifest platforms > docs/platforms.md
    """  # noqa: D301 - click's mark for lines that stay as they are
    click.echo("\n".join(capabilities.page()))


def pages(known: Sequence[Command]) -> Iterator[str]:
    """Return the lines of the reference."""
    yield "# Commands"
    yield ""
    yield "What can be typed, on every platform alike. Made from the commands themselves by"
    yield "`wardroom manifest commands`; `help COMMAND` says the same in chat."
    for one in sorted(known, key=lambda each: each.name):
        yield from ("", f"## `{one.name}`", "", one.summary)
        yield from ("", f"- usage: `{grammar(one).usage}`")
        yield f"- least role: {one.role}; {RISKS[one.risk]}"
        yield from (f"- for example: `{example}`" for example in one.examples)
