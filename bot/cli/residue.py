"""`wardroom audit residue`: takes what was redacted out of free pages, and looks whether it is."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import click

from bot import settings
from bot.audit.residue import clean, where_found
from bot.cli import options
from bot.cli.log_folder import opened
from bot.storage.database import Database


@click.command(cls=options.Told)
@click.option(
    "--look", is_flag=True, help="Also look for texts, read from standard input, one a line."
)
@click.option(
    "--in",
    "folders",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    multiple=True,
    metavar="FOLDER",
    help="Look in this folder too: exports, archives, logs.",
)
@options.config
def residue(config: Path | None, folders: tuple[Path, ...], *, look: bool) -> None:
    """Rewrite what the database deleted, so that no byte of a redacted text is left in it.

    Nobody can write meanwhile: choose a quiet hour. SQLite needs as much room again as its file
    has. With --look every file of the database, index and spool is searched for the texts that
    you give; they are neither stored nor recorded. Exit 1 where one is found.

    It cannot reach copies, snapshots, archived PostgreSQL logs and other people's screens.
    """
    known = settings.here(config)
    database = Database.open(known.database.get_secret_value(), create=False)
    try:
        is_done = clean(database)
        here = [database.file.parent] if database.file else []
    finally:
        database.close()
    if not is_done:
        raise click.ClickException("somebody was reading the database all the time; run it again")
    asyncio.run(_recorded(config))
    click.echo("What was deleted is overwritten.")
    if look:
        texts = [line for line in sys.stdin.read().splitlines() if line]
        index = [known.audit.index] if known.audit.index else []
        places = [each for each in (*here, *index, *folders) if each.is_dir()]
        found = where_found(places, texts)
        click.echo("\n".join(map(str, found)) or "No file here has any of these texts.")
        raise click.exceptions.Exit(1 if found else 0)


async def _recorded(config: Path | None) -> None:
    async with opened(config) as log:
        await log.cleaned()


COMMANDS = (residue,)
