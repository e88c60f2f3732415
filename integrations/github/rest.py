"""What we ask of GitHub's REST API, with the permission that each question needs.

Source: docs.github.com/rest, version 2022-11-28; paths below the configured address.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote, urlsplit

from bot.api import Unreachable
from bot.vendors import Asked
from integrations.github.states import is_asked_with, moment

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bot.vendors import Answer, Vendor

READ, WRITE = "Actions: read", "Actions: write"
CONTENTS, CHECKS, DEPLOYMENTS = "Contents: read", "Checks: read", "Deployments: read"
CODE_ALERTS, DEPENDABOT = "Code scanning alerts: read", "Dependabot alerts: read"
PAGE: Final = 100
PAGES: Final = 10
LOOK_BACK: Final = timedelta(days=30)  # nobody looks for what was asked for longer ago
DEEPEST: Final = 5  # tags of tags that are followed
FAILED_CHECKS: Final = 5  # checks of one run whose annotations are read

Row = dict[str, Any]


@dataclass(frozen=True)
class Rest:
    """Asks GitHub; a repository is `owner/name`, validated before it comes here."""

    vendor: Vendor

    async def commit_named(self, repo: str, name: str) -> str:
        """Return the commit that a `tags/...` or `heads/...` is now; an annotated tag is peeled."""
        asked = Asked(f"`{name}` of {repo}", CONTENTS)
        answer = await self.vendor.read(f"repos/{repo}/git/ref/{quote(name)}", asked)
        for _ in range(DEEPEST):
            match answer.object().get("object"):
                case {"type": "commit", "sha": str(sha)}:
                    return sha
                case {"type": "tag", "sha": str(sha)} if sha.isalnum():
                    answer = await self.vendor.read(f"repos/{repo}/git/tags/{sha}", asked)
                case _:
                    break
        raise answer.odd()

    async def branches_at(self, repo: str, commit: str) -> list[str]:
        """Return the names of the branches whose head a commit is."""
        answer = await self.vendor.read(
            f"repos/{repo}/commits/{commit}/branches-where-head",
            Asked(f"commit {commit[:12]} of {repo}", CONTENTS),
        )
        return [str(row.get("name") or "") for row in answer.rows()]

    async def commit(self, repo: str, commit: str) -> Row:
        """Return a commit with its author and its message, without what it changed."""
        asked = Asked(f"commit {commit[:12]} of {repo}", CONTENTS)
        return (await self.vendor.read(f"repos/{repo}/git/commits/{commit}", asked)).object()

    async def compared(self, repo: str, since: str, until: str) -> Row:
        """Return what GitHub says of two commits, with the newest 250 that lie between them.

        Asked for without a page: by page it gives the oldest ones first.
        """
        asked = Asked(f"the commits from {since[:12]} to {until[:12]} of {repo}", CONTENTS)
        answer = await self.vendor.read(f"repos/{repo}/compare/{since}...{until}", asked)
        return answer.object()

    async def runs(self, repo: str, workflow: str, limit: int, *, commit: str = "") -> list[Row]:
        """Return the newest runs of a workflow, of one commit where it is named."""
        params: dict[str, str | int] = {
            "per_page": min(limit, PAGE),
            "exclude_pull_requests": "true",
        }
        if commit:
            params["head_sha"] = commit
        answer = await self.vendor.read(
            f"repos/{repo}/actions/workflows/{workflow}/runs",
            Asked(f"the runs of {workflow} in {repo}", READ),
            params=params,
        )
        return answer.rows("workflow_runs")

    async def run(self, repo: str, number: str) -> Row:
        """Return one run, as its newest attempt is."""
        answer = await self.vendor.read(
            f"repos/{repo}/actions/runs/{number}",
            Asked(f"run {number} of {repo}", READ),
            params={"exclude_pull_requests": "true"},
        )
        return answer.object()

    async def asked_with(self, repo: str, correlation: str) -> Row | None:
        """Return the run that was dispatched with a correlation id, None where there is none.

        All of the last 30 days are looked through. `Unreachable` where they are too many: GitHub
        lists at most 1,000 of what is asked for by event.
        """
        oldest = datetime.now(UTC) - LOOK_BACK
        asked = Asked(f"the runs of {repo}", READ)
        params: dict[str, str | int] = {
            "event": "workflow_dispatch",
            "per_page": PAGE,
            "exclude_pull_requests": "true",
        }
        seen, all_of_them = 0, 0
        path = f"repos/{repo}/actions/runs"
        async for answer in self.vendor.pages(path, asked, params=params, most=PAGES):
            rows = answer.rows("workflow_runs")
            for row in rows:
                if is_asked_with(row, correlation):
                    return row
            made = [moment(row.get("created_at")) for row in rows]
            if any(each is not None and each < oldest for each in made):
                return None
            seen, all_of_them = seen + len(rows), _count(answer)
        if all_of_them > seen:
            raise Unreachable(
                f"GitHub has more than {seen} dispatched runs of {repo} in {LOOK_BACK.days} days, "
                "so it is not known whether one of them is ours."
            )
        return None

    async def jobs(self, repo: str, number: str) -> list[Row]:
        """Return the jobs of a run's newest attempt, with their steps."""
        found: list[Row] = []
        asked = Asked(f"the jobs of run {number} of {repo}", READ)
        path = f"repos/{repo}/actions/runs/{number}/jobs"
        async for answer in self.vendor.pages(path, asked, params={"per_page": PAGE}, most=3):
            found += answer.rows("jobs")
        return found

    async def gates(self, repo: str, number: str) -> list[Row]:
        """Return the environments whose protection rules a run waits for."""
        asked = Asked(f"what run {number} of {repo} waits for", READ)
        path = f"repos/{repo}/actions/runs/{number}/pending_deployments"
        return (await self.vendor.read(path, asked)).rows()

    async def annotations(self, repo: str, suite: int) -> list[Row]:
        """Return the annotations of the failed checks that a run made."""
        asked = Asked(f"the checks of {repo}", CHECKS)
        answer = await self.vendor.read(
            f"repos/{repo}/check-suites/{suite}/check-runs",
            asked,
            params={"status": "completed", "filter": "latest", "per_page": PAGE},
        )
        failed = [row for row in answer.rows("check_runs") if row.get("conclusion") == "failure"]
        found: list[Row] = []
        for row in failed[:FAILED_CHECKS]:
            number = row.get("id")
            if not isinstance(number, int):
                raise answer.odd()
            path = f"repos/{repo}/check-runs/{number}/annotations"
            found += (await self.vendor.read(path, asked, params={"per_page": PAGE})).rows()
        return found

    async def deployments(self, repo: str, commit: str) -> list[Row]:
        """Return the newest deployments of a commit."""
        answer = await self.vendor.read(
            f"repos/{repo}/deployments",
            Asked(f"the deployments of {repo}", DEPLOYMENTS),
            params={"sha": commit, "per_page": 10},
        )
        return answer.rows()

    async def statuses(self, repo: str, deployment: int) -> list[Row]:
        """Return the newest statuses of a deployment, newest first."""
        answer = await self.vendor.read(
            f"repos/{repo}/deployments/{deployment}/statuses",
            Asked(f"the deployments of {repo}", DEPLOYMENTS),
            params={"per_page": 10},
        )
        return answer.rows()

    async def analyses(self, repo: str, ref: str = "") -> list[Row]:
        """Return the newest code scanning analyses, newest first: of a whole ref, or of all."""
        params: dict[str, str | int] = {"per_page": PAGE, "sort": "created", "direction": "desc"}
        if ref:
            params["ref"] = ref
        asked = Asked(f"the code scanning of {repo}", CODE_ALERTS)
        path = f"repos/{repo}/code-scanning/analyses"
        return (await self.vendor.read(path, asked, params=params)).rows()

    async def code_alerts(self, repo: str, ref: str) -> tuple[list[Row], bool]:
        """Return the open code scanning alerts of a whole ref, and whether these are all."""
        asked = Asked(f"the code scanning alerts of {repo}", CODE_ALERTS)
        params: dict[str, str | int] = {"ref": ref, "state": "open", "per_page": PAGE}
        return await self._all(f"repos/{repo}/code-scanning/alerts", asked, params)

    async def dependency_alerts(self, repo: str) -> tuple[list[Row], bool]:
        """Return the open Dependabot alerts of a high or critical severity, and whether all."""
        asked = Asked(f"the Dependabot alerts of {repo}", DEPENDABOT)
        # Its pages are found by a cursor: GitHub refuses the number of a page here.
        params: dict[str, str | int] = {
            "state": "open",
            "severity": "critical,high",
            "per_page": PAGE,
        }
        return await self._all(f"repos/{repo}/dependabot/alerts", asked, params)

    async def _all(
        self, path: str, asked: Asked, params: Mapping[str, str | int]
    ) -> tuple[list[Row], bool]:
        found: list[Row] = []
        more = False
        async for answer in self.vendor.pages(path, asked, params=params, most=PAGES):
            found += answer.rows()
            # Also where it leads to another host, to which nobody goes on.
            more = 'rel="next"' in answer.headers.get("link", "")
        return found, not more

    async def log(self, repo: str, job: int) -> bytes:
        """Return the log of a job that has ended: GitHub keeps it elsewhere, and leads there."""
        asked = Asked(f"the log of job {job} of {repo}", READ)
        return await self.vendor.fetch(f"repos/{repo}/actions/jobs/{job}/logs", asked)

    async def dispatch(self, repo: str, workflow: str, ref: str, inputs: Mapping[str, str]) -> str:
        """Have a workflow run at a whole ref; return the run's number, "" where it is not told.

        Sent once. GitHub Enterprise Server answers 204 without the number, and refuses a body
        that asks for it where it is too old.
        """
        body: dict[str, object] = {"ref": ref, "inputs": dict(inputs)}
        if not self._is_server:
            body["return_run_details"] = True
        answer = await self.vendor.change(
            "POST",
            f"repos/{repo}/actions/workflows/{workflow}/dispatches",
            Asked(f"a run of {workflow} in {repo}", WRITE),
            json=body,
            good=(200, 204),
        )
        if not answer.body:
            return ""
        number = answer.object().get("workflow_run_id")
        return str(number) if isinstance(number, int) else ""

    @property
    def _is_server(self) -> bool:
        return urlsplit(self.vendor.url).path.rstrip("/").endswith("/api/v3")


def _count(answer: Answer) -> int:
    count = answer.object().get("total_count")
    if not isinstance(count, int):
        raise answer.odd()
    return count
