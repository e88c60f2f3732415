"""`wardroom audit verify`, and the same program to take along: `wardroom audit verifier`."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Sequence
from pathlib import Path

import click

from bot.audit import verify as verifier
from bot.audit.onefile import one_file
from bot.cli import options
from bot.cli.log_folder import opened


class _Key(click.ParamType[verifier.Key]):
    """A key to pin, as `wardroom audit keys` prints it."""

    name = "key"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> verifier.Key:
        """Read it."""
        try:
            return value if isinstance(value, verifier.Key) else verifier.Key.parse(str(value))
        except ValueError as error:
            self.fail(str(error), param, ctx)


class _Root(click.ParamType[bytes]):
    """A root hash in hexadecimal digits."""

    name = "root"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> bytes:
        """Read it."""
        try:
            return value if isinstance(value, bytes) else bytes.fromhex(str(value))
        except ValueError:
            self.fail("it is 64 hexadecimal digits", param, ctx)


_FILE = click.Path(dir_okay=False, path_type=Path)


@click.command(cls=options.Told)
@click.argument("file", required=False, type=_FILE)
@click.option("--proof", type=_FILE, metavar="FILE", help="Verify a proof instead.")
@click.option(
    "--key",
    "keys",
    type=_Key(),
    multiple=True,
    metavar="NAME+ID+KEY[@FIRST..LAST]",
    help="A key that may have signed, and which sizes of the log it may sign (repeatable).",
)
@click.option(
    "--kept",
    type=_FILE,
    multiple=True,
    metavar="FILE",
    help="A checkpoint of the log that was kept elsewhere (repeatable).",
)
@click.option("--size", type=int, metavar="N", help="A size that the log is known to have had.")
@click.option("--root", type=_Root(), metavar="HEX", help="The root that the log had at that size.")
@options.config
def verify(
    file: Path | None,
    *,
    proof: Path | None,
    keys: Sequence[verifier.Key],
    kept: Sequence[Path],
    size: int | None,
    root: bytes | None,
    config: Path | None,
) -> None:
    """Say whether the log, or an export of it, is whole, and whether it is the one that others saw.

    With FILE, an export with its manifest beside it. Without, the database: it must be signed by
    the key of this machine, or by one of those given. Only a checkpoint that was kept elsewhere
    shows that the log was not replaced as a whole: --kept, or --size and --root.

    Exit 0: whole, and all of it kept elsewhere where that was asked; 1: not; 2: unreadable;
    3: nothing is wrong, and the youngest events are UNANCHORED.
    """
    if (size is None) != (root is None):
        raise click.UsageError("--size and --root belong together")
    if file and proof:
        raise click.UsageError("give an export, or a proof")
    event = ""
    try:
        heads = [verifier.read_kept(each, keys) for each in kept]
        if size is not None and root is not None:
            heads.append(verifier.Head(size, root))
        if proof:
            findings, event = verifier.verify_proof(proof, heads, keys)
        elif file:
            findings = verifier.verify_file(file, heads, keys)
        else:
            findings = asyncio.run(_verify(config, heads, keys))
    except verifier.Unreadable as error:
        click.echo(error, err=True)
        raise click.exceptions.Exit(verifier.UNREADABLE) from error
    click.echo("\n".join([*verifier.report(findings), *filter(None, [event])]))
    raise click.exceptions.Exit(findings.exit_code)


async def _verify(
    config: Path | None, kept: Sequence[verifier.Head], keys: Sequence[verifier.Key]
) -> verifier.Findings:
    async with opened(config) as log:
        return await log.verify(kept, keys)


@click.command(cls=options.Told)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    metavar="FILE",
    default="verify_export.py",
    show_default=True,
    help="Where to write it: a new file.",
)
def take(out: Path) -> None:
    """Write the verifier as one file that needs nothing but Python 3.9, to take along.

    Take it from a release that you trust, not from the machine that you audit: the SHA-256 that is
    printed is the same for everybody who has this version.
    """
    source = one_file().encode()
    try:
        with out.open("xb") as new:
            new.write(source)
    except OSError as error:
        raise click.ClickException(f"cannot write {out}: {error.strerror}") from error
    click.echo(f"{out}, SHA-256 {hashlib.sha256(source).hexdigest()}")


take.name = "verifier"
COMMANDS = (verify, take)
