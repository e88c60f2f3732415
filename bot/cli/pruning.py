"""`wardroom audit prune`: take what is old enough out of the log, into archives."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path

import click

from bot import settings
from bot.cli import options
from bot.cli.log_folder import opened

DAY = click.DateTime(["%Y-%m-%d"])


@click.command(cls=options.Told)
@click.option(
    "--before", type=DAY, metavar="DAY", help="Only what was recorded before a day (in UTC)."
)
@click.option("--dry-run", is_flag=True, help="Say what would be pruned, and prune nothing.")
@options.config
def prune(before: datetime | None, config: Path | None, *, dry_run: bool) -> None:
    """Take events that are old enough out of the log; their hashes stay, and every proof holds.

    How old that is, `audit.retention` of the settings says: six years and thirty days, unless set.
    What a legal hold covers stays. First the events are written to an archive, an export that
    verifies by itself; only then is their content deleted. Wardroom does the same every night.

    \b
    Examples:
        wardroom audit prune --dry-run
        wardroom audit prune --before 2026-01-01
        wardroom audit search --in var/archives/1-65536.70112/audit.jsonl by:engineer
    """  # noqa: D301 - click's mark for lines that stay as they are
    moment = before.replace(tzinfo=UTC) if before else None
    ask = _plan(config, moment) if dry_run else _prune(config, moment)
    try:
        click.echo(asyncio.run(ask))
    except OSError as error:
        why = (error.strerror or str(error)).lower()
        raise click.ClickException(f"cannot write {error.filename or 'it'}: {why}") from error


async def _plan(config: Path | None, before: datetime | None) -> str:
    rules = settings.here(config).audit.retention
    async with opened(config) as log:
        plan = await log.plan_pruning(rules, before)
    if not plan.count:
        return f"Nothing would be pruned: {rules}.{_held(plan.held)}"
    more = "" if plan.is_all else " to begin with"
    (first, _), (_, last) = plan.runs[0], plan.runs[-1]
    return f"{plan.count} events from {first} to {last} would be pruned{more}.{_held(plan.held)}"


async def _prune(config: Path | None, before: datetime | None) -> str:
    rules = settings.here(config).audit.retention
    async with opened(config) as log:
        done = await log.prune(rules, before)
    if not done.count:
        return f"Nothing was pruned: {rules}.{_held(done.held)}"
    made = [f"{rules.archive}/{each.name}, sha256 {each.sha256}" for each in done.archives]
    said = f"{done.count} events were pruned, up to event {done.through}.{_held(done.held)}"
    return "\n".join([said, *made])


def _held(number: int) -> str:
    return f" {number} that are old enough are held." if number else ""


COMMANDS = (prune,)
