"""`wardroom db`: the database."""

from __future__ import annotations

from pathlib import Path

import click

from bot import settings
from bot.cli import options
from bot.storage.database import Database


@click.group("db", cls=options.ToldGroup)
def command() -> None:
    """Look after the database."""


@command.command()
@options.config
def upgrade(config: Path | None) -> None:
    """Create or upgrade the tables; the server does the same when it starts.

    Upgrades only go forward: make a copy of the database first (docs/operations.md says how).
    """
    database = Database.open(settings.here(config).database.get_secret_value())
    try:
        database.upgrade()
    finally:
        database.close()
    click.echo("The database is at the newest version.")
