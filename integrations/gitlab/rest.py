"""GitLab's REST API v4: which paths are read, and what one needs for each.

Source: docs.gitlab.com, "Pipelines API", "Jobs API", "Deployments API", "Tags API", "Branches
API", "Commits API". Every number of pages is bounded.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from bot.api import Unreachable
from bot.vendors import Asked, NotThere
from integrations.gitlab.names import project_path
from integrations.gitlab.states import moment

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from bot.vendors import Answer, Vendor
    from integrations.gitlab.names import Pipeline

READ: Final = "the Reporter role and the scope read_api"
CODE: Final = "the Reporter role and the scope read_api, to read the repository"
ROWS: Final = 100  # of a page; GitLab gives no more
MOST_PIPELINES, MOST_JOBS, MOST_DEPLOYMENTS = 3, 5, 3  # pages that are looked through
MOST_COMMIT_PAGES: Final = 3


@dataclass(frozen=True)
class Found:
    """The rows of the pages that were looked through; `whole` where no page was left out."""

    rows: Sequence[Mapping[str, Any]]
    whole: bool


@dataclass(frozen=True)
class Rest:
    """Reads one GitLab; nothing here changes anything over there."""

    vendor: Vendor

    async def pipelines(
        self, project: str, params: Mapping[str, str | int], *, most: int = MOST_PIPELINES
    ) -> Found:
        """Return the pipelines of a project, newest first; child pipelines are not among them."""
        asked = Asked(f"the pipelines of {project}", READ)
        given = {"order_by": "id", "sort": "desc", "per_page": ROWS, **params}
        found = await self._pages(f"{project_path(project)}/pipelines", asked, given, most)
        for row in found.rows:
            self.whole(row)
        return found

    async def pipeline(self, one: Pipeline) -> Mapping[str, Any]:
        """Return one pipeline."""
        asked = Asked(f"pipeline {one.number} of {one.project}", READ)
        return self.whole((await self.vendor.read(one.path, asked)).object())

    async def jobs(self, one: Pipeline) -> Found:
        """Return the jobs of a pipeline in their order, each as it ran last."""
        asked = Asked(f"the jobs of pipeline {one.number} of {one.project}", READ)
        found = await self._pages(f"{one.path}/jobs", asked, {"per_page": ROWS}, MOST_JOBS)
        rows = sorted((self.whole(row) for row in found.rows), key=lambda row: int(row["id"]))
        return Found(rows, found.whole)

    async def deployments(self, one: Pipeline, since: object) -> Mapping[int, str] | None:
        """Return the status of each deployment of a pipeline, by its job's id.

        None where they were not all among those looked through: the newest ones, back to when
        the pipeline was made.
        """
        asked = Asked(f"the deployments of {one.project}", READ)
        path = f"{project_path(one.project)}/deployments"
        params: dict[str, str | int] = {"order_by": "id", "sort": "desc", "per_page": ROWS}
        found, made = await self._pages(path, asked, params, MOST_DEPLOYMENTS), moment(since)
        last = moment(found.rows[-1].get("created_at")) if found.rows else None
        if not found.whole and not (made and last and last < made):
            return None
        jobs = [(row.get("deployable") or {}, str(row.get("status"))) for row in found.rows]
        return {
            int(job["id"]): status
            for job, status in jobs
            if (job.get("pipeline") or {}).get("id") == one.number
            and isinstance(job.get("id"), int)
        }

    async def report(self, one: Pipeline) -> Mapping[str, Any]:
        """Return a pipeline's unit test report."""
        asked = Asked(f"the test report of pipeline {one.number} of {one.project}", READ)
        return (await self.vendor.read(f"{one.path}/test_report", asked)).object()

    async def trace(self, project: str, job: int) -> Answer:
        """Return a job's log; GitLab gives it as a whole only."""
        asked = Asked(f"the log of job {job} of {project}", READ)
        path = f"{project_path(project)}/jobs/{job}/trace"
        answer = await self.vendor.read(path, asked, accept="*/*")
        if answer.is_page:
            answer.json()  # raises: a log is plain text
        return answer

    async def tag(self, project: str, name: str, *, ahead: bool = False) -> str:
        """Return the commit of a tag, "" where there is none of that name."""
        return await self._commit_of("tags", project, name, ahead=ahead)

    async def branch(self, project: str, name: str, *, ahead: bool = False) -> str:
        """Return the commit of a branch, "" where there is none of that name."""
        return await self._commit_of("branches", project, name, ahead=ahead)

    async def commit(self, project: str, commit: str) -> Mapping[str, Any]:
        """Return a commit with its author and message."""
        asked = Asked(f"commit {commit[:12]} of {project}", CODE)
        path = f"{project_path(project)}/repository/commits/{commit}"
        return (await self.vendor.read(path, asked, params={"stats": "false"})).object()

    async def commits(self, project: str, since: str, until: str) -> Found:
        """Return the commits that are in one commit and not in another, newest first."""
        asked = Asked(f"the commits from {since[:12]} to {until[:12]} of {project}", CODE)
        given: dict[str, str | int] = {"ref_name": f"{since}..{until}", "per_page": ROWS}
        path = f"{project_path(project)}/repository/commits"
        return await self._pages(path, asked, given, MOST_COMMIT_PAGES)

    async def merge_base(self, project: str, one: str, other: str) -> str:
        """Return the newest commit that both have, "" where they have none."""
        asked = Asked(f"what {one[:12]} and {other[:12]} of {project} have in common", CODE)
        path = f"{project_path(project)}/repository/merge_base"
        both = quote("refs[]", safe="")
        try:
            answer = await self.vendor.read(f"{path}?{both}={one}&{both}={other}", asked)
        except NotThere:
            return ""
        return str(answer.object().get("id") or "")

    async def _commit_of(self, kind: str, project: str, name: str, *, ahead: bool) -> str:
        what = {"tags": "tag", "branches": "branch"}[kind]
        path = f"{project_path(project)}/repository/{kind}/{quote(name, safe='')}"
        asked = Asked(f"{what} {name} of {project}", CODE)
        try:
            answer = await self.vendor.read(path, asked, ahead=ahead)
        except NotThere:
            return ""
        commit = answer.object().get("commit")
        found = commit.get("id") if isinstance(commit, dict) else None
        if not isinstance(found, str):
            raise answer.odd()
        return found

    async def _pages(
        self, path: str, asked: Asked, params: Mapping[str, str | int], most: int
    ) -> Found:
        """Read page after page; by number where a proxy hides the host that `Link` names."""
        rows: list[Mapping[str, Any]] = []
        address, given = path, dict(params) or None
        for _ in range(most):
            answer = await self.vendor.read(address, asked, params=given)
            rows += answer.rows()
            number = answer.headers.get("x-next-page", "")
            if following := answer.following():
                address, given = following, None
            elif number.isdecimal():
                address, given = path, {**params, "page": int(number)}
            else:
                return Found(rows, whole=True)
        return Found(rows, whole=False)

    def whole(self, row: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return a row that has the number it is known by; `Unreachable` for any other."""
        if not isinstance(row.get("id"), int):
            raise Unreachable(
                f"{self.vendor.name} answered something that is not understood, so nothing is "
                "known."
            )
        return row
