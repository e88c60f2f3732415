"""Asks a git repository who wrote a commit: its author, and whom it names as co-authors."""

from __future__ import annotations

import tempfile
from typing import TYPE_CHECKING, Final

from bot.errors import Rejected
from bot.vendors.git import COMMIT
from bot.vendors.messages import ADDRESS
from bot.vendors.repository import git

if TYPE_CHECKING:
    from bot.model import CiTarget

SHAPE: Final = "%aE%n%(trailers:key=Co-authored-by,valueonly,only)"
_REFUSED: Final = "the git repository does not say who wrote that commit."


async def authors_of(target: CiTarget, commit: str) -> tuple[str, ...]:
    """Return the e-mail addresses of who wrote a commit, in lower case, each once.

    One commit is fetched without its files into a folder that is gone afterwards. `Rejected` where
    the repository does not hand it out.
    """
    if not COMMIT.fullmatch(commit):
        raise Rejected(f"`{commit[:40]}` is no commit.")
    with tempfile.TemporaryDirectory(prefix="wardroom-git-") as folder:
        await git(folder, "init", "--quiet", "--bare", ".", otherwise=_REFUSED)
        fetch = ("fetch", "--quiet", "--depth=1", "--filter=tree:0", "--no-tags")
        await git(folder, *fetch, "--", target.repo, commit, otherwise=_REFUSED)
        shown = ("show", "--no-patch", f"--format={SHAPE}", commit)
        said = await git(folder, *shown, otherwise=_REFUSED)
    return tuple(dict.fromkeys(address.lower() for address in ADDRESS.findall(said)))
