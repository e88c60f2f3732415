"""`wardroom change evidence`: the record of a change as one file, with or without a server."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

import click

from bot import settings
from bot.audit.disclosure.keyring import KeyRing
from bot.audit.disclosure.opening import OpeningReader
from bot.audit.disclosure.vault import Vault
from bot.audit.search import AuditSearch
from bot.cli import options
from bot.cli.log_folder import opened
from bot.cli.machine import MachineClock, reader
from bot.errors import Refused
from bot.evidence.desk import EvidenceMaker
from bot.ports.changes import EvidenceFile
from bot.storage.changes import ChangeRegister
from bot.storage.database import Database

NUMBER = re.compile(r"CHG-[1-9][0-9]{0,8}", re.IGNORECASE)


@click.group("change", cls=options.ToldGroup)
def command() -> None:
    """Write the evidence of a change, from the database of the settings."""


@command.command()
@click.argument("number")
@click.option(
    "--out", type=click.Path(dir_okay=False, path_type=Path), required=True, metavar="FILE"
)
@click.option(
    "--with-openings", is_flag=True, help="Also what people wrote freely; else it is withheld."
)
@options.config
def evidence(number: str, out: Path, config: Path | None, *, with_openings: bool) -> None:
    """Write the evidence of a change to a new zip: a page to print, the events, their proofs.

    That it was made is recorded, under the name of this machine's account.

    \b
    Examples:
        wardroom change evidence CHG-12 --out chg-12.zip
    """  # noqa: D301 - click's mark for lines that stay as they are
    if not NUMBER.fullmatch(number):
        raise click.UsageError("a change has a number: CHG-12")
    try:
        made = asyncio.run(_made(config, number.upper(), opened_texts=with_openings))
    except Refused as error:
        raise click.ClickException(error.text) from error
    try:
        with out.open("xb") as file:
            file.write(made.content)
    except OSError as error:
        why = (error.strerror or str(error)).lower()
        raise click.ClickException(f"cannot write {out}: {why}") from error
    click.echo(f"{made.events} events, {len(made.content)} bytes\n{out}")


async def _made(config: Path | None, number: str, *, opened_texts: bool) -> EvidenceFile:
    known, clock = settings.here(config), MachineClock()
    async with opened(config) as log:
        await log.made_evidence(number, opened=opened_texts)
    database = Database.open(known.database.get_secret_value(), create=False)
    try:
        vault = Vault(KeyRing(known.audit.openings))
        audit = AuditSearch(database)
        maker = EvidenceMaker(audit, ChangeRegister(database, clock), database, vault, clock)
        found = await maker.gathered(number)
        openings = OpeningReader(database, vault)
        texts = await openings.opened(found.events, lambda _event: opened_texts)
        return await maker.make(found, found.shown_as(texts), reader(), opened=opened_texts)
    finally:
        database.close()
