"""Asks a git repository who wrote a commit: its author, and whom it names as co-authors."""

from __future__ import annotations

import asyncio
import re
import tempfile
from typing import TYPE_CHECKING, Final

from bot.errors import Rejected, Unreachable
from bot.vendors.git import COMMIT

if TYPE_CHECKING:
    from pathlib import Path

    from bot.model import CiTarget

SECONDS: Final = 10
SHAPE: Final = "%aE%n%(trailers:key=Co-authored-by,valueonly,only)"
_ADDRESS: Final = re.compile(r"[^\s<>@]{1,128}@[^\s<>@]{1,128}")


async def authors_of(target: CiTarget, commit: str) -> tuple[str, ...]:
    """Return the e-mail addresses of who wrote a commit, in lower case, each once.

    One commit is fetched without its files into a folder that is gone afterwards. `Rejected` where
    the repository does not hand it out.
    """
    if not COMMIT.fullmatch(commit):
        raise Rejected(f"`{commit[:40]}` is no commit.")
    with tempfile.TemporaryDirectory(prefix="wardroom-git-") as folder:
        await _git(folder, "init", "--quiet", "--bare", ".")
        fetch = ("fetch", "--quiet", "--depth=1", "--filter=tree:0", "--no-tags")
        await _git(folder, *fetch, "--", target.repo, commit)
        said = await _git(folder, "show", "--no-patch", f"--format={SHAPE}", commit)
    return tuple(dict.fromkeys(address.lower() for address in _ADDRESS.findall(said)))


async def _git(folder: str | Path, *words: str) -> str:
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
    if process.returncode != 0:
        raise Rejected("the git repository does not say who wrote that commit.")
    return out.decode("utf-8", "replace")
