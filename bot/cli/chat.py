"""`wardroom chat`: commands typed to a running server; loads no part of the engine."""

from __future__ import annotations

from pathlib import Path

import click

from bot.adapters import terminal

HISTORY = Path("~/.wardroom_history")


@click.command("chat")
@click.option("--as", "person", metavar="PERSON", default="", help="Who you are, by id.")
@click.option(
    "--url",
    default=None,
    envvar="WARDROOM_URL",
    help="Where the server is (WARDROOM_URL); http://127.0.0.1:PORT unless given.",
)
@click.option(
    "--port", type=int, default=8080, envvar="PORT", show_default=True, help="The sandbox's port."
)
@click.option("--json", "as_json", is_flag=True, help="Print one object per command, for scripts.")
@click.argument("text", required=False)
@click.pass_context
def command(
    ctx: click.Context,
    person: str,
    url: str | None,
    port: int,
    text: str | None,
    *,
    as_json: bool,
) -> None:
    """Type commands to a running Wardroom.

    With TEXT it types one command and ends: 0 when it is done or waits for approval, 2 when it was
    refused or not understood, 1 when it failed. Without, it offers a prompt, or reads commands from
    standard input, one per line.

    Being somebody with --as works in the sandbox only, on this machine.

    \b
    Examples:
        wardroom chat --as engineer "ci status lab-results 1.4.2"
        wardroom chat --as release-manager --json "approve REQ-1"
    """  # noqa: D301 - click's mark for lines that stay as they are
    where = url or f"http://127.0.0.1:{port}"
    ctx.exit(terminal.chat(person, where, text, as_json, history=HISTORY.expanduser()))
