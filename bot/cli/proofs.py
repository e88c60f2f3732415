"""`wardroom audit checkpoint`, `prove`, `consistency`, and the keys that sign the log."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click

from bot.cli import options
from bot.cli.log_folder import opened
from bot.dispatch.phi import Tier, explain, mask, scan
from bot.errors import BadInput, Conflict

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from bot.audit.folder import LogFolder
    from bot.model import Proof

T = TypeVar("T")
NOT_THERE, REFUSED = 1, 2
out = click.option(
    "--out", type=click.Path(path_type=Path), metavar="FILE", help="Write it to a new file."
)


@click.command(cls=options.Told)
@click.option(
    "--countersigned",
    is_flag=True,
    help="The newest one that the KMS of the settings signed too; exit 2 where there is none.",
)
@out
@options.config
def checkpoint(out: Path | None, config: Path | None, *, countersigned: bool) -> None:
    """Print the log's signed checkpoint of now.

    Keep it outside this machine: with it anybody can show later that the log was changed, or with
    `consistency` that it was not.
    """
    if not countersigned:
        _give(_asked(config, lambda log: log.checkpoint()), out)
        return
    note = _asked(config, lambda log: log.countersigned())
    if not note:
        click.echo("No checkpoint was countersigned yet.", err=True)
        raise click.exceptions.Exit(REFUSED)
    _give(note, out)


@click.command(cls=options.Told)
@click.argument("number", type=int)
@out
@options.config
def prove(number: int, out: Path | None, config: Path | None) -> None:
    """Print the proof that event NUMBER is in the log.

    A C2SP tlog-proof: the event's bytes (base64, the line `extra`), the hashes up to the root, and
    the signed checkpoint. `verify_export.py --proof FILE --key KEY` checks it with nothing but
    Python; `wardroom audit keys` prints the key.

    \b
    Example:
        wardroom audit prove 42 --out event-42.tlog-proof
    """  # noqa: D301 - click's mark for lines that stay as they are
    proof = _asked(config, lambda log: log.prove(number))
    if proof is None:
        click.echo(f"There is no event {number}.", err=True)
        raise click.exceptions.Exit(REFUSED)
    if proof.event is None:
        said = f"Event {number} was pruned: its line in the archive goes with --event FILE."
        click.echo(f"{said} Leaf {proof.leaf.hex()}", err=True)
    _give(proof.text, out)


@click.command(cls=options.Told)
@click.argument("old", type=int, required=False)
@click.argument("new", type=int, required=False)
@click.option(
    "--file",
    type=click.Path(dir_okay=False, exists=True, path_type=Path),
    help="A checkpoint that you kept, instead of OLD.",
)
@out
@options.config
def consistency(
    old: int | None, new: int | None, file: Path | None, out: Path | None, config: Path | None
) -> None:
    """Print the proof that the log of NEW events, or of now, begins with its first OLD ones.

    With --file, that the log goes on from a checkpoint that you kept; exit 1 where it does not: it
    was cut (ROLLBACK), or is another history (FORK).

    \b
    Examples:
        wardroom audit consistency 812
        wardroom audit consistency --file kept.checkpoint
    """  # noqa: D301 - click's mark for lines that stay as they are
    if (old is None) == (file is None):
        raise click.UsageError("name the earlier log once: its size OLD, or --file")
    since: int | str = _read(file) if file else old or 0
    proof: Proof = _asked(config, lambda log: log.consistency(since, new))
    said = (
        f"The log of {proof.size} events begins with its first {proof.old}: root {proof.old_root}"
    )
    click.echo(said, err=True)
    if not proof.is_signed:
        click.echo("Only the newest checkpoint of a log is signed; this one is not.", err=True)
    _give(proof.text, out)


@click.command(cls=options.Told)
@options.config
def keys(config: Path | None) -> None:
    """Print the public keys that sign the log, each with the sizes that it may sign.

    Give them to whoever verifies (`--key`), once and not through this machine's database: what is
    printed here is what the log itself says.
    """
    for each in _asked(config, lambda log: log.keys()):
        click.echo(each)


@click.command("rotate-key", cls=options.Told)
@options.config
def rotate_key(config: Path | None) -> None:
    """Let a new key sign the log from now on, and destroy the one before.

    Both sign the checkpoint of the event that says so. A running server goes on with the new key by
    itself; other machines of one PostgreSQL need the new key's file.
    """
    key = _asked(config, lambda log: log.rotate())
    click.echo(f"From now on the log is signed by\n{key}")


@click.command(cls=options.Told)
@click.option("--why", required=True, metavar="TEXT", help="What the record says.")
@options.config
def adopt(why: str, config: Path | None) -> None:
    """Sign the log as it stands, where its former key is lost or it never had one.

    Verifies the whole log first. Whoever verifies later sees that nobody but you vouches for what
    was before: docs/operations.md (Keys).
    """
    verdict = scan(why)
    if verdict.tier is Tier.BLOCK:
        click.echo(explain(verdict), err=True)
        raise click.exceptions.Exit(REFUSED)
    key = _asked(config, lambda log: log.adopt(mask(why)[0]))
    click.echo(f"The log as it stands is signed by\n{key}")


COMMANDS = (checkpoint, prove, consistency, keys, rotate_key, adopt)


def _asked(config: Path | None, ask: Callable[[LogFolder], Awaitable[T]]) -> T:
    async def answer() -> T:
        async with opened(config) as log:
            return await ask(log)

    try:
        return asyncio.run(answer())
    except BadInput as error:
        raise click.UsageError(error.text) from error
    except Conflict as error:
        click.echo(error, err=True)
        raise click.exceptions.Exit(NOT_THERE) from error


def _read(file: Path) -> str:
    try:
        return file.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise click.UsageError(f"{file} cannot be read as a checkpoint") from error


def _give(text: str, out: Path | None) -> None:
    if out is None:
        click.echo(text, nl=False)
        return
    try:
        # For its owner alone: a proof holds an event.
        descriptor = os.open(out, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        why = (error.strerror or "error").lower()
        raise click.ClickException(f"cannot write {out}: {why}") from error
    click.echo(out)
