"""Buildbot's builds as ours: which state, which commit, whose correlation id."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from bot.api import Build, BuildState, CiTarget, Rejected, Stage, Unreachable
from bot.vendors.authors import authors_of
from bot.vendors.git import commit_of, ref_name
from bot.vendors.history import between
from integrations.buildbot.rest import NotThere

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from bot.api import ChangeList, Service
    from integrations.buildbot.rest import Rest

# Buildbot's result codes (docs.buildbot.net, "Build Result Codes"); warnings count as green.
RESULTS = {
    0: BuildState.GREEN,
    1: BuildState.GREEN,
    2: BuildState.RED,
    3: BuildState.UNKNOWN,
    4: BuildState.RED,
    5: BuildState.UNKNOWN,
    6: BuildState.CANCELLED,
}
PROVIDER = "buildbot"  # what `ci.provider` calls this integration
LOOK_BACK = 200  # builds of a builder that are searched for a commit or a correlation id
PAGES = 5  # of requests, each so many
OLDEST = timedelta(days=14)  # a request from before was not made just now
QUEUED = "q"  # how the id of a build that has not begun is written: q12
FAILING = re.compile(r'<testcase\b[^>]*?\bname="([^"]{1,200})"[^>]*(?<!/)>\s*<(?:failure|error)\b')
PROPERTIES = ("got_revision", "revision", "branch", "request", "version")


@dataclass(frozen=True)
class Buildbot:
    """Implements `bot.ports.Ci`; a service names its builder and its deploy builder."""

    rest: Rest

    async def resolve(self, service: Service, ref: str) -> str:
        """Return the 40-hex commit that a version, tag, branch or commit is now."""
        return await commit_of(_target(service), ref)

    async def authors(self, service: Service, commit: str) -> Sequence[str]:
        """Return the e-mail addresses of who wrote a commit; `Rejected` where that is not told."""
        return await authors_of(_target(service), commit)

    async def between(self, service: Service, since: str, until: str) -> ChangeList:
        """Return the commits that are in `until` and not in `since`."""
        return await between(_target(service), since, until)

    async def builds(self, service: Service, ref: str, *, limit: int = 10) -> Sequence[Build]:
        """Return the builds of the commit that `ref` is now, newest first."""
        commit = await self.resolve(service, ref)
        tag = ref_name(_target(service), ref)
        found = await self._all(service, _target(service).builder)
        mine = [b for b in found if b.commit == commit or (not b.commit and tag == b.ref and tag)]
        return [await self._with_failing(build) for build in mine[:limit]]

    async def recent(self, service: Service, *, limit: int = 10) -> Sequence[Build]:
        """Return the newest builds of a service, whatever the ref."""
        return (await self._all(service, _target(service).builder))[:limit]

    async def build(self, build_id: str) -> Build:
        """Return one build with its stages and failing tests."""
        row = await self._row(build_id)
        if row is None:
            return Build(build_id, "", "", "", BuildState.QUEUED)
        build = _build(row, await self._builder_name(int(row["builderid"])))
        steps = await self.rest.get(f"builds/{row['buildid']}/steps")
        stages = tuple(_stage(step) for step in _rows(steps, "steps") if not step.get("hidden"))
        return await self._with_failing(replace(build, stages=stages))

    async def log_tail(self, build_id: str, *, lines: int = 40) -> str:
        """Return the last lines of the log of the stage that matters (failed, else last)."""
        row = await self._row(build_id)
        if row is None:
            return ""
        steps = _rows(await self.rest.get(f"builds/{row['buildid']}/steps"), "steps")
        began = [step for step in steps if step.get("started_at")]
        failed = [step for step in began if step.get("results") in (2, 4)]
        for step in [*failed, *reversed(began)]:
            log = await self._log(int(step["stepid"]), "stdio")
            if log is not None:
                return await self._tail(log, lines)
        return ""

    async def trigger(self, service: Service, ref: str, *, correlation: str) -> Build:
        """Ask for a build of `ref`; returns it queued, findable by `correlation`."""
        target = _target(service)
        commit = await self.resolve(service, ref)
        params = self._params(target, ref, commit, correlation)
        number = await self.rest.force(target.builder, params)
        return Build(
            f"{QUEUED}{number}", service.id, ref, commit, BuildState.QUEUED, correlation=correlation
        )

    async def deploy(
        self,
        service: Service,
        version: str,
        commit: str,
        environment: str,
        *,
        correlation: str,
        sites: Sequence[str] = (),
    ) -> Build:
        """Ask for the deploy job to run; returns it queued, findable by `correlation`.

        Sites are the property `sites`, parted by commas: the job's form has to have that field.
        """
        target = _target(service)
        params = self._params(target, version, commit, correlation)
        params |= {"version": version, "environment": environment}
        if sites:
            params["sites"] = ",".join(sites)
        number = await self.rest.force(target.deploys_by(environment), params)
        return Build(
            f"{QUEUED}{number}",
            service.id,
            version,
            commit,
            BuildState.QUEUED,
            correlation=correlation,
        )

    async def find(self, service: Service, correlation: str) -> Build | None:
        """Return the build or deploy asked for with `correlation`; None when there is none.

        Requests are looked through, newest first, until one was submitted before anything that
        can be missing now; `Unreachable` where there are more of them.
        """
        for builder in _asked(service):
            number = await self._builder(builder)
            found = await self._request(number, correlation)
            if found:
                return await self.build(f"{QUEUED}{found}")
        return None

    async def _request(self, builder: int, correlation: str) -> int:
        """Return the number of the request with a correlation id, 0 where surely none has it."""
        before = (datetime.now(UTC) - OLDEST).timestamp()
        for page in range(PAGES):
            query: dict[str, str | int] = {"property": "request", "order": "-buildrequestid"}
            query |= {"limit": LOOK_BACK, "offset": page * LOOK_BACK}
            asked = await self.rest.get(f"builders/{builder}/buildrequests", **query)
            rows = _rows(asked, "buildrequests")
            for row in rows:
                if _property(row, "request") == correlation:
                    return int(row["buildrequestid"])
            began = rows[-1].get("submitted_at") if rows else None
            if len(rows) < LOOK_BACK or (isinstance(began, int) and began < before):
                return 0
        raise Unreachable(
            f"Buildbot has had more than {PAGES * LOOK_BACK} requests for that builder in "
            f"{OLDEST.days} days, which are not all looked through."
        )

    def _params(self, target: CiTarget, ref: str, commit: str, correlation: str) -> dict[str, str]:
        return {
            "owner": "wardroom",
            "reason": correlation,
            "branch": ref_name(target, ref),
            "revision": commit,
            "request": correlation,
        }

    async def _all(self, service: Service, builder: str) -> list[Build]:
        """Return what waits and what was built, newest first."""
        number = await self._builder(builder)
        query: dict[str, str | int] = {"order": "-buildid", "limit": LOOK_BACK, "property": "*"}
        rows = _rows(await self.rest.get(f"builders/{number}/builds", **query), "builds")
        ended = [_build(row, service.id) for row in rows if row.get("complete")]
        return [*await self._unfinished(service, number), *ended]

    async def _unfinished(self, service: Service, builder: int) -> list[Build]:
        """Return what waits or runs; only its source stamp says what it is a build of."""
        asked = _rows(
            await self.rest.get(
                f"builders/{builder}/buildrequests",
                complete="false",
                order="-buildrequestid",
                property="request",
            ),
            "buildrequests",
        )
        if not asked:
            return []
        sets = _rows(await self.rest.get("buildsets", complete="false", order="-bsid"), "buildsets")
        stamps = {row["bsid"]: _stamp(row) for row in sets}
        made: list[Build] = []
        for row in asked:
            branch, revision = stamps.get(row["buildsetid"], ("", ""))
            state = BuildState.RUNNING if row.get("claimed") else BuildState.QUEUED
            name = f"{QUEUED}{row['buildrequestid']}"
            correlation = _property(row, "request")
            made.append(Build(name, service.id, branch, revision, state, correlation=correlation))
        return made

    async def _row(self, build_id: str) -> Mapping[str, Any] | None:
        """Return a build's row, or None for a request that has not begun."""
        if build_id.startswith(QUEUED):
            number = _number(build_id.removeprefix(QUEUED), build_id)
            request = _rows(await self.rest.get(f"buildrequests/{number}"), "buildrequests")[0]
            query: dict[str, str | int] = {"buildrequestid": number, "property": "*"}
            rows = _rows(await self.rest.get("builds", **query), "builds")
            if rows:
                return max(rows, key=lambda row: int(row["buildid"]))
            if request.get("complete"):
                raise Rejected(f"build request {build_id} was cancelled before it began.")
            return None
        number = _number(build_id, build_id)
        try:
            found = await self.rest.get(f"builds/{number}", property="*")
        except NotThere as error:
            raise Rejected(f"the CI server has no build {build_id}.") from error
        return _rows(found, "builds")[0]

    async def _with_failing(self, build: Build) -> Build:
        if build.state is not BuildState.RED or not build.id.isdecimal():
            return build
        steps = _rows(await self.rest.get(f"builds/{build.id}/steps"), "steps")
        for step in steps:
            log = await self._log(int(step["stepid"]), "junit.xml")
            if log is not None:
                text = await self._tail(log, 2000)
                return replace(build, failing_tests=tuple(FAILING.findall(text))[:20])
        return build

    async def _log(self, step: int, name: str) -> Mapping[str, Any] | None:
        logs = _rows(await self.rest.get(f"steps/{step}/logs"), "logs")
        return next((log for log in logs if log.get("name") == name), None)

    async def _tail(self, log: Mapping[str, Any], lines: int) -> str:
        total = int(log.get("num_lines") or 0)
        first = max(0, total - lines)
        found = await self.rest.get(f"logs/{log['logid']}/contents", offset=first, limit=lines)
        text = "".join(str(chunk["content"]) for chunk in _rows(found, "logchunks"))
        # In a log of the type "s" the first character of each line says which stream it is.
        strip = log.get("type") == "s"
        return "\n".join(line[1:] if strip else line for line in text.splitlines())

    async def _builder(self, name: str) -> int:
        try:
            found = await self.rest.get(f"builders/{quote(name, safe='')}")
        except NotThere as error:
            raise Rejected(f"the CI server has no builder `{name}`.") from error
        return int(_rows(found, "builders")[0]["builderid"])

    async def _builder_name(self, number: int) -> str:
        found = await self.rest.get(f"builders/{number}")
        return str(_rows(found, "builders")[0]["name"]).removeprefix("deploy-")


