"""What several commands of the command line share."""

from __future__ import annotations

from pathlib import Path

import click

config = click.option(
    "--config",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="The settings file; else WARDROOM_CONFIG, ./var/wardroom.yaml or ./wardroom.yaml.",
)
