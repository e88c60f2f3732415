"""`wardroom audit anchor`: what others remember of the log."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bot.cli import options
from bot.cli.log_folder import opened

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.audit.anchors import State


@click.command(cls=options.Told)
@click.option("--begin", is_flag=True, help="Fill the anchors that hold no checkpoint yet.")
@options.config
def anchor(config: Path | None, *, begin: bool) -> None:
    """Compare the log with what each anchor holds, and have them hold what it is now.

    Exit 0 where all is well, 1 where an anchor is in trouble or remembers another log. An anchor
    that is empty though the log is not is filled only with --begin: make sure first that nobody
    took its checkpoint away.
    """
    states, said = asyncio.run(_anchored(config, begin=begin))
    for state in states:
        how = state.trouble or f"holds the log of {state.size} events"
        click.echo(f"{state.name}: {how}")
    click.echo(said)
    raise click.exceptions.Exit(1 if any(state.trouble for state in states) else 0)


async def _anchored(config: Path | None, *, begin: bool) -> tuple[Sequence[State], str]:
    async with opened(config) as log:
        return await log.anchors(begin=begin)


COMMANDS = (anchor,)
