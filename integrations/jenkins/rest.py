"""Jenkins' remote access API (www.jenkins.io/doc/book/using/remote-access-api), path by path."""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from bot.api import Rejected, Unreachable
from bot.vendors import Asked, NotThere, Vendor
from bot.vendors.sentences import FORBIDDEN, refusal
from integrations.jenkins.places import Place, job_at, job_path

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import httpx

    from bot.api import Credentials
    from bot.vendors import Answer

NAME: Final = "Jenkins"
BLOCK: Final = "integrations.jenkins"
READ: Final = "Overall/Read and Job/Read"
CREATED: Final = 201
NO_CRUMB: Final = "No valid crumb"  # hudson.security.csrf.CrumbFilter, with HTTP 403
# What is read of a run; `actions` holds one entry for each repository that was checked out.
RUN: Final = (
    "number,queueId,building,result,timestamp,duration,"
    "actions[parameters[name,value],lastBuiltRevision[SHA1],remoteUrls]"
)
WAITING: Final = "id,why,cancelled,executable[number],task[url],actions[parameters[name,value]]"
FAILED: Final = ("FAILED", "UNSTABLE")
CASES: Final = "suites[cases[className,name,status]]"
MOST_JOBS: Final = 100  # of a multibranch pipeline that are looked through
_ITEM: Final = re.compile(r"/queue/item/([1-9]\d{0,9})/?$")

Row = dict[str, Any]


@dataclass(frozen=True)
class History:
    """Builds of a job, newest first; `following` is the number that its next build will have."""

    job: str
    rows: Sequence[Row]
    following: int
    asked: int

    @property
    def is_whole(self) -> bool:
        """Say whether there are no older builds than these."""
        return len(self.rows) < self.asked


