"""`wardroom serve`: the server."""

from __future__ import annotations

import asyncio
from pathlib import Path

import click

from bot import app, logs, settings
from bot.cli import options


@click.command("serve")
@options.config
def command(config: Path | None) -> None:
    """Start Wardroom and run until it is told to stop (Ctrl-C or SIGTERM).

    It refuses to start on an unsafe or incomplete configuration, and says what to mend. It logs to
    standard error.
    """
    known = settings.here(config)
    logs.configure(known.log_level)
    asyncio.run(app.serve(known))
