"""What several commands share: the settings file, and errors told as one sentence."""

from __future__ import annotations

from pathlib import Path

import click

from bot.errors import WardroomError


class Told(click.Command):
    """A command whose errors of ours are told as a sentence, not a traceback."""

    def invoke(self, ctx: click.Context) -> object:
        """Run the command."""
        try:
            return super().invoke(ctx)
        except WardroomError as error:
            raise click.ClickException(str(error)) from error


class ToldGroup(click.Group):
    """A group of such commands."""

    command_class = Told


config = click.option(
    "--config",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="The settings file; else WARDROOM_CONFIG, WARDROOM_HOME/wardroom.yaml (./var) or "
    "./wardroom.yaml.",
)
