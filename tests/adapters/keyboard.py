"""Somebody at a terminal: a real process on a pseudo-terminal, or the prompt in this process."""

from __future__ import annotations

import asyncio
import io
import os
import pty
import re
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from prompt_toolkit.application import create_app_session
from prompt_toolkit.input import create_pipe_input
from prompt_toolkit.output.plain_text import PlainTextOutput

from bot.adapters.terminal import prompted
from tests.adapters.web.house import House

PATIENCE = 30.0  # silence, on a busy machine, after which a test gives up
ESCAPES = re.compile(r"\x1b\][^\x07]*\x07|\x1b\[[0-9;?]*[A-Za-z]|\x1b[=>()][0-9A-Z]?|\r")
PROGRAM = """
import sys
from pathlib import Path
from bot.adapters.terminal import chat
person, url, text, as_json, history = sys.argv[1:]
sys.exit(chat(person, url, text or None, bool(as_json), Path(history) if history else None))
"""


class Screen(io.StringIO):
    """What was shown and not looked at yet."""

    def __init__(self) -> None:
        super().__init__()
        self._seen = ""
        self._more = asyncio.Event()

    def write(self, text: str) -> int:
        """Show a text."""
        self._seen += ESCAPES.sub("", text)
        self._more.set()
        return len(text)

    async def sees(self, text: str) -> str:
        """Wait until a text is shown; returns everything up to it, and forgets it."""
        while text not in self._seen:
            self._more.clear()
            try:
                await asyncio.wait_for(self._more.wait(), PATIENCE)
            except TimeoutError:
                pytest.fail(f"never saw {text!r}, but: {self._seen!r}")
        before, _, self._seen = self._seen.partition(text)
        return before


@dataclass(frozen=True)
class Terminal:
    """A keyboard and a screen with the prompt on it."""

    screen: Screen
    types: Callable[[str], None]
    end: Callable[[], Awaitable[int]]

    async def sees(self, text: str) -> str:
        """Wait until a text is shown."""
        return await self.screen.sees(text)

    async def is_asked(self, person: str = "engineer") -> None:
        """Wait for the prompt: between two of them the keys belong to nobody."""
        await self.sees(f"{person} >")

    async def leaves(self) -> int:
        """Press Ctrl-D and return the exit code."""
        self.types("\x04")
        return await asyncio.wait_for(self.end(), PATIENCE)


async def start(
    *words: str, stdin: int, stdout: int, stderr: int | None = None
) -> asyncio.subprocess.Process:
    """Start `chat` with its arguments as a process of its own."""
    command = (sys.executable, "-c", PROGRAM, *words)
    env = {**os.environ, "TERM": "xterm", "COLUMNS": "100", "LINES": "40"}
    return await asyncio.create_subprocess_exec(
        *command, stdin=stdin, stdout=stdout, stderr=stderr, env=env
    )


@asynccontextmanager
async def at_a_terminal(house: House) -> AsyncIterator[Terminal]:
    """Start the prompt as the engineer, on a pseudo-terminal."""
    leader, follower = pty.openpty()
    program = await start(
        *("engineer", house.url, "", "", ""), stdin=follower, stdout=follower, stderr=follower
    )
    os.close(follower)
    screen, loop = Screen(), asyncio.get_running_loop()

    def read() -> None:
        try:
            found = os.read(leader, 65536)
        except OSError:
            found = b""
        if not found:
            loop.remove_reader(leader)
        if b"\x1b[6n" in found:
            os.write(leader, b"\x1b[1;1R")  # where the cursor is, as a terminal says
        screen.write(found.decode("utf-8", "replace"))

    loop.add_reader(leader, read)
    try:
        terminal = Terminal(screen, lambda keys: _press(leader, keys), program.wait)
        await terminal.is_asked()
        yield terminal
    finally:
        if program.returncode is None:
            program.kill()
        await program.wait()
        loop.remove_reader(leader)
        os.close(leader)


@asynccontextmanager
async def at_the_prompt(house: House, history: Path | None = None) -> AsyncIterator[Terminal]:
    """Run the prompt as the engineer in this process, on a keyboard and screen of the test's."""
    screen = Screen()
    with (
        create_pipe_input() as keyboard,
        create_app_session(input=keyboard, output=PlainTextOutput(screen)),
    ):
        task = asyncio.create_task(prompted(house.url, "engineer", False, history))

        async def end() -> int:
            return await task

        terminal = Terminal(screen, keyboard.send_text, end)
        try:
            await terminal.is_asked()
            yield terminal
            if not task.done():
                await terminal.leaves()
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


def _press(leader: int, keys: str) -> None:
    os.write(leader, keys.encode())
