"""Asks a git repository what lies between two commits, without fetching a single file."""

from __future__ import annotations

import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

from bot.errors import Rejected
from bot.model import MOST_COMMITS, ChangeList, Commit, Relation
from bot.vendors.git import COMMIT
from bot.vendors.messages import authors, title
from bot.vendors.repository import git

if TYPE_CHECKING:
    from bot.model import CiTarget

# One record a commit, its parts apart by NUL: id, seconds, address, first line, trailers.
_SHAPE: Final = "%H%x00%ct%x00%aE%x00%s%x00%(trailers:key=Co-authored-by,only,unfold)%x00%x1e"
_PARTS: Final = 6
_REFUSED: Final = "the git repository does not say what lies between those commits."


async def between(target: CiTarget, since: str, until: str) -> ChangeList:
    """Return the commits that are in `until` and not in `since`.

    Both are fetched no deeper than the list is long, into a folder that is gone afterwards: what
    lies deeper is said to be missing. `Rejected` where the repository does not hand them out.
    """
    for one in (since, until):
        if not COMMIT.fullmatch(one):
            raise Rejected(f"`{one[:40]}` is no commit.")
    if since == until:
        return ChangeList(since, until, Relation.SAME)
    with tempfile.TemporaryDirectory(prefix="wardroom-git-") as folder:
        await git(folder, "init", "--quiet", "--bare", ".", otherwise=_REFUSED)
        depth = f"--depth={MOST_COMMITS + 1}"
        fetch = ("fetch", "--quiet", depth, "--filter=tree:0", "--no-tags")
        await git(folder, *fetch, "--", target.repo, until, since, otherwise=_REFUSED)
        reading = ("log", f"--max-count={MOST_COMMITS + 1}", "-z", f"--format={_SHAPE}")
        said = await git(folder, *reading, f"{since}..{until}", otherwise=_REFUSED)
        bases = await git(folder, "merge-base", "--all", since, until, good=(0, 1))
        cut = _cut_off(folder)
    found = tuple(_commit(record) for record in said.split("\x1e") if record.strip("\x00\n"))
    # A commit whose parents were not fetched may have others before it that nobody told.
    is_whole = len(found) <= MOST_COMMITS and not any(one.id in cut for one in found)
    relation = _relation(since, until, bases.split(), is_whole=is_whole)
    return ChangeList(since, until, relation, found[:MOST_COMMITS], is_whole=is_whole)


def _relation(since: str, until: str, bases: list[str], *, is_whole: bool) -> Relation:
    if since in bases:
        return Relation.AHEAD
    if until in bases:
        return Relation.BEHIND
    return Relation.DIVERGED if is_whole else Relation.UNKNOWN


def _cut_off(folder: str) -> frozenset[str]:
    """Return the commits whose parents stayed over there."""
    shallow = Path(folder) / "shallow"
    return frozenset(shallow.read_text("ascii").split()) if shallow.is_file() else frozenset()


def _commit(record: str) -> Commit:
    parts = record.strip("\x00\n").split("\x00")
    name, seconds, address, first, trailers = (*parts, *[""] * _PARTS)[:5]
    if not COMMIT.fullmatch(name) or not seconds.isdecimal():
        raise Rejected(_REFUSED)
    at = datetime.fromtimestamp(int(seconds), UTC)
    return Commit(name, title(first), authors(address, trailers), at)
