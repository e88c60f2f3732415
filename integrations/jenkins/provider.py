"""Jenkins as a provider of the port `Ci`: jobs, their queue and their builds."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from bot.api import Build, BuildState, IntegrationError, Rejected, Unreachable
from bot.vendors import NotThere
from bot.vendors.authors import authors_of
from bot.vendors.git import COMMIT, commit_of
from bot.vendors.history import between
from integrations.jenkins import reading
from integrations.jenkins.places import (
    TAG,
    Place,
    folder_of,
    job_of,
    jobs_asked,
    place_of,
    target_of,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from bot.api import ChangeList, Service
    from integrations.jenkins.rest import History, Rest, Row

LOOK_BACK: Final = 100  # builds of a job in one answer
PER_TAG: Final = 5  # builds of each job of a multibranch pipeline
PAGES: Final = 10  # of builds that are searched for a correlation id
OLDEST: Final = timedelta(days=14)  # a build that began before was not asked for just now
TAIL: Final = 65_536  # bytes of the console of which the last lines are shown
DEPLOYS: Final = (
    reading.VERSION,
    reading.REVISION,
    reading.ENVIRONMENT,
    reading.CORRELATION,
)


@dataclass(frozen=True)
class Jenkins:
    """Implements `bot.ports.Ci`; a service names its job and its deploy job by their paths."""

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

        A green one counts for the commit that git's plugin recorded, never for the one that
        somebody typed as its parameter: without that record it is UNKNOWN.
        """
        commit = await self.resolve(service, ref)
        mine = [one for one in await self._all(service) if one.commit == commit]
        return [await self._with_failing(one) for one in mine[:limit]]

    async def recent(self, service: Service, *, limit: int = 10) -> Sequence[Build]:
        """Return the newest builds of a service, whatever the ref."""
        return (await self._all(service))[:limit]

    async def build(self, build_id: str) -> Build:
        """Return one build with its stages and failing tests."""
        found = await self._found(place_of(build_id))
        if isinstance(found, Build):
            return found
        place, row = found
        build = reading.build_of(place, row, _name(place.job), self._url)
        stages = tuple(reading.stage_of(one) for one in await self.rest.stages(place))
        return await self._with_failing(replace(build, stages=stages))

    async def log_tail(self, build_id: str, *, lines: int = 40) -> str:
        """Return the last lines of the step that failed, or of the whole console.

        What a failed pipeline still does (to clean up, to tell somebody) is on the console too.
        """
        found = await self._found(place_of(build_id))
        if isinstance(found, Build):
            return ""
        text = await self._failed_step(found[0]) or await self.rest.log(found[0], TAIL)
        return reading.tail(text, lines)

    async def trigger(self, service: Service, ref: str, *, correlation: str) -> Build:
        """Ask for a build of `ref`; returns it queued, findable by `correlation`.

        The job gets the commit itself. Where it builds its own tag (a multibranch pipeline), what
        it checked out is compared with the commit afterwards, and counts for nothing else.
        """
        job = job_of(service, target_of(service).builder, ref)
        commit = await self.resolve(service, ref)
        values = {reading.REVISION: commit, reading.CORRELATION: correlation}
        taken = await self._taken(job, values, optional={reading.VERSION: ref})
        return await self._start(service, job, taken)

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

        A deploy job of a tag (`{tag}`) runs what the tag is now: where that is another commit
        than the one to deploy, nothing is started.
        """
        builder = target_of(service).deploys_by(environment)
        job = job_of(service, builder, version)
        if not COMMIT.fullmatch(commit):
            raise Rejected(f"`{commit[:40]}` is no commit, so nothing was started.")
        if TAG in builder and await self.resolve(service, version) != commit:
            raise Rejected(
                f"the tag of {version} is another commit now than the one that was asked for, so "
                "nothing was started."
            )
        values = dict(zip(DEPLOYS, (version, commit, environment, correlation), strict=True))
        if sites:
            values[reading.SITES] = ",".join(sites)
        return await self._start(service, job, await self._taken(job, values))

    async def find(self, service: Service, correlation: str) -> Build | None:
        """Return the build or deploy asked for with `correlation`; None when there is none.

        The queue is asked first, as what waits there becomes a build and never the other way.
        `Unreachable` where the builds that are left do not go back for long enough.
        """
        folders = [folder_of(service, each) for each in jobs_asked(service)]
        for job, item in await self.rest.queue([name for name, _ in folders]):
            if reading.parameters(item).get(reading.CORRELATION) == correlation:
                place = Place(job, int(item["id"]), is_queued=True)
                return reading.waiting_of(place, item, service.id, self._url)
        for name, is_multibranch in folders:
            found = await self._asked_for(name, correlation, is_multibranch=is_multibranch)
            if found is not None:
                return reading.build_of(*found, service.id, self._url, target_of(service).repo)
        return None

    async def _taken(
        self, job: str, values: Mapping[str, str], optional: Mapping[str, str] | None = None
    ) -> dict[str, str]:
        """Return what to send to a job that takes it all; `Rejected` where it would not.

        Jenkins drops a parameter that a job does not declare and says nothing: the commit, or
        what a lost order is found again by, would be gone.
        """
        about = await self.rest.job(job)
        if "buildable" not in about:
            raise Rejected(f"{job} is a folder in Jenkins, and no job: nothing was started.")
        if about["buildable"] is not True:
            raise Rejected(f"the job {job} is disabled in Jenkins: nothing was started.")
        declared = _declared(about)
        if missing := [name for name in values if name not in declared]:
            raise Rejected(
                f"the job {job} does not declare {', '.join(missing)}, and Jenkins would drop "
                "that: declare it as a string parameter (a pipeline declares its own by running "
                "once)."
            )
        whole = {**values, **{n: one for n, one in (optional or {}).items() if n in declared}}
        for name, value in whole.items():
            choices = declared[name]
            if choices and value not in choices:
                raise Rejected(f"{name} of the job {job} does not offer `{value[:60]}`: add it.")
        return whole

    async def _start(self, service: Service, job: str, values: Mapping[str, str]) -> Build:
        place = await self.rest.start(job, values)
        given = [{"name": name, "value": value} for name, value in values.items()]
        item = {"actions": [{"parameters": given}]}
        return reading.waiting_of(place, item, service.id, self._url)

    async def _all(self, service: Service) -> list[Build]:
        """Return what waits and what was built, newest first."""
        target = target_of(service)
        name, is_multibranch = folder_of(service, target.builder)
        waiting = [
            reading.waiting_of(Place(job, int(item["id"]), is_queued=True), item, service.id, url)
            for url in [self._url]
            for job, item in await self.rest.queue([name])
        ]
        rows: list[tuple[Place, Row]] = []
        for each in await self._histories(name, is_multibranch=is_multibranch):
            rows += [(Place(each.job, row["number"]), row) for row in each.rows]
        # By when each was asked for: a multibranch pipeline's numbers are of one tag each.
        rows.sort(key=lambda pair: reading.began(pair[1]), reverse=True)
        built = [_recorded(*pair, service.id, self._url, target.repo) for pair in rows]
        return [*waiting, *built]

    async def _histories(self, name: str, *, is_multibranch: bool) -> list[History]:
        if is_multibranch:
            return await self.rest.histories(name, most=PER_TAG)
        return [await self.rest.history(name, most=LOOK_BACK)]

    async def _found(self, place: Place) -> Build | tuple[Place, Row]:
        """Return a run, or what still waits or was cancelled while it did.

        Jenkins forgets what has left the queue after five minutes; its builds remember it.
        """
        if not place.is_queued:
            return place, await self.rest.run(place)
        item = await self.rest.item(place)
        if number := _begun(item):
            run = Place(place.job, number)
            return run, await self.rest.run(run)
        if item is not None and item.get("cancelled") is True:
            return reading.waiting_of(place, item, _name(place.job), self._url)
        history = await self.rest.history(place.job, most=LOOK_BACK)
        row = next((row for row in history.rows if row.get("queueId") == place.number), None)
        if row is not None:
            return Place(place.job, row["number"]), row
        if item is not None:
            return reading.waiting_of(place, item, _name(place.job), self._url)
        if not history.is_whole:
            raise Unreachable(
                f"Jenkins has forgotten {place.id} of its queue, and none of the newest "
                f"{LOOK_BACK} builds of {place.job} is it."
            )
        raise NotThere(f"Jenkins does not have {place.id}: no build of {place.job} came of it.")

    async def _asked_for(
        self, name: str, correlation: str, *, is_multibranch: bool
    ) -> tuple[Place, Row] | None:
        """Return the build with a correlation id; None where surely none was asked for."""
        if is_multibranch:
            histories = await self.rest.histories(name, most=LOOK_BACK)
            for each in histories:
                if (row := _with(each, correlation)) is not None:
                    return Place(each.job, row["number"]), row
            if not all(_reaches_back(each) for each in histories):
                raise _too_far(name)
            return None
        for page in range(PAGES):
            first = page * LOOK_BACK
            history = await self.rest.history(name, first=first, most=LOOK_BACK)
            if (row := _with(history, correlation)) is not None:
                return Place(name, row["number"]), row
            if _reaches_back(history):
                return None
            if history.is_whole:
                break
        raise _too_far(name)

    async def _failed_step(self, place: Place) -> str:
        """Return the log of the first step that failed; "" where that cannot be told."""
        try:
            for row in await self.rest.stages(place):
                if reading.stage_of(row).state is BuildState.RED:
                    return reading.plain(await self.rest.step_log(place, str(row.get("id"))))
        except NotThere:
            pass  # such a plugin, or one that is too old for it
        return ""

    async def _with_failing(self, build: Build) -> Build:
        """Return a red build with its failing tests; one without a report stays as it is."""
        if build.state is not BuildState.RED:
            return build
        try:
            cases = await self.rest.report(place_of(build.id))
        except IntegrationError:
            return build  # that it is red is known, and matters more than why
        return replace(build, failing_tests=reading.failing(cases))

    @property
    def _url(self) -> str:
        return self.rest.credentials.url


def _declared(about: Mapping[str, object]) -> dict[str, list[str]]:
    """Return the parameters of a job, and what each may be where it is a choice."""
    made: dict[str, list[str]] = {}
    for one in reading.dicts(about.get("property")):
        for row in reading.dicts(one.get("parameterDefinitions")):
            choices = row.get("choices")
            offered = [str(each) for each in choices] if isinstance(choices, list) else []
            made[str(row.get("name"))] = offered
    return made


def _begun(item: Row | None) -> int:
    """Return the number of the build that came of an item of the queue, 0 while there is none."""
    executable = item.get("executable") if item else None
    number = executable.get("number") if isinstance(executable, dict) else None
    return number if isinstance(number, int) and number > 0 else 0


def _recorded(place: Place, row: Row, service: str, url: str, repo: str) -> Build:
    """Return a build of a service; a green one only where git's plugin recorded its commit."""
    build = reading.build_of(place, row, service, url, repo)
    if build.state is BuildState.GREEN and build.commit not in reading.revisions(row):
        return replace(build, state=BuildState.UNKNOWN)
    return build


def _with(history: History, correlation: str) -> Row | None:
    given = ((row, reading.parameters(row)) for row in history.rows)
    return next((row for row, has in given if has.get(reading.CORRELATION) == correlation), None)


def _reaches_back(history: History) -> bool:
    """Say whether nothing that was asked for lately can be missing from a job's builds.

    So it is where they go back to the first build that there ever was, or for long enough: of a
    job that keeps few builds, the one may be gone already.
    """
    if not history.rows:
        return history.following <= 1
    oldest = history.rows[-1]
    before = datetime.now(UTC) - OLDEST
    is_old = 0 < reading.began(oldest) < before.timestamp() * 1000
    return is_old or oldest["number"] == 1


def _too_far(name: str) -> Unreachable:
    return Unreachable(
        f"the builds that Jenkins keeps of {name} do not tell whether it was asked for: have it "
        f"keep them for {OLDEST.days} days, or look there."
    )


def _name(job: str) -> str:
    return job.rpartition("/")[2]
