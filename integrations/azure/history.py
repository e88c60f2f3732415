"""What lies between two commits in Azure Repos.

Source: "Git, Commits - Get Commits" (walked from `compareVersion`, without what `itemVersion` has)
and "Git, Diffs - Get" (how many commits one is ahead and behind) of the REST API 7.1.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from bot.api import MOST_COMMITS, ChangeList, Commit, Rejected, Relation, Unreachable
from bot.vendors import Asked
from bot.vendors.git import COMMIT
from bot.vendors.messages import authors, title
from integrations.azure import repository as code
from integrations.azure.builds import moment
from integrations.azure.rest import NAME, READ_CODE, segment

if TYPE_CHECKING:
    from bot.api import CiTarget
    from integrations.azure.rest import Rest

PAGE: Final = 100
CUT_OFF: Final = 20  # commits whose whole message is asked for one by one
ODD: Final = f"{NAME} answered something that is not understood, so nothing is known."


async def between(rest: Rest, target: CiTarget, since: str, until: str) -> ChangeList:
    """Return the commits that are in `until` and not in `since`, newest first."""
    for one in (since, until):
        if not COMMIT.fullmatch(one):
            raise Rejected(f"`{one[:40]}` is no commit.")
    if since == until:
        return ChangeList(since, until, Relation.SAME)
    ahead, behind = await _counted(rest, target, since, until)
    rows = await _listed(rest, target, since, until) if ahead else []
    if rows and (rows[0].get("commitId") != until or len(rows) > ahead):
        raise Unreachable(ODD)
    found = await _with_authors(rest, target, rows)
    relation = Relation.AHEAD if not behind else Relation.DIVERGED if ahead else Relation.BEHIND
    where = code.repository(target)
    page = f"{rest.vendor.url.rstrip('/')}/{segment(where.project)}/_git/{segment(where.name)}"
    return ChangeList(
        since,
        until,
        relation,
        found[:MOST_COMMITS],
        is_whole=len(found) == ahead <= MOST_COMMITS,
        url=f"{page}/branchCompare?baseVersion=GC{since}&targetVersion=GC{until}",
    )


async def _counted(rest: Rest, target: CiTarget, since: str, until: str) -> tuple[int, int]:
    where = code.repository(target)
    asked = Asked(f"the commits from {since[:12]} to {until[:12]} of {where}", READ_CODE)
    query: dict[str, str | int] = {
        "baseVersion": since,
        "baseVersionType": "commit",
        "targetVersion": until,
        "targetVersionType": "commit",
        "$top": 1,
    }
    path = f"git/repositories/{segment(where.name)}/diffs/commits"
    match (await rest.get(where.project, path, asked, query)).object():
        case {"aheadCount": int(ahead), "behindCount": int(behind)}:
            return ahead, behind
    raise Unreachable(ODD)


async def _listed(rest: Rest, target: CiTarget, since: str, until: str) -> list[dict[str, Any]]:
    where = code.repository(target)
    asked = Asked(f"the commits from {since[:12]} to {until[:12]} of {where}", READ_CODE)
    path = f"git/repositories/{segment(where.name)}/commits"
    rows: list[dict[str, Any]] = []
    while len(rows) <= MOST_COMMITS:
        query: dict[str, str | int] = {
            "searchCriteria.itemVersion.version": since,
            "searchCriteria.itemVersion.versionType": "commit",
            "searchCriteria.compareVersion.version": until,
            "searchCriteria.compareVersion.versionType": "commit",
            "searchCriteria.$top": PAGE,
            "searchCriteria.$skip": len(rows),
        }
        page = (await rest.get(where.project, path, asked, query)).rows("value")
        rows += page
        if len(page) < PAGE:
            break
    return rows


async def _with_authors(
    rest: Rest, target: CiTarget, rows: list[dict[str, Any]]
) -> tuple[Commit, ...]:
    """Return the commits; where a list cuts a message off, the co-authors are asked for."""
    found, left = list[Commit](), CUT_OFF
    for row in rows:
        made = _commit(row)
        if row.get("commentTruncated"):
            left -= 1
            made = replace(made, authors=await _told(rest, target, made.id) if left >= 0 else ())
        found.append(made)
    return tuple(found)


async def _told(rest: Rest, target: CiTarget, commit: str) -> tuple[str, ...]:
    try:
        return await code.authors(rest, target, commit)
    except Rejected:
        return ()


def _commit(row: dict[str, Any]) -> Commit:
    match row:
        case {"commitId": str(name), **told} if COMMIT.fullmatch(name):
            message = str(told.get("comment") or "")
            author, committer = told.get("author"), told.get("committer")
            email = str(author.get("email") or "") if isinstance(author, dict) else ""
            at = committer.get("date") if isinstance(committer, dict) else None
            return Commit(name, title(message), authors(email, message), moment(at))
    raise Unreachable(ODD)
