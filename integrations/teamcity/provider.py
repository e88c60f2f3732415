"""TeamCity as a provider of the port `Ci`: build configurations, their queue and their builds."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from bot.api import Build, BuildState, IntegrationError, Rejected, Unreachable
from bot.vendors.authors import authors_of
from bot.vendors.git import COMMIT, commit_of
from bot.vendors.history import between
from integrations.teamcity import reading
from integrations.teamcity.places import (
    Configuration,
    configuration_of,
    configurations_asked,
    number_of,
    target_of,
)
from integrations.teamcity.rest import RUNTIME

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from bot.api import ChangeList, Service
    from integrations.teamcity.rest import Rest, Row

LOOKED_THROUGH: Final = 5000  # TeamCity's rest.request.builds.defaultLookupLimit
OLDEST: Final = timedelta(days=14)  # what was asked for before was not asked for just now
LOOK_BACK: Final = 100  # builds of a configuration in one answer
# What means something in a locator, such as a bracket, is in none of our ids.
_CORRELATION: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,199}")


@dataclass(frozen=True)
class TeamCity:
    """Implements `bot.ports.Ci`; a service names its build configurations by their ids."""

    rest: Rest

    async def resolve(self, service: Service, ref: str) -> str:
        """Return the 40-hex commit that a version, tag, branch or commit is now."""
        return await commit_of(target_of(service), ref)

    async def authors(self, service: Service, commit: str) -> Sequence[str]:
        """Return the e-mail addresses of who wrote a commit; `Rejected` where that is not told."""
        return await authors_of(target_of(service), commit)

    async def between(self, service: Service, since: str, until: str) -> ChangeList:
        """Return the commits that are in `until` and not in `since`."""
        return await between(target_of(service), since, until)

    async def builds(self, service: Service, ref: str, *, limit: int = 10) -> Sequence[Build]:
        """Return the builds of the commit that `ref` is now, newest first.

        A green one counts for the commit that TeamCity recorded, never for the one that somebody
        typed as its parameter: without that record it is UNKNOWN.
        """
        commit = await self.resolve(service, ref)
        mine = [one for one in await self._all(service) if one.commit == commit]
        return [await self._with_failing(one) for one in mine[:limit]]

    async def recent(self, service: Service, *, limit: int = 10) -> Sequence[Build]:
        """Return the newest builds of a service, whatever the ref."""
        return (await self._all(service))[:limit]

    async def build(self, build_id: str) -> Build:
        """Return one build, with the builds of its chain and its problems as its stages."""
        row = await self.rest.build(number_of(build_id))
        build = reading.build_of(row, str(row.get("buildTypeId")), self._url)
        return await self._with_failing(
            replace(build, stages=(*build.stages, *reading.stages_of(row)))
        )

    async def log_tail(self, build_id: str, *, lines: int = 40) -> str:
        """Return the last lines of the log: of what failed in the chain, where that is elsewhere.

        TeamCity gives a log from its beginning: of one that is too long, only where it is is told.
        """
        row = await self.rest.build(number_of(build_id))
        red = [one for one in reading.dependencies(row) if _failed_itself(one)]
        asked = red[0] if red and not _failed_itself(row) else row
        if reading.state_of(asked) is BuildState.QUEUED:
            return ""
        text, is_cut = await self.rest.log(int(asked["id"]))
        if is_cut:
            where = reading.build_of(asked, "", self._url).url
            return f"The log is too long to be read to its end: {where}"
        return "\n".join(text.splitlines()[-lines:])

    async def trigger(self, service: Service, ref: str, *, correlation: str) -> Build:
        """Ask for a build of `ref`; returns it queued, findable by `correlation`.

        The order names the commit itself as the revision to build, never a branch or tag.
        """
        where = configuration_of(service, target_of(service).builder)
        commit = await self.resolve(service, ref)
        values = {reading.VERSION: ref, reading.REVISION: commit}
        root = await self._root(where)
        if not root:
            raise Rejected(f"{where.id} has no VCS root in TeamCity, so it builds no commit.")
        return await self._start(service, where, root, {**values, reading.CORRELATION: correlation})

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
        """Ask for the deploy configuration to run; returns it queued, findable by `correlation`.

        One without a VCS root, as it deploys what was built, has the commit as a variable alone.
        """
        where = configuration_of(service, target_of(service).deploys_by(environment))
        if not COMMIT.fullmatch(commit):
            raise Rejected(f"`{commit[:40]}` is no commit, so nothing was started.")
        values = {
            reading.VERSION: version,
            reading.REVISION: commit,
            reading.ENVIRONMENT: environment,
            reading.CORRELATION: correlation,
        }
        if sites:
            values[reading.SITES] = ",".join(sites)
        return await self._start(service, where, await self._root(where), values)

    async def find(self, service: Service, correlation: str) -> Build | None:
        """Return the build or deploy asked for with `correlation`; None when there is none.

        TeamCity is asked for it by the parameter, then the newest builds are looked at here too.
        `Unreachable` where it did not look through them all, or tells no parameters.
        """
        _check(correlation)
        for where in configurations_asked(service):
            row = await self._asked_for(where, correlation)
            if row is not None:
                return reading.build_of(row, service.id, self._url, where.root)
        return None

    async def _root(self, where: Configuration) -> str:
        """Return the VCS root whose revision is pinned, "" where nothing is built from one.

        TeamCity pins all roots of a configuration or, without a word, none of them. So one with
        several is not started, and one that only its chain has has to be named.
        """
        await self.rest.check_version()
        sources = await self.rest.sources(where)
        roots = sources.roots
        if len(roots) > 1:
            raise Rejected(
                f"{where.id} has several VCS roots in TeamCity ({', '.join(roots[:5])}), which "
                "cannot all be pinned to the service's commit: nothing was started."
            )
        if roots and where.root not in ("", *roots):
            raise Rejected(
                f"{where.id} has no VCS root {where.root} in TeamCity: nothing was started."
            )
        if sources.has_chain and not roots and not where.root:
            raise Rejected(
                f"{where.id} stands on other configurations in TeamCity: write the VCS root of the "
                f"service behind a colon into the services file, {where.id}:ROOT."
            )
        return (roots[0] if roots else where.root) if roots or sources.has_chain else ""

    async def _start(
        self, service: Service, where: Configuration, root: str, values: Mapping[str, str]
    ) -> Build:
        _check(values[reading.CORRELATION])
        told = [{"name": name, "value": value} for name, value in values.items()]
        body: dict[str, object] = {
            "buildType": {"id": where.id},
            "properties": {"property": told},
        }
        commit = values[reading.REVISION]
        if root:
            pinned = {"version": commit, "vcs-root-instance": {"vcs-root-id": root}}
            # With False TeamCity would build the newest commit where a chain has other roots too.
            body["revisions"] = {"failOnMissingRevisions": True, "revision": [pinned]}
        row = await self.rest.start(where, body)
        if root and commit not in (reading.revisions(row, root) or [commit]):
            raise Unreachable(
                f"TeamCity took the order as the build {row['id']}, for another commit than it was "
                "told: look there, and cancel it."
            )
        build = reading.build_of(row, service.id, self._url, root)
        # The answer need not repeat what was sent: that it was taken is what it says.
        return replace(
            build,
            ref=values[reading.VERSION],
            commit=commit,
            correlation=values[reading.CORRELATION],
        )

    async def _all(self, service: Service) -> list[Build]:
        """Return what waits, runs and has ended, newest first."""
        where = configuration_of(service, target_of(service).builder)
        found = await self.rest.builds(where, most=LOOK_BACK)
        return [_recorded(row, service.id, self._url, where.root) for row in found.rows]

    async def _asked_for(self, where: Configuration, correlation: str) -> Row | None:
        """Return the build with a correlation id; None where surely none was asked for."""
        having = f",property:(name:{reading.CORRELATION},value:{correlation},matchType:equals)"
        found = await self.rest.builds(where, having=having, most=LOOK_BACK)
        newest = await self.rest.builds(where, most=LOOK_BACK)
        rows = [*found.rows, *newest.rows]
        for row in rows:
            if reading.parameters(row).get(reading.CORRELATION) == correlation:
                return row
        if not all(reading.tells_parameters(row) for row in rows):
            raise Unreachable(
                f"TeamCity does not tell the parameters of the builds of {where.id}, so it is not "
                f"known whether it was asked for: the account needs {RUNTIME}."
            )
        if found.has_more and not await self._goes_back(where):
            raise Unreachable(
                f"TeamCity did not look through all builds of {where.id}, so it is not known "
                "whether it was asked for: look there."
            )
        return None

    async def _goes_back(self, where: Configuration) -> bool:
        """Say whether what TeamCity looked through goes back for longer than an order can be lost.

        It stops after its newest 5000 of a configuration, however old they are.
        """
        having = f",start:{LOOKED_THROUGH - 1}"
        (last, *_) = (await self.rest.builds(where, having=having, most=1)).rows or [{}]
        asked = reading.moment(last.get("queuedDate"))
        return asked is not None and asked < datetime.now(UTC) - OLDEST

    async def _with_failing(self, build: Build) -> Build:
        """Return a red build with its failing tests; one without tests stays as it is."""
        if build.state is not BuildState.RED:
            return build
        try:
            tests = await self.rest.failing(number_of(build.id))
        except IntegrationError:
            return build  # that it is red is known, and matters more than why
        return replace(build, failing_tests=reading.failing(tests))

    @property
    def _url(self) -> str:
        return self.rest.credentials.url


def _check(correlation: str) -> None:
    if not _CORRELATION.fullmatch(correlation):
        raise Rejected(f"`{correlation[:40]}` cannot be an order's id: nothing was started.")


def _recorded(row: Row, service: str, url: str, root: str) -> Build:
    """Return a build of a service; a green one only where TeamCity recorded its commit."""
    build = reading.build_of(row, service, url, root)
    if build.state is BuildState.GREEN and build.commit not in reading.revisions(row, root):
        return replace(build, state=BuildState.UNKNOWN)
    return build


def _failed_itself(row: Mapping[str, object]) -> bool:
    """Say whether a build is red by what it did, not by what it stands on."""
    return reading.state_of(row) is BuildState.RED and row.get("failedToStart") is not True
