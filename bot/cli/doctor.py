"""`wardroom doctor`: everything that can be checked from here, each with its mend."""

from __future__ import annotations

import asyncio
import contextlib
import json
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import NoReturn

import click
import structlog

import commands
import integrations
from bot import extensions, registry, settings
from bot.api import Command
from bot.cli import options
from bot.cli.machine import MachineClock
from bot.doctor import CHECKS, Finding, State, examine
from bot.errors import WardroomError

WIDE = max(len("teams channels"), *map(len, CHECKS)) + 1
INDENT = " " * 6


@click.command("doctor", cls=options.Told)
@options.config
@click.option(
    "--only",
    type=click.Choice(list(CHECKS)),
    multiple=True,
    help="Make only these checks (and the settings'); may be given more than once.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one object: is_well and the checks.")
def command(config: Path | None, only: tuple[str, ...], *, as_json: bool) -> None:
    """Check each step of an installation, and say the mend of what is not well.

    One line per check: ok, warn (works, and should be mended), fail, or skip (cannot be known from
    here). No secret is printed, nothing is changed anywhere, and no server has to run. Exits 1
    when a check failed.

    \b
    Example:
        wardroom doctor --only slack
    """  # noqa: D301 - click's mark for lines that stay as they are
    with _quiet():
        found = asyncio.run(examine(config, only, commands=_known(config), clock=MachineClock()))
    click.echo(_object(found) if as_json else "\n".join(_lines(found)))
    if not _is_well(found):
        raise click.exceptions.Exit(1)


def _known(config: Path | None) -> Sequence[Command]:
    """Return every command, a site's own too; what is wrong with those is said by their check."""
    with contextlib.suppress(WardroomError):
        here = settings.here(config)
        packages = (commands, integrations)
        extensions.use(here.extensions, packages, strict=not here.is_sandbox)
    return registry.discover(commands).commands


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Say nothing between the lines: that a library tries again is told by what came of it."""
    before = structlog.get_config()
    structlog.configure(processors=[_drop])
    try:
        yield
    finally:
        structlog.configure(**before)


def _drop(*_: object) -> NoReturn:
    raise structlog.DropEvent


def _is_well(found: Sequence[Finding]) -> bool:
    return all(finding.state is not State.FAIL for finding in found)


def _object(found: Sequence[Finding]) -> str:
    checks = [asdict(finding) for finding in found]
    return json.dumps({"is_well": _is_well(found), "checks": checks}, indent=2, ensure_ascii=False)


def _lines(found: Sequence[Finding]) -> Iterator[str]:
    for finding in found:
        yield f"{finding.state.value:<4}  {finding.name:<{WIDE}} {finding.text}"
        if finding.mend:
            yield textwrap.indent(f"mend: {finding.mend}", INDENT)
