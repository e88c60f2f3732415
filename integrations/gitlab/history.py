"""What lies between two commits on GitLab.

Source: docs.gitlab.com, "Commits API" (a revision range as `ref_name`), "Repositories API" (merge
base). The comparison itself is not asked for: it brings every changed file along.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.api import MOST_COMMITS, ChangeList, Commit, Rejected, Relation, Unreachable
from bot.vendors.messages import authors, title
from integrations.gitlab.names import NAME, is_commit
from integrations.gitlab.states import moment

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from integrations.gitlab.rest import Rest


async def between(rest: Rest, project: str, since: str, until: str) -> ChangeList:
    """Return the commits that are in `until` and not in `since`, newest first."""
    for one in (since, until):
        if not is_commit(one):
            raise Rejected(f"`{one[:40]}` is no commit.")
    if since == until:
        return ChangeList(since, until, Relation.SAME)
    base = await rest.merge_base(project, since, until)
    listed = await rest.commits(project, since, until)
    found = tuple(_commit(row) for row in listed.rows)
    is_whole = listed.whole and len(found) <= MOST_COMMITS
    page = f"{rest.vendor.url.rpartition('/api/')[0]}/{project}/-/compare/{since}...{until}"
    relation = _relation(since, until, base)
    return ChangeList(since, until, relation, found[:MOST_COMMITS], is_whole=is_whole, url=page)


def _relation(since: str, until: str, base: str) -> Relation:
    if base == since:
        return Relation.AHEAD
    return Relation.BEHIND if base == until else Relation.DIVERGED


def _commit(row: Mapping[str, Any]) -> Commit:
    name, message = row.get("id"), str(row.get("message") or row.get("title") or "")
    if not isinstance(name, str) or not is_commit(name):
        raise Unreachable(f"{NAME} answered something that is not understood, so nothing is known.")
    told = authors(str(row.get("author_email") or ""), message)
    return Commit(name, title(message), told, moment(row.get("committed_date")))
