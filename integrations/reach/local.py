"""Runs a program on this machine, in a process group of its own, with nothing of ours inherited."""

from __future__ import annotations

import asyncio
import os
import signal
import stat
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

from bot.api import Rejected, Unreachable

if TYPE_CHECKING:
    from io import FileIO

    from bot.api import Script, ScriptCall

MINIMAL: Final = {"PATH": "/usr/local/bin:/usr/bin:/bin", "LANG": "C.UTF-8"}
GRACE_SECONDS: Final = 5.0
"""Until what was asked to end is ended by force."""
PIPE_SECONDS: Final = 1.0
"""How long a child that outlives its script may still be heard."""
CHUNK: Final = 65_536


async def run(call: ScriptCall, take: Callable[[bytes], None]) -> int:
    """Run it; cancelling ends the whole group, and so does its own end."""
    words = [argument.text for argument in call.arguments]
    # A pipe of our own: asyncio waits for the end of its pipes before it says that a process has
    # ended, and a child that outlives its script holds them open.
    ours, theirs = os.pipe()
    with os.fdopen(ours, "rb", 0) as read:
        try:
            process = await _begun(words, theirs, {**MINIMAL, **call.variables})
        finally:
            os.close(theirs)
        reading = asyncio.create_task(_read(read, take))
        try:
            code = await process.wait()
            await asyncio.wait({reading}, timeout=PIPE_SECONDS)
        finally:
            await _end(process)
            reading.cancel()
            await asyncio.wait({reading})
    return code


async def _begun(
    words: Sequence[str], pipe: int, variables: Mapping[str, str]
) -> asyncio.subprocess.Process:
    try:
        return await asyncio.create_subprocess_exec(
            *words,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=pipe,
            stderr=pipe,
            env=variables,
            cwd="/",
            start_new_session=True,
        )
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else None
        raise Rejected(f"{words[0]} cannot be started: {(why or 'refused').lower()}.") from error


async def look(script: Script) -> str:
    """Return that a program may be run; `Rejected` where it is not there, or anybody's to change.

    Whoever can write to the file, or put another in its place, runs what they like as Wardroom.
    """
    return await asyncio.to_thread(_look, script.command[0])


def _look(path: str) -> str:
    file = Path(path)
    try:
        found = file.stat()
        open_ = [one for one in (file, *file.parents) if _is_open(one)]
    except OSError as error:
        raise Rejected(f"{path}: {(error.strerror or 'cannot be read').lower()}") from error
    if not stat.S_ISREG(found.st_mode) or not os.access(path, os.X_OK):
        raise Rejected(f"{path} is no program that Wardroom may run; run: chmod 0755 {path}")
    if open_:
        raise Rejected(f"everybody may change {open_[0]}; run: chmod o-w {open_[0]}")
    return f"{path} may be run"


def _is_open(path: Path) -> bool:
    mode = path.stat().st_mode
    # In a folder like /tmp only the owner of a file may replace it.
    return bool(mode & stat.S_IWOTH) and not (stat.S_ISDIR(mode) and mode & stat.S_ISVTX)


async def _read(pipe: FileIO, take: Callable[[bytes], None]) -> None:
    reader = asyncio.StreamReader()
    protocol = asyncio.StreamReaderProtocol(reader)
    transport, _ = await asyncio.get_running_loop().connect_read_pipe(lambda: protocol, pipe)
    try:
        while data := await reader.read(CHUNK):
            take(data)
    finally:
        transport.close()


async def _end(process: asyncio.subprocess.Process) -> None:
    """End the group, whoever of it is left: politely, then by force; a child of it goes too."""
    if process.returncode is None:
        _signal(process.pid, signal.SIGTERM)
        with suppress(TimeoutError):
            async with asyncio.timeout(GRACE_SECONDS):
                await process.wait()
    _signal(process.pid, signal.SIGKILL)
    try:
        async with asyncio.timeout(GRACE_SECONDS):
            await process.wait()
    except TimeoutError as error:
        raise Unreachable("its process does not end, not even by force.") from error


def _signal(group: int, number: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.killpg(group, number)