def _target(service: Service) -> CiTarget:
    if service.ci is None:
        raise Rejected(f"{service.id} has no CI in the estate file.")
    return service.ci


def _asked(service: Service) -> list[str]:
    """Return the builders here that deploy and build the service, each once."""
    target = _target(service)
    names: list[str] = []
    if (target.deploy_provider or target.provider) == PROVIDER:
        deploys = [target.deploys_by(each.name) for each in service.environments]
        names += [name for name in (*deploys, target.deploy_builder) if "{" not in name]
    if target.provider == PROVIDER:
        names.append(target.builder)
    return list(dict.fromkeys(names))


def _number(text: str, build_id: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) <= len("2147483647")):
        raise Rejected(f"`{build_id[:40]}` is no build: `ci status SERVICE` lists them.")
    return int(text)


def _rows(found: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    rows = found.get(name)
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise Unreachable("Buildbot answered something that is not understood.")
    return rows


def _property(row: Mapping[str, Any], name: str) -> str:
    match (row.get("properties") or {}).get(name):
        case [value, *_] if value is not None:
            return str(value)
    return ""


def _stamp(buildset: Mapping[str, Any]) -> tuple[str, str]:
    stamps = buildset.get("sourcestamps") or [{}]
    return str(stamps[0].get("branch") or ""), str(stamps[0].get("revision") or "")


def _build(row: Mapping[str, Any], service: str) -> Build:
    values = {name: _property(row, name) for name in PROPERTIES}
    done = bool(row.get("complete"))
    results = row.get("results")
    state = RESULTS.get(results, BuildState.UNKNOWN) if isinstance(results, int) else None
    return Build(
        id=str(row["buildid"]),
        service=service,
        ref=values["version"] or values["branch"] or values["revision"][:12],
        commit=values["got_revision"] or values["revision"],
        state=(state or BuildState.UNKNOWN) if done else BuildState.RUNNING,
        started=_moment(row.get("started_at")),
        finished=_moment(row.get("complete_at")),
        correlation=values["request"],
    )


def _stage(step: Mapping[str, Any]) -> Stage:
    began, ended = step.get("started_at"), step.get("complete_at")
    if not began:
        return Stage(str(step["name"]), BuildState.QUEUED)
    if not step.get("complete"):
        return Stage(str(step["name"]), BuildState.RUNNING)
    seconds = int(ended - began) if ended else None
    return Stage(
        str(step["name"]), RESULTS.get(step.get("results", -1), BuildState.UNKNOWN), seconds
    )


def _moment(seconds: object) -> datetime | None:
    return datetime.fromtimestamp(seconds, UTC) if isinstance(seconds, int) else None
