"""What a version is now in Azure Repos, and who wrote it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from bot.api import Rejected
from bot.vendors import Asked
from bot.vendors.git import COMMIT, REF
from integrations.azure.rest import READ_CODE, is_name, segment

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.api import CiTarget
    from integrations.azure.rest import Rest

PAGES: Final = 5
REFS: Final = 100  # of one page; what is asked for is the first of those that begin so
_BY: Final = re.compile(r"co-authored-by:.*?<([^\s<>@]{1,128}@[^\s<>@]{1,128})>", re.IGNORECASE)
_ADDRESS: Final = re.compile(r"[^\s<>@]{1,128}@[^\s<>@]{1,128}")


@dataclass(frozen=True)
class Repository:
    """One repository of Azure Repos."""

    project: str
    name: str

    def __str__(self) -> str:
        """Return it as the services file writes it."""
        return f"{self.project}/{self.name}"


@dataclass(frozen=True)
class Tip:
    """What a ref is now; `name` is its whole name, "" for a commit by itself."""

    commit: str
    name: str = ""


def repository(target: CiTarget) -> Repository:
    """Return where a service's code is; `Rejected` where `ci.repo` says something else."""
    project, _, name = target.repo.partition("/")
    if not is_name(project) or not is_name(name):
        raise Rejected(
            f"`{target.repo[:80]}` is no repository of Azure DevOps: write ci.repo as "
            "PROJECT/REPOSITORY."
        )
    return Repository(project, name)


async def tip(rest: Rest, target: CiTarget, ref: str, *, ahead: bool = False) -> Tip:
    """Return what a version, tag, branch or commit is now, the version's tag first.

    An annotated tag counts as what it points to. `Rejected` where there is no such ref.
    """
    if COMMIT.fullmatch(ref):
        return Tip(ref)
    tag = target.tag.format(version=ref)
    if not REF.fullmatch(ref) or not REF.fullmatch(tag) or ".." in tag:
        raise Rejected(f"`{ref[:40]}` cannot be a version.")
    for name in dict.fromkeys((f"tags/{tag}", f"tags/{ref}", f"heads/{ref}")):
        commit = await _commit_of(rest, repository(target), name, ahead=ahead)
        if commit:
            return Tip(commit, f"refs/{name}")
    raise Rejected(f"the repository has no tag `{tag}`.")


async def _commit_of(rest: Rest, where: Repository, name: str, *, ahead: bool) -> str:
    path = f"git/repositories/{segment(where.name)}/refs"
    asked = Asked(f"the tags and branches of {where}", READ_CODE)
    query: dict[str, str | int] = {"filter": name, "peelTags": "true", "$top": REFS}
    async for page in rest.pages(where.project, path, asked, query, most=PAGES, ahead=ahead):
        for row in page.rows:
            if row.get("name") == f"refs/{name}":
                found = row.get("peeledObjectId") or row.get("objectId")
                if isinstance(found, str) and COMMIT.fullmatch(found):
                    return found
    return ""


async def authors(rest: Rest, target: CiTarget, commit: str) -> tuple[str, ...]:
    """Return the e-mail addresses of a commit's author and co-authors, in lower case, each once."""
    if not COMMIT.fullmatch(commit):
        raise Rejected(f"`{commit[:40]}` is no commit.")
    where = repository(target)
    path = f"git/repositories/{segment(where.name)}/commits/{commit}"
    asked = Asked(f"commit {commit[:12]} of {where}", READ_CODE)
    said = (await rest.get(where.project, path, asked)).object()
    if said.get("commentTruncated"):
        raise Rejected(f"Azure DevOps does not tell the whole message of {commit[:12]}.")
    found = tuple(dict.fromkeys(address.lower() for address in _named(said)))
    if not found:
        raise Rejected(f"Azure DevOps does not tell who wrote {commit[:12]}.")
    return found


def _named(said: dict[str, Any]) -> Iterator[str]:
    author = said.get("author")
    email = author.get("email") if isinstance(author, dict) else None
    if isinstance(email, str) and _ADDRESS.fullmatch(email):
        yield email
    for line in str(said.get("comment") or "").splitlines():
        if by := _BY.match(line.strip()):
            yield by[1]
