"""TeamCity's REST API (www.jetbrains.com/help/teamcity/rest), path by path."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from bot.api import Rejected, Unreachable
from bot.vendors import Asked, Vendor

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import httpx

    from bot.api import Credentials
    from bot.vendors import Answer
    from integrations.teamcity.places import Configuration

NAME: Final = "TeamCity"
BLOCK: Final = "integrations.teamcity"
# What TeamCity's roles call the permissions.
VIEW: Final = "View project and all parent projects"
RUN: Final = "Run build, Customize build parameters and Customize build revisions"
SETTINGS: Final = "View build configuration settings"
RUNTIME: Final = "View build runtime parameters and data"
# The first whose reference has `failOnMissingRevisions`; an older one builds what it likes.
OLDEST: Final = (2023, 5)
STATE: Final = (
    "id,buildTypeId,state,status,failedToStart,canceledInfo(timestamp),startDate,finishDate"
)
REVISIONS: Final = "revisions(revision(version,vcs-root-instance(vcs-root-id)))"
SOURCES: Final = (
    "id,vcs-root-entries(vcs-root-entry(id,vcs-root(id))),"
    "snapshot-dependencies(snapshot-dependency(id))"
)
BUILD: Final = (
    f"{STATE},{REVISIONS},personal,waitReason,queuedDate,statusChangeComment(timestamp),approvalInfo(status),"
    "properties(property(name,value))"
)
DETAILS: Final = (
    f"{BUILD},snapshot-dependencies(build({STATE},{REVISIONS})),"
    "problemOccurrences(problemOccurrence(type,details,muted))"
)
MOST_TESTS: Final = 20
LONGEST_LOG: Final = 8_000_000  # bytes

Row = dict[str, Any]


@dataclass(frozen=True)
class Found:
    """Builds of a configuration, newest first, and whether TeamCity did not look at all of them."""

    rows: Sequence[Row]
    has_more: bool


@dataclass(frozen=True)
class Sources:
    """The ids of a configuration's VCS roots, and whether it stands on others."""

    roots: Sequence[str]
    has_chain: bool


@dataclass(frozen=True)
class Rest:
    """Asks one TeamCity by an access token."""

    credentials: Credentials
    client: httpx.AsyncClient

    async def builds(self, where: Configuration, *, having: str = "", most: int) -> Found:
        """Return what waits, runs and has ended, of every branch; `having` a dimension more.

        Without `defaultFilter:false` TeamCity tells only of what ended well on the main branch.
        """
        locator = f"buildType:(id:{where.id}),defaultFilter:false,state:any,count:{most}"
        params = {"locator": f"{locator}{having}", "fields": f"count,nextHref,build({BUILD})"}
        asked = Asked(f"the builds of {where.id}", VIEW)
        answer = await self._vendor.read("app/rest/builds", asked, params=params)
        found = answer.object()
        rows = _builds(answer, found)
        return Found(sorted(rows, key=lambda row: -row["id"]), bool(found.get("nextHref")))

    async def build(self, number: int) -> Row:
        """Return one build; `NotThere` where there is none of that number."""
        asked = Asked(f"the build {number}", VIEW)
        path = f"app/rest/builds/id:{number}"
        answer = await self._vendor.read(path, asked, params={"fields": DETAILS})
        found = answer.object()
        if found.get("id") != number:
            raise answer.odd()
        return found

    async def failing(self, number: int) -> list[Row]:
        """Return the tests that failed in a build and are not muted."""
        locator = f"build:(id:{number}),status:FAILURE,muted:false,count:{MOST_TESTS}"
        params = {"locator": locator, "fields": "testOccurrence(name,status,muted)"}
        asked = Asked(f"the tests of the build {number}", VIEW)
        answer = await self._vendor.read("app/rest/testOccurrences", asked, params=params)
        return rows_of(answer.object(), "testOccurrence")

    async def log(self, number: int) -> tuple[str, bool]:
        """Return a build's log, and whether it is longer than what is read of an answer."""
        asked = Asked(f"the log of the build {number}", RUNTIME)
        vendor = replace(self._vendor, largest=LONGEST_LOG)
        params = {"buildId": number}
        path = "downloadBuildLog.html"
        answer = await vendor.read(path, asked, params=params, accept="text/plain")
        if answer.is_page:
            answer.json()  # raises: a page to sign in is no log
        return answer.text, len(answer.body) >= LONGEST_LOG

    async def sources(self, where: Configuration) -> Sources:
        """Return what a configuration builds from, asked right before it is started."""
        asked = Asked(f"the VCS roots of {where.id}", f"{VIEW}, {SETTINGS}")
        path = f"app/rest/buildTypes/id:{where.id}"
        params = {"fields": SOURCES}
        found = (await self._vendor.read(path, asked, params=params, ahead=True)).object()
        entries, chain = found.get("vcs-root-entries"), found.get("snapshot-dependencies")
        if not isinstance(entries, dict) or not isinstance(chain, dict):
            raise Rejected(
                f"TeamCity does not tell the VCS roots of {where.id}: the account needs {SETTINGS}."
            )
        named = [entry.get("vcs-root") for entry in rows_of(entries, "vcs-root-entry")]
        roots = [str(root["id"]) for root in named if isinstance(root, dict) and root.get("id")]
        return Sources(roots, has_chain=bool(rows_of(chain, "snapshot-dependency")))

    async def check_version(self) -> None:
        """`Rejected` where the server is too old to build the commit that it is told."""
        asked = Asked("its version", VIEW)
        params = {"fields": "version,versionMajor,versionMinor"}
        answer = await self._vendor.read("app/rest/server", asked, params=params, ahead=True)
        told = answer.object()
        major, minor = told.get("versionMajor"), told.get("versionMinor")
        if not isinstance(major, int) or not isinstance(minor, int):
            raise answer.odd()
        if (major, minor) < OLDEST:
            raise Rejected(
                f"TeamCity {major}.{minor:02} cannot be told which commit to build: 2023.05 or "
                "newer is needed; nothing was started."
            )

    async def start(self, where: Configuration, body: Mapping[str, object]) -> Row:
        """Put a build into the queue, once, and return it as the server has it."""
        asked = Asked(f"to build {where.id}", RUN)
        answer = await self._vendor.change(
            "POST", "app/rest/buildQueue", asked, json=body, params={"fields": BUILD}
        )
        found = answer.object()
        if not isinstance(found.get("id"), int):
            raise Unreachable(f"TeamCity took the order {asked.what}, but does not say as what.")
        return found

    @property
    def _vendor(self) -> Vendor:
        signed = {"Authorization": f"Bearer {self.credentials.token}"}

        async def headers() -> Mapping[str, str]:
            return signed

        return Vendor(NAME, BLOCK, self.credentials.url, self.client, headers=headers)


def rows_of(found: object, name: str) -> list[Row]:
    """Return the objects that one of TeamCity's collections holds; an empty one has no list."""
    rows = found.get(name) if isinstance(found, dict) else None
    return [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []


def _builds(answer: Answer, found: Row) -> list[Row]:
    if not isinstance(found.get("count"), int):
        raise answer.odd()
    rows = rows_of(found, "build")
    if len(rows) != found["count"] or not all(isinstance(row.get("id"), int) for row in rows):
        raise answer.odd()
    return rows
