"""What a played GitHub says of two commits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import httpx

from tests.integrations.github import shapes

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

REPO: Final = "acme/portal"
VERSIONS: Final = ("a1" * 20, "b2" * 20, "c3" * 20)  # which follow each other


def history(lines: Mapping[str, Sequence[str]], sha: str) -> Sequence[str]:
    """Return a commit and those before it, newest first; none for one that is not there."""
    if sha in lines:
        return lines[sha]
    return VERSIONS[VERSIONS.index(sha) :: -1] if sha in VERSIONS else ()


def compared(
    lines: Mapping[str, Sequence[str]], request: httpx.Request, base: str, head: str
) -> httpx.Response:
    """Answer `compare/{base}...{head}`: without a page, the newest 250, the oldest first."""
    assert not request.url.params
    theirs, mine = history(lines, base), history(lines, head)
    if not theirs or not mine:
        return httpx.Response(404, json={"message": "Not Found", "status": "404"})
    ahead = [one for one in mine if one not in theirs]
    behind = [one for one in theirs if one not in mine]
    status = {
        (False, False): "identical",
        (True, False): "ahead",
        (False, True): "behind",
        (True, True): "diverged",
    }[bool(ahead), bool(behind)]
    url = str(request.url).partition("/repos/")[0]
    return httpx.Response(
        200,
        json={
            "url": str(request.url),
            "html_url": f"https://github.com/{REPO}/compare/{base}...{head}",
            "status": status,
            "ahead_by": len(ahead),
            "behind_by": len(behind),
            "total_commits": len(ahead),
            "commits": [shapes.listed_commit(url, REPO, one) for one in ahead[249::-1]],
            "files": [],
        },
    )
