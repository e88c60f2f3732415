"""Runs a program of this machine that only looks: no shell, a bounded answer, gone in any case."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from bot.api import Standing
from integrations.probes.wire import Unwell

if TYPE_CHECKING:
    from collections.abc import Sequence

# Nothing of our own environment is inherited: it holds secrets.
ENVIRONMENT: Final = {"PATH": "/usr/bin:/bin:/usr/sbin:/sbin", "LC_ALL": "C"}
MOST_BYTES: Final = 1 << 14
LAST_SECONDS: Final = 1  # for one that was killed; the kernel may hold it on to a dead disk


async def ran(command: Sequence[str]) -> tuple[int, str]:
    """Return its exit status and what it printed; `Unwell` where it cannot be run from here."""
    try:
        process = await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            env=ENVIRONMENT,
            start_new_session=True,
        )
    except OSError as error:
        text = f"cannot be asked: this machine has no `{command[0]}`"
        raise Unwell(text, "no_program", Standing.UNKNOWN) from error
    try:
        said = await _printed(process)
        return await process.wait(), said.decode("utf-8", "replace")
    finally:
        if process.returncode is None:
            process.kill()
            with suppress(TimeoutError):
                async with asyncio.timeout(LAST_SECONDS):
                    await process.wait()


async def _printed(process: asyncio.subprocess.Process) -> bytes:
    assert process.stdout is not None  # noqa: S101 - a pipe was asked for
    try:
        await process.stdout.readexactly(MOST_BYTES)
    except asyncio.IncompleteReadError as error:
        return error.partial
    raise Unwell("cannot be asked: the program answers far too much", "garbage", Standing.UNKNOWN)
