"""Processes of ours that are up at once: forked from one that has loaded everything and runs none.

What such a process does is what it does when it is started from a shell; only the loading of the
libraries, which is half of the work of a start, is done once for all of them. How the product
starts from a shell is tested in `tests/cli/test_serve.py`.
"""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable, Sequence
from multiprocessing.context import ForkServerProcess
from pathlib import Path

from bot import cli

LOADED = (
    "bot.cli.serve",
    "tests.workflow.victim",
    "tests.audit.appender",
    "tests.audit.cut",
    "tests.audit.killed",
    "tests.forked",
)

_context = multiprocessing.get_context("forkserver")
_context.set_forkserver_preload(list(LOADED))


def fork(work: Callable[..., None], *given: object) -> ForkServerProcess:
    """Start a process that does some work and ends."""
    process = _context.Process(target=work, args=given)
    process.start()
    return process


def wardroom(words: Sequence[str], output: Path) -> ForkServerProcess:
    """Start `wardroom WORDS`; what it says is added to a file."""
    return fork(_typed, tuple(words), output)


def _typed(words: Sequence[str], output: Path) -> None:
    with output.open("ab") as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    cli.main(list(words), prog_name="wardroom")
