"""What lies between two commits on GitHub.

Source: docs.github.com/rest/commits/commits#compare-two-commits.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bot.api import MOST_COMMITS, ChangeList, Commit, Rejected, Relation, Unreachable
from bot.vendors.messages import authors, title
from integrations.github.names import is_commit
from integrations.github.states import moment

if TYPE_CHECKING:
    from integrations.github.rest import Rest, Row

RELATIONS: Final = {
    "identical": Relation.SAME,
    "ahead": Relation.AHEAD,
    "behind": Relation.BEHIND,
    "diverged": Relation.DIVERGED,
}
ODD: Final = "GitHub answered something that is not understood, so nothing is known."


async def between(rest: Rest, repo: str, since: str, until: str) -> ChangeList:
    """Return the commits that are in `until` and not in `since`, newest first."""
    for one in (since, until):
        if not is_commit(one):
            raise Rejected(f"`{one[:40]}` is no commit.")
    match await rest.compared(repo, since, until):
        case {"status": str(status), "total_commits": int(total), "commits": list(rows), **more}:
            found = tuple(_commit(row) for row in reversed(rows))
        case _:
            raise Unreachable(ODD)
    if found and found[0].id != until:
        raise Unreachable(ODD)
    page = more.get("html_url")
    return ChangeList(
        since,
        until,
        RELATIONS.get(status, Relation.UNKNOWN),
        found[:MOST_COMMITS],
        is_whole=total == len(found) <= MOST_COMMITS,
        url=page if isinstance(page, str) and page.startswith("https://") else "",
    )


def _commit(row: Row) -> Commit:
    match row:
        case {"sha": str(sha), "commit": {"message": str(message), **told}} if is_commit(sha):
            author, committer = told.get("author"), told.get("committer")
            email = str(author.get("email") or "") if isinstance(author, dict) else ""
            at = committer.get("date") if isinstance(committer, dict) else None
            return Commit(sha, title(message), authors(email, message), moment(at))
    raise Unreachable(ODD)
