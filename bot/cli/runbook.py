"""`wardroom runbook`: check and print runbooks; no server runs and nothing is asked for."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import click

import commands
import integrations
from bot import extensions, registry, settings
from bot.cli import options
from bot.dispatch.authorise import Policies
from bot.dispatch.authorise.hierarchy import shipped
from bot.errors import BadInput
from bot.reach import barred, of
from bot.runbooks.binder import bind
from bot.runbooks.document import schema as json_schema
from bot.runbooks.lint import Linter
from bot.runbooks.page import page
from bot.runbooks.shelf import SHIPPED, Shelf, volume


@click.group("runbook", cls=options.ToldGroup)
def command() -> None:
    """Check and print runbooks."""


@command.command()
@options.config
@click.argument(
    "files", nargs=-1, type=click.Path(exists=True, path_type=Path), metavar="[FILE]..."
)
def lint(config: Path | None, files: Sequence[Path]) -> None:
    """Check runbooks: the format, each command, each value, and where each step leads.

    FILE is a runbook or a folder of them; without one, all that Wardroom finds are checked, those
    of the settings file too when there is one. A site's own commands and roles are known only with
    its settings. Exits 1 when something is to be mended.

    \b
    Example:
        wardroom runbook lint runbooks/pacs-unreachable.yaml
    """  # noqa: D301 - click's mark for lines that stay as they are
    known = settings.here(config) if config or settings.is_here() else None
    linter = _linter(known)
    shelf = Shelf(tuple(files)) if files else _shelf(known)
    volumes = [volume(one.file) for one in shelf.all().values()]
    wrong = [f"{one.file}: {problem}" for one in volumes for problem in linter(one)]
    for line in wrong:
        click.echo(line)
    many = "1 runbook" if len(volumes) == 1 else f"{len(volumes)} runbooks"
    click.echo(f"{many}, {len(wrong) or 'nothing'} to mend")
    if wrong:
        raise click.exceptions.Exit(1)


@command.command(name="print")
@options.config
@click.argument("name")
def printed(config: Path | None, name: str) -> None:
    """Print a runbook as one plain page: contacts, steps, boxes to tick.

    NAME is a runbook's name or its file. It reads files only: it works with no server and no
    network.

    \b
    Example:
        wardroom runbook print pacs-unreachable | lpr
    """  # noqa: D301 - click's mark for lines that stay as they are
    file = Path(name)
    if file.suffix and file.is_file():
        found = volume(file)
    else:
        known = settings.here(config) if config or settings.is_here() else None
        shelf = _shelf(known)
        kept = shelf.get(name)
        if kept is None:
            raise BadInput(f"There is no runbook {name}{shelf.near(name)}.")
        found = kept
    if found.book is None:
        raise BadInput(f"{found.file}: {'; '.join(found.problems)}")
    click.echo(page(found.book, found.digest), nl=False)


@command.command()
@options.config
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
def export(config: Path | None, folder: Path) -> None:
    """Write every runbook as a page into FOLDER, as is done every night.

    Pages of runbooks that are no more are removed, other files stay. It reads files only: it works
    with no server and no network.

    \b
    Example:
        wardroom runbook export /media/usb/runbooks
    """  # noqa: D301 - click's mark for lines that stay as they are
    known = settings.here(config) if config or settings.is_here() else None
    try:
        bound = bind(_shelf(known), folder, datetime.now(UTC))
    except OSError as error:
        raise BadInput(f"{folder} cannot be written: {error.strerror or error}") from error
    click.echo(f"{folder}: {bound.text}")
    if bound.kept:
        raise click.exceptions.Exit(1)


@command.command()
def schema() -> None:
    """Print the JSON Schema of a runbook, by which editors complete one.

    \b
    Example:
        wardroom runbook schema > docs/runbook.schema.json
    """  # noqa: D301 - click's mark for lines that stay as they are
    click.echo(json.dumps(json_schema(), indent=2, ensure_ascii=False))


def _shelf(known: settings.Settings | None) -> Shelf:
    return Shelf((SHIPPED, *(known.runbooks if known else ())))


def _linter(known: settings.Settings | None) -> Linter:
    if known is not None:
        packages = (commands, integrations)
        extensions.use(known.extensions, packages, strict=not known.is_sandbox)
    found = registry.discover(commands)
    if known is None:
        return Linter(found, frozenset(shipped().roles))
    policies = Policies(found.commands, known.policies)
    return Linter(found, policies.roles, partial(barred, of(known, policies, None)))
