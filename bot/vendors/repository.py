"""Runs git in a folder of ours, bounded in time, with nobody to ask for a password."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from bot.errors import Rejected, Unreachable

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

SECONDS: Final = 10


async def git(
    folder: str | Path, *words: str, otherwise: str = "", good: Collection[int] = (0,)
) -> str:
    """Return what git says; `Rejected` with the sentence `otherwise` where it refuses.

    `Unreachable` where it does not answer in time, or is not installed.
    """
    try:
        # An askpass that answers nothing: a repository that wants a password fails, never waits.
        process = await asyncio.create_subprocess_exec(
            *("git", "-c", "core.askPass=true", *words),
            cwd=folder,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
        )
    except FileNotFoundError as error:
        text = "git is not installed here, so the repository cannot be asked."
        raise Unreachable(text) from error
    try:
        out, _ = await asyncio.wait_for(process.communicate(), SECONDS)
    except TimeoutError as error:
        process.kill()
        await process.wait()
        raise Unreachable("the git repository did not answer in time.") from error
    if process.returncode not in good:
        raise Rejected(otherwise or "the git repository does not answer that.")
    return out.decode("utf-8", "replace")
