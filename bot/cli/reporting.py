"""`wardroom audit report`: a month of the log in figures, as text or as a file to print."""

from __future__ import annotations

import asyncio
from pathlib import Path

import click

from bot.audit.report import Counted, sheet
from bot.cli import options
from bot.cli.log_folder import opened
from bot.dispatch.phi import mask
from bot.render.printed import printed
from bot.render.text import text


@click.command(cls=options.Told)
@click.option("--month", default="", metavar="MONTH", help="Such as 2026-11; else the last one.")
@click.option("--service", default="", metavar="ID", help="Of one service alone.")
@click.option(
    "--html",
    "file",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write a new file to print: a sheet for all services, and one for each.",
)
@options.config
def report(month: str, service: str, file: Path | None, config: Path | None) -> None:
    """Report a month: deploys, approvals, denials, patient data stopped, reviews.

    Months are in UTC. Every event of the month is hashed again; damaged ones are named.

    \b
    Examples:
        wardroom audit report --month 2026-11
        wardroom audit report --month 2026-11 --service lab-results --html november.html
    """  # noqa: D301 - click's mark for lines that stay as they are
    counted = asyncio.run(_count(config, month, service))
    first = sheet(counted, service)
    known = sorted(counted.month.services)
    if service and service not in known:
        named = ", ".join(known) or "none"
        click.echo(f"No event of that month is about {service}; there is: {named}.", err=True)
    if file is None:
        click.echo(text(first))
    else:
        names = [] if service else known
        _write(file, printed(first.title, [first, *(sheet(counted, name) for name in names)]))
        click.echo(f"{first.text}\n{file}")
    if counted.stretch.damaged:
        click.echo("WARNING: events are damaged; run: wardroom audit verify", err=True)
        raise click.exceptions.Exit(1)


async def _count(config: Path | None, month: str, service: str) -> Counted:
    async with opened(config) as log:
        return await log.report(month, asked=mask(service)[0])


def _write(file: Path, page: str) -> None:
    try:
        with file.open("x", encoding="utf-8") as out:
            out.write(page)
    except OSError as error:
        why = (error.strerror or str(error)).lower()
        raise click.ClickException(f"cannot write {file}: {why}") from error