@dataclass
class Rest:
    """Asks one Jenkins as one user, by an API token or a password (which needs crumbs)."""

    credentials: Credentials
    client: httpx.AsyncClient
    _crumb: Mapping[str, str] | None = field(default=None, init=False, repr=False)

    def __post_init__(self) -> None:
        given = self.credentials
        secret = "token_file" if given.token else "password_file"
        pair = f"{given.user}:{given.token or given.password}".encode()
        signed = {"Authorization": f"Basic {base64.b64encode(pair).decode()}"}

        async def headers() -> Mapping[str, str]:
            return signed

        self._vendor = Vendor(NAME, BLOCK, given.url, self.client, secret, headers)

    async def history(self, job: str, *, first: int = 0, most: int) -> History:
        """Return builds of a job, newest first, from the one at `first` on."""
        tree = f"nextBuildNumber,allBuilds[{RUN}]{{{first},{first + most}}}"
        answer = await self._read(job_path(job), f"the builds of the job {job}", tree=tree)
        found = answer.object()
        if "nextBuildNumber" not in found:
            raise Rejected(
                f"{job} is a folder in Jenkins: name the job in it, or write {job}/{{tag}} where "
                "it is a multibranch pipeline."
            )
        return _history(answer, job, found, most)

    async def histories(self, folder: str, *, most: int) -> list[History]:
        """Return builds of each job of a multibranch pipeline; `Unreachable` for too many jobs."""
        jobs = f"jobs[name,nextBuildNumber,allBuilds[{RUN}]{{0,{most}}}]{{0,{MOST_JOBS + 1}}}"
        answer = await self._read(job_path(folder), f"the jobs of {folder}", tree=jobs)
        rows = answer.rows("jobs")
        if len(rows) > MOST_JOBS:
            raise Unreachable(
                f"{folder} has more than {MOST_JOBS} jobs in Jenkins, which are not all looked "
                "through: have it discard those of old tags."
            )
        return [_history(answer, f"{folder}/{row.get('name')}", row, most) for row in rows]

    async def run(self, place: Place) -> Row:
        """Return one build; `NotThere` where there is none of that number."""
        answer = await self._read(place.path, f"the build {place.id}", tree=RUN)
        found = answer.object()
        if _number(found.get("number")) != place.number:
            raise answer.odd()
        return found

    async def queue(self, jobs: Sequence[str]) -> list[tuple[str, Row]]:
        """Return what waits for these jobs, or for a job below one of them, newest first."""
        answer = await self._read("queue", "its queue", tree=f"items[{WAITING}]")
        found = [(_job(row), row) for row in answer.rows("items") if _number(row.get("id"))]
        inside = tuple(f"{job}/" for job in jobs)
        mine = [(job, row) for job, row in found if job in jobs or job.startswith(inside)]
        return sorted(mine, key=lambda pair: int(pair[1]["id"]), reverse=True)

    async def item(self, place: Place) -> Row | None:
        """Return what waits, or has left the queue lately; None where it is not known any more."""
        what = f"number {place.number} of its queue"
        try:
            answer = await self._read(f"queue/item/{place.number}", what, tree=WAITING)
        except NotThere:
            return None
        found = answer.object()
        if _job(found) != place.job:
            raise NotThere(f"Jenkins does not have {place.id}: that waits for another job.")
        return found

    async def job(self, job: str) -> Row:
        """Return what a job takes, asked right before it is started."""
        tree = "name,buildable,property[parameterDefinitions[name,choices]]"
        return (await self._read(job_path(job), f"the job {job}", tree=tree, ahead=True)).object()

    async def stages(self, place: Place) -> list[Row]:
        """Return the stages of a pipeline's run; none where that plugin is not installed."""
        try:
            answer = await self._read(place.path, f"the stages of {place.id}", "wfapi/describe")
        except NotThere:
            return []
        return answer.rows("stages")

    async def step_log(self, place: Place, stage: str) -> str:
        """Return the log of the step that failed in a stage, as HTML; "" where there is none."""
        path = f"{place.path}/execution/node"
        what = f"the steps of {place.id}"
        answer = await self._read(f"{path}/{_node(stage)}", what, "wfapi/describe")
        steps = _rows(answer.object(), "stageFlowNodes")
        failed = [str(row.get("id")) for row in steps if row.get("status") in FAILED]
        if not failed:
            return ""
        answer = await self._read(f"{path}/{_node(failed[-1])}", what, "wfapi/log")
        found = answer.object()
        text = str(found.get("text") or "")
        return text.partition("\n")[2] if found.get("hasMore") is True else text

    async def report(self, place: Place) -> list[Row]:
        """Return the cases of the test report; none where the build published no results."""
        tree = f"{CASES},childReports[result[{CASES}]]"
        what = f"the test report of {place.id}"
        try:
            answer = await self._read(f"{place.path}/testReport", what, tree=tree)
        except NotThere:
            return []
        found = answer.object()
        reports = [found, *(_row(row.get("result")) for row in _rows(found, "childReports"))]
        suites = [suite for each in reports for suite in _rows(each, "suites")]
        return [case for suite in suites for case in _rows(suite, "cases")]

    async def log(self, place: Place, most: int) -> str:
        """Return the last bytes of the console's text, at most so many.

        Jenkins takes an offset from the beginning and tells the whole size in a header, so the
        first question ends its answer early, and the second begins where the tail does.
        """
        asked = Asked(f"the log of {place.id}", READ)
        path = f"{place.path}/logText/progressiveText"
        short = replace(self._vendor, largest=most)
        answer = await short.read(path, asked, params={"start": 0}, accept="text/plain")
        size = _number(answer.headers.get("x-text-size"))
        if size <= most:
            return _text(answer)
        start = size - most
        answer = await short.read(path, asked, params={"start": start}, accept="text/plain")
        return _text(answer).partition("\n")[2]

    async def start(self, job: str, values: Mapping[str, str]) -> Place:
        """Start a job once, and return its place in the queue.

        A POST that was refused for its crumb did nothing, so it is sent again with another.
        """
        asked = Asked(f"to build {job}", "Job/Build")
        if self.credentials.password and self._crumb is None:
            self._crumb = await self._fresh_crumb()
        answer = await self._post(job, values, asked)
        if answer.status == FORBIDDEN and NO_CRUMB in answer.text:
            self._crumb = await self._fresh_crumb()
            answer = await self._post(job, values, asked)
        if answer.status == FORBIDDEN:
            raise refusal(self._vendor, asked, answer)
        found = _ITEM.search(answer.headers.get("location", ""))
        if found is None:
            raise Unreachable(f"Jenkins took the order {asked.what}, but does not say as what.")
        return Place(job, int(found[1]), is_queued=True)

    async def _post(self, job: str, values: Mapping[str, str], asked: Asked) -> Answer:
        return await self._vendor.change(
            "POST",
            f"{job_path(job)}/buildWithParameters",
            asked,
            data=values,
            headers=self._crumb,
            good=(CREATED, FORBIDDEN),
        )

    async def _fresh_crumb(self) -> Mapping[str, str]:
        """Return the headers of a crumb and of the session that it is bound to."""
        try:
            answer = await self._vendor.read(
                "crumbIssuer/api/json", Asked("a crumb", "Overall/Read"), ahead=True
            )
        except NotThere:
            return {}  # the administrator has turned the protection off
        found = answer.object()
        name, crumb = found.get("crumbRequestField"), found.get("crumb")
        if not isinstance(name, str) or not isinstance(crumb, str):
            raise answer.odd()
        cookies = [one.partition(";")[0] for one in answer.headers.get_list("set-cookie")]
        return {name: crumb} | ({"Cookie": "; ".join(cookies)} if cookies else {})

    async def _read(
        self, path: str, what: str, below: str = "api/json", *, tree: str = "", ahead: bool = False
    ) -> Answer:
        params = {"tree": tree} if tree else None
        whole = f"{path}/{below}"
        return await self._vendor.read(whole, Asked(what, READ), params=params, ahead=ahead)


def _history(answer: Answer, job: str, found: Row, asked: int) -> History:
    rows, following = found.get("allBuilds"), _number(found.get("nextBuildNumber"))
    if not isinstance(rows, list):
        raise answer.odd()
    numbers = [_number(_row(row).get("number")) for row in rows]
    if not all(numbers):
        raise answer.odd()
    made = [{**row, "number": number} for row, number in zip(rows, numbers, strict=True)]
    return History(job, made, following, asked)


def _row(found: object) -> Row:
    return found if isinstance(found, dict) else {}


def _rows(found: Row, name: str) -> list[Row]:
    rows = found.get(name)
    return [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []


def _job(row: Row) -> str:
    return job_at(str(_row(row.get("task")).get("url", "")))


def _node(found: str) -> str:
    """Return the id of a pipeline's node as a part of a path."""
    return quote(found[:40], safe="")


def _number(found: object) -> int:
    """Return a number of an answer, 0 where it is none."""
    text = str(found)
    return (
        int(text) if text.isascii() and text.isdecimal() and len(text) < len("99999999999") else 0
    )


def _text(answer: Answer) -> str:
    if answer.is_page:
        answer.json()  # raises: a page to sign in is no log
    return answer.text
