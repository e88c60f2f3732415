"""`wardroom privacy`: the guard against patient data, on its own."""

from __future__ import annotations

import json
import sys

import click

from bot.cli import options
from bot.dispatch.phi import Verdict, explain, scan


@click.group("privacy", cls=options.ToldGroup)
def command() -> None:
    """Check a text for patient data."""


@command.command()
@click.option("--json", "as_json", is_flag=True, help="Print one object: verdict, kinds, length.")
def check(*, as_json: bool) -> None:
    """Say whether the text on standard input holds patient data.

    Prints `block`, `warn` or `clean` with the kinds that were found, never a value. Nothing is
    stored or sent anywhere.

    \b
    Example:
        wardroom privacy check < message.txt
    """  # noqa: D301 - click's mark for lines that stay as they are
    verdict = scan(sys.stdin.buffer.read().decode("utf-8", errors="replace"))
    click.echo(_object(verdict) if as_json else _lines(verdict))


def _object(verdict: Verdict) -> str:
    found = {"verdict": verdict.tier.value, "kinds": verdict.kinds, "length": verdict.length}
    return json.dumps(found)


def _lines(verdict: Verdict) -> str:
    first = " ".join([verdict.tier.value, *verdict.kinds])
    return f"{first}\n{explain(verdict)}" if verdict.kinds else first
