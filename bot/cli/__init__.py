"""The command line: `wardroom`.

Each command's module is loaded when it is typed, so that `wardroom chat` answers at once and never
loads the engine. What stands here is what `wardroom --help` shows.
"""

from __future__ import annotations

import gc
import importlib
import sys
from types import ModuleType
from typing import TYPE_CHECKING, Final

import click

from bot import __version__

if TYPE_CHECKING:
    from collections.abc import Mapping

COMMANDS: Final[Mapping[str, str]] = {
    "serve": "Start Wardroom.",
    "chat": "Type commands to a running Wardroom.",
    "audit": "Search, show, verify and export the audit log.",
    "change": "Write the evidence of a change.",
    "runbook": "Check and print runbooks.",
    "doctor": "Check each step of an installation, and say the mend of what is not well.",
    "manifest": "Print what a chat platform needs to know of this app.",
    "privacy": "Check a text for patient data.",
    "db": "Look after the database.",
}


class Lazy(click.Group):
    """A group whose commands live in modules of this package, loaded by name."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """Return the commands in the order of the help."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's signature
        """Load a command, or return None where there is none of that name."""
        if cmd_name not in COMMANDS:
            return None
        command = _load(f"bot.cli.{cmd_name}").command
        if not isinstance(command, click.Command):
            raise TypeError(f"bot.cli.{cmd_name}: `command` is not a click command")
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command that was typed; a typo is told the nearest names."""
        if args[0] not in COMMANDS and not args[0].startswith("-"):
            raise click.NoSuchCommand(args[0], possibilities=COMMANDS, ctx=ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - click's signature
        """List the commands without loading them."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


def _load(name: str) -> ModuleType:
    """Import a module; the collector, which finds nothing in one, would take a quarter of it."""
    if name in sys.modules:
        return sys.modules[name]
    gc.disable()
    try:
        return importlib.import_module(name)
    finally:
        gc.freeze()
        gc.enable()


@click.group(
    cls=Lazy,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="`wardroom COMMAND --help` says more about a command.",
)
@click.version_option(__version__, message="wardroom %(version)s")
def main() -> None:
    """ChatOps for clinical-IT DevOps teams, with an audit log that can be proved."""
