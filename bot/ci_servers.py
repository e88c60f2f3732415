"""The CI servers of a hospital as one: each service is asked about where it is built."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from bot.errors import Rejected
from bot.ports import SecurityAlerts

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from bot.model import Alerts, Build, ChangeList, Service
    from bot.ports import Ci


@dataclass(frozen=True)
class CiServers:
    """Implements `Ci` and `SecurityAlerts` of `bot.ports` by what the settings name.

    Where there are several, a build's id begins with the name of its own: `github:acme/lab/7`.
    A service may be deployed by another than builds it (`ci.deploy_provider`).
    """

    by_name: Mapping[str, Ci]

    async def resolve(self, service: Service, ref: str) -> str:
        """Return the 40-hex commit that a version, tag, branch or commit is now."""
        return await self._builds(service)[1].resolve(service, ref)

    async def authors(self, service: Service, commit: str) -> Sequence[str]:
        """Return the e-mail addresses of who wrote a commit."""
        return await self._builds(service)[1].authors(service, commit)

    async def between(self, service: Service, since: str, until: str) -> ChangeList:
        """Return the commits that are in `until` and not in `since`."""
        return await self._builds(service)[1].between(service, since, until)

    async def builds(self, service: Service, ref: str, *, limit: int = 10) -> Sequence[Build]:
        """Return the builds of the commit that `ref` is now, newest first."""
        name, ci = self._builds(service)
        return [self._named(name, one) for one in await ci.builds(service, ref, limit=limit)]

    async def recent(self, service: Service, *, limit: int = 10) -> Sequence[Build]:
        """Return the newest builds of a service, whatever the ref."""
        name, ci = self._builds(service)
        return [self._named(name, one) for one in await ci.recent(service, limit=limit)]

    async def build(self, build_id: str) -> Build:
        """Return one build with its stages and failing tests."""
        name, ci, theirs = self._whose(build_id)
        return self._named(name, await ci.build(theirs))

    async def log_tail(self, build_id: str, *, lines: int = 40) -> str:
        """Return the last lines of the log of the stage that matters."""
        _, ci, theirs = self._whose(build_id)
        return await ci.log_tail(theirs, lines=lines)

    async def trigger(self, service: Service, ref: str, *, correlation: str) -> Build:
        """Ask for a build of `ref`; returns it queued, findable by `correlation`."""
        name, ci = self._builds(service)
        return self._named(name, await ci.trigger(service, ref, correlation=correlation))

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
        """Ask for the deploy job to run; returns it queued, findable by `correlation`."""
        name, ci = self._deploys(service)
        what = (service, version, commit, environment)
        return self._named(name, await ci.deploy(*what, correlation=correlation, sites=sites))

    async def find(self, service: Service, correlation: str) -> Build | None:
        """Return the build or deploy asked for with `correlation`; None when there is none."""
        asked = dict([self._deploys(service), self._builds(service)])
        for name, ci in asked.items():
            found = await ci.find(service, correlation)
            if found is not None:
                return self._named(name, found)
        return None

    def tells(self, service: Service) -> bool:
        """Say whether the alerts of a service can be asked for: of who builds it."""
        ci = self.by_name.get(service.ci.provider) if service.ci else None
        return isinstance(ci, SecurityAlerts) and ci.tells(service)

    async def code_alerts(self, service: Service, version: str, commit: str) -> Alerts:
        """Count the open alerts in the code of that very commit."""
        return await self._alerts(service).code_alerts(service, version, commit)

    async def dependency_alerts(self, service: Service) -> Alerts:
        """Count the open alerts about what the service depends on, as of now."""
        return await self._alerts(service).dependency_alerts(service)

    def _alerts(self, service: Service) -> SecurityAlerts:
        name, ci = self._builds(service)
        if not isinstance(ci, SecurityAlerts):
            raise Rejected(f"{service.id} is built by {name}, which tells of no security alerts.")
        return ci

    def _builds(self, service: Service) -> tuple[str, Ci]:
        return self._provider(service, service.ci.provider if service.ci else "")

    def _deploys(self, service: Service) -> tuple[str, Ci]:
        ci = service.ci
        return self._provider(service, (ci.deploy_provider or ci.provider) if ci else "")

    def _provider(self, service: Service, name: str) -> tuple[str, Ci]:
        if name not in self.by_name:
            raise Rejected(
                f"{service.id} is built nowhere: give it `ci.provider` in the services file."
                if not name
                else f"{service.id} names {name}, and the settings have no integrations.{name}."
            )
        return name, self.by_name[name]

    def _whose(self, build_id: str) -> tuple[str, Ci, str]:
        if len(self.by_name) == 1:
            (name, ci), *_ = self.by_name.items()
            return name, ci, build_id.removeprefix(f"{name}:")
        name, _, theirs = build_id.partition(":")
        if name not in self.by_name or not theirs:
            raise Rejected(
                f"`{build_id[:80]}` is no build here: an id begins with the name of its CI server "
                f"({', '.join(sorted(self.by_name))}), as `ci status SERVICE` shows it."
            )
        return name, self.by_name[name], theirs

    def _named(self, name: str, build: Build) -> Build:
        return build if len(self.by_name) == 1 else replace(build, id=f"{name}:{build.id}")


def untold(services: Iterable[Service], alerts: SecurityAlerts | None) -> Iterator[str]:
    """Yield a sentence for each pre-check that who builds the service can never answer."""
    for service in services:
        if alerts is not None and alerts.tells(service):
            continue
        builder = service.ci.provider if service.ci else "nobody"
        for environment in service.environments:
            for probe in environment.prechecks:
                if probe.is_of_builder:
                    yield (
                        f"{service.id}.environments.{environment.name}.prechecks: {builder} builds "
                        f"{service.id} and tells of no alerts of the kind {probe.kind}; name a "
                        "report of a scan by its url instead, such as sarif or cyclonedx"
                    )
