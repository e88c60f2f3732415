"""Asks a git repository what a version, tag, branch or commit is now."""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING

from bot.errors import Rejected, Unreachable

if TYPE_CHECKING:
    from bot.model import CiTarget

COMMIT = re.compile(r"[0-9a-f]{40}")
# A subset of git-check-ref-format: nothing that git or a shell could read as anything else.
REF = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/+-]{0,99}")
SECONDS = 10


async def commit_of(target: CiTarget, ref: str) -> str:
    """Return the 40-hex commit of a ref; an annotated tag counts as what it points to."""
    if COMMIT.fullmatch(ref):
        return ref
    tag = target.tag.format(version=ref)
    if not REF.fullmatch(ref) or not REF.fullmatch(tag) or ".." in tag:
        raise Rejected(f"`{ref[:40]}` cannot be a version.")
    names = (f"refs/tags/{tag}^{{}}", f"refs/tags/{tag}", f"refs/tags/{ref}", f"refs/heads/{ref}")
    found = await _ls_remote(target.repo, names)
    commit = next((found[name] for name in names if name in found), None)
    if commit is None:
        raise Rejected(f"the repository has no tag `{tag}`.")
    return commit


def ref_name(target: CiTarget, ref: str) -> str:
    """Return the name by which the CI server checks a ref out."""
    return "" if COMMIT.fullmatch(ref) else target.tag.format(version=ref)


async def _ls_remote(repo: str, names: tuple[str, ...]) -> dict[str, str]:
    try:
        # An askpass that answers nothing: a repository that wants a password fails, never waits.
        process = await asyncio.create_subprocess_exec(
            *("git", "-c", "core.askPass=true", "ls-remote", "--", repo, *names),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
        )
    except FileNotFoundError as error:
        raise Unreachable(
            "git is not installed here, so the repository cannot be asked."
        ) from error
    try:
        out, _ = await asyncio.wait_for(process.communicate(), SECONDS)
    except TimeoutError as error:
        process.kill()
        await process.wait()
        raise Unreachable("the git repository did not answer in time.") from error
    if process.returncode != 0:
        raise Unreachable("the git repository cannot be read.")
    lines = (line.split("\t", 1) for line in out.decode("utf-8", "replace").splitlines())
    return {parts[1]: parts[0] for parts in lines if len(parts) > 1 and COMMIT.fullmatch(parts[0])}
