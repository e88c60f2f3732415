"""The verifier as a program."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from bot.audit.verify.bundle import verify_file
from bot.audit.verify.findings import UNREADABLE, Head, Unreadable, report
from bot.audit.verify.notes import Key
from bot.audit.verify.proofs import read_kept, verify_proof

_EXIT_CODES = """exit code: 0 both verdicts hold, as far as they were asked for; 1 one does not;
2 something could not be read; 3 nothing is wrong, but the youngest events are UNANCHORED"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Verify what the command line names; say what was found; return the exit code."""
    parser = _parser()
    given = parser.parse_args(arguments)
    if (given.size is None) != (given.root is None):
        parser.error("--size and --root belong together")
    if (given.file is None) == (given.proof is None):
        parser.error("give an export, or a proof with --proof")
    try:
        kept = [read_kept(file, given.key) for file in given.kept]
        if given.size is not None:
            kept.append(Head(given.size, given.root))
        if given.proof:
            findings, event = verify_proof(given.proof, kept, given.key, given.event)
        else:
            findings = verify_file(given.file, kept, given.key, reads_each=given.read_each)
            event = ""
    except Unreadable as error:
        print(error, file=sys.stderr)
        return UNREADABLE
    print("\n".join([*report(findings), *filter(None, [event])]))
    return findings.exit_code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description="Verify an audit export, or a proof, offline.", epilog=_EXIT_CODES
    )
    add = parser.add_argument
    add("file", type=Path, nargs="?", help="the export; its manifest lies beside it")
    add("--proof", type=Path, metavar="FILE", help="a proof of one event, or that the log grew")
    add("--event", type=Path, metavar="FILE", help="the event's bytes, if the proof has them not")
    add(
        "--key",
        type=_key,
        action="append",
        default=[],
        metavar="NAME+ID+KEY[@FIRST..LAST]",
        help="a key that may have signed, and which sizes of the log it may sign (repeatable)",
    )
    add(
        "--kept",
        type=Path,
        action="append",
        default=[],
        metavar="FILE",
        help="a checkpoint of this log that was kept elsewhere (repeatable)",
    )
    add("--size", type=int, help="a size that the log is known to have had")
    add("--root", type=bytes.fromhex, help="the root that the log had at that size")
    add("--read-each", action="store_true", help="also look at the form of every event (slow)")
    return parser


def _key(text: str) -> Key:
    try:
        return Key.parse(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error
