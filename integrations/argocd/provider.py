"""Argo CD as a provider of the port `Ci`: a deploy is a sync of an application to a commit."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final, NoReturn

from bot.api import Build, BuildState, Rejected, Unreachable
from bot.vendors import Asked, NotThere
from bot.vendors.git import COMMIT
from integrations.argocd import reading
from integrations.argocd.places import (
    Application,
    application_of,
    applications_of,
    checked,
    deploy_of,
    is_same_repository,
    target_of,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.api import ChangeList, Service
    from bot.vendors import Vendor
    from integrations.argocd.reading import Row

CHAIN: Final = 20  # deploys before that an operation carries along
REMEMBERED: Final = 500
GET, SYNC = "applications, get", "applications, sync"


@dataclass(frozen=True)
class _Sent:
    """What an application looked like right before it was asked to sync."""

    application: Application
    mark: str


@dataclass(frozen=True)
class ArgoCd:
    """Implements `bot.ports.Ci` for deploys alone; another provider builds.

    Argo CD knows one operation of an application, the newest. So that an earlier one can be found,
    each carries the ids of those before it, and how they stood.
    """

    vendor: Vendor
    _sent: dict[str, _Sent] = field(default_factory=dict, repr=False)

    async def resolve(self, service: Service, ref: str) -> str:
        """Refuse: what builds the service says what a version is."""
        del ref
        _builds_nothing(service)

    async def authors(self, service: Service, commit: str) -> Sequence[str]:
        """Refuse: what builds the service says who wrote a commit."""
        del commit
        _builds_nothing(service)

    async def between(self, service: Service, since: str, until: str) -> ChangeList:
        """Refuse: what builds the service says what lies between two commits."""
        del since, until
        _builds_nothing(service)

    async def builds(self, service: Service, ref: str, *, limit: int = 10) -> Sequence[Build]:
        """Refuse: nothing is built here."""
        del ref, limit
        _builds_nothing(service)

    async def recent(self, service: Service, *, limit: int = 10) -> Sequence[Build]:
        """Refuse: nothing is built here."""
        del limit
        _builds_nothing(service)

    async def trigger(self, service: Service, ref: str, *, correlation: str) -> Build:
        """Refuse: nothing is built here."""
        del ref, correlation
        _builds_nothing(service)

    async def build(self, build_id: str) -> Build:
        """Return one deploy with what it did as stages.

        `Unreachable` once somebody else's operation followed it: then it cannot be said.
        """
        where, correlation = deploy_of(build_id)
        app = await self._app(where)
        if reading.is_stale(app):
            app = await self._refreshed(where, app)
        found = self._among(where, app, correlation, where.name)
        if found is None:
            raise Rejected(f"Argo CD has no deploy {correlation} of {where}.")
        return found

    async def log_tail(self, build_id: str, *, lines: int = 40) -> str:
        """Return what Argo CD says of the deploy, and where the logs of its pods are."""
        where, correlation = deploy_of(build_id)
        app = await self._app(where)
        if reading.infos(reading.newest(app)).get(reading.OURS) != correlation:
            return f"Another operation followed it; see {self._address(where)}"
        told = [*reading.told_by(app), f"The logs of its pods are at {self._address(where)}"]
        return "\n".join(told[-lines:])

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
        """Ask for a sync to the commit; returns it queued, findable by `correlation`.

        An older commit is a rollback. `Rejected` where Argo CD syncs by itself, where another
        operation goes on, or where the application is not of the service's own repository.
        """
        if not COMMIT.fullmatch(commit):
            raise Rejected(f"`{commit[:40]}` is no commit, so nothing was started.")
        where = application_of(service, environment, sites)
        app = await self._app(where, ahead=True)
        _refuse(where, app, target_of(service).repo)
        self._remember(checked(correlation), _Sent(where, reading.mark(app)))
        carried = {
            reading.OURS: correlation,
            reading.VERSION: version,
            "wardroom-environment": environment,
            "wardroom-sites": ",".join(sites),
            reading.BEFORE: _chain(app),
        }
        await self._sync(where, commit, carried)
        made = Build(f"{where}/{correlation}", service.id, version, commit, BuildState.QUEUED)
        return replace(made, correlation=correlation, url=self._address(where))

    async def find(self, service: Service, correlation: str) -> Build | None:
        """Return the deploy asked for with `correlation`; None when there is none.

        `Unreachable` where the newest operation is somebody else's, who may have followed ours.
        """
        checked(correlation)
        sent = self._sent.get(correlation)
        doubt: Unreachable | None = None
        for where in [sent.application] if sent else applications_of(service):
            try:
                app = await self._app(where)
            except NotThere:
                continue  # nothing can have been asked of it
            try:
                found = self._among(where, app, correlation, service.id)
            except Unreachable as error:
                doubt = error
                continue
            if found is not None:
                return found
        if doubt is not None:
            raise doubt
        return None

    def _among(self, where: Application, app: Row, correlation: str, service: str) -> Build | None:
        """Return the deploy of that id, None where there surely was none."""
        newest = reading.newest(app)
        carried = reading.infos(newest)
        if carried.get(reading.OURS) == correlation:
            return reading.deployed(where, app, self._address(where), service)
        known = reading.before(newest)
        if correlation in known:
            state = known[correlation]
            return reading.earlier(where, correlation, state, self._address(where), service)
        if reading.OURS in carried or reading.is_untouched(app):
            return None
        sent = self._sent.get(correlation)
        if sent and sent.mark == reading.mark(app) and reading.pending(app) is None:
            return None  # nothing has begun there since it was sent
        raise Unreachable(
            f"somebody else's operation is the newest of {where} in Argo CD, so whether ours was "
            "before it cannot be said."
        )

    async def _refreshed(self, where: Application, app: dict[str, Any]) -> dict[str, Any]:
        """Have Argo CD look at what runs: by itself it may not say that it has for minutes.

        It answers once it has looked, which may take longer than we wait.
        """
        try:
            return await self._app(where, refresh="normal")
        except Unreachable:
            return app

    async def _app(
        self, where: Application, *, ahead: bool = False, refresh: str = ""
    ) -> dict[str, Any]:
        asked = Asked(f"the application {where}", GET)
        params = {**where.params, **({"refresh": refresh} if refresh else {})}
        answer = await self.vendor.read(where.path, asked, params=params, ahead=ahead)
        app = answer.object()
        if reading.text(app, "metadata", "name") != where.name:
            raise answer.odd()
        return app

    async def _sync(self, where: Application, commit: str, carried: dict[str, str]) -> None:
        body: dict[str, object] = {
            "name": where.name,
            "revision": commit,
            "prune": False,
            "dryRun": False,
            "infos": [{"name": name, "value": value} for name, value in carried.items() if value],
        }
        if where.namespace:
            body["appNamespace"] = where.namespace
        asked = Asked(f"the sync of {where}", SYNC)
        answer = await self.vendor.change("POST", f"{where.path}/sync", asked, json=body)
        answer.object()

    def _remember(self, correlation: str, sent: _Sent) -> None:
        while len(self._sent) >= REMEMBERED:
            del self._sent[next(iter(self._sent))]
        self._sent[correlation] = sent

    def _address(self, where: Application) -> str:
        return f"{self.vendor.url.rstrip('/')}/applications/{where}"


def _builds_nothing(service: Service) -> NoReturn:
    raise Rejected(
        f"Argo CD builds nothing: let ci.provider of {service.id} name what builds it, and "
        "ci.deploy_provider name argocd."
    )


def _refuse(where: Application, app: Row, repo: str) -> None:
    """Raise `Rejected` where a sync to a commit would not be what runs, or not ours to decide."""
    spec = app.get("spec")
    if reading.rows(spec, "sources"):
        raise Rejected(
            f"{where} has several sources in Argo CD, and one commit names none of them."
        )
    if reading.text(spec, "source", "chart"):
        raise Rejected(f"{where} is a Helm chart's version in Argo CD, and no commit.")
    source = reading.text(spec, "source", "repoURL")
    if not is_same_repository(source, repo):
        raise Rejected(
            f"{where} is deployed from another repository than ci.repo in Argo CD, where the "
            "commit to deploy is not."
        )
    if _is_automated(spec):
        raise Rejected(
            f"Argo CD syncs {where} by itself, so a deploy that is asked for would be undone: turn "
            "its auto-sync off (spec.syncPolicy.automated)."
        )
    if reading.is_busy(app):
        raise Rejected(f"another operation is already in progress on {where} in Argo CD; wait.")


def _is_automated(spec: object) -> bool:
    policy = spec.get("syncPolicy") if isinstance(spec, dict) else None
    automated = policy.get("automated") if isinstance(policy, dict) else None
    # Present is on, also where it is empty; `enabled: false` came with Argo CD 3.1.
    return isinstance(automated, dict) and automated.get("enabled") is not False


def _chain(app: Row) -> str:
    """Return the deploys before this one, newest first, and how they stand."""
    newest = reading.newest(app)
    ours = reading.infos(newest).get(reading.OURS)
    made = [f"{ours}={reading.state_of(app).value}"] if ours else []
    made += [f"{one}={state}" for one, state in reading.before(newest).items()]
    return " ".join(made[:CHAIN])
