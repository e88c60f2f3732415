"""The services of the hospital and where they run."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from urllib.parse import quote

from bot.model.endpoints import Endpoint

WATCH = timedelta(minutes=30)
# Kinds of check that are asked of whoever builds the service, with the credentials for that.
ALERT_KINDS = frozenset({"code-scanning", "dependabot"})


@dataclass(frozen=True)
class Probe:
    """One read-only question to a system, at most 10 s, and which answers are good.

    `name` is what people read; `at` is the place of the value in a JSON answer (`queue.depth`,
    `[0].length`). What is good, by kind: `says` the value for `http`, `below` for `queue`,
    `oldest` for `backup`, `critical` and `high` for whatever counts findings. `version` and
    `commit` are the release that is asked about. `site` says which site it is of,
    "" for the whole environment. A check of the kind `endpoint` asks its `target`.
    """

    kind: str
    url: str = ""
    timeout_seconds: int = 5
    site: str = ""
    name: str = ""
    at: str = ""
    says: str = ""
    below: int = 0
    oldest: timedelta = timedelta()
    critical: int = 0
    high: int = 0
    critical_at: str = "critical"
    high_at: str = "high"
    version_at: str = ""
    commit_at: str = ""
    version: str = ""
    commit: str = ""
    endpoint: str = ""
    target: Endpoint | None = None

    @property
    def label(self) -> str:
        """Return what people call it."""
        return self.name or self.endpoint or self.kind

    @property
    def is_of_builder(self) -> bool:
        """Say whether it has no address of its own: who builds the service is asked."""
        return self.kind in ALERT_KINDS

    def about(self, version: str, commit: str) -> Probe:
        """Return the question about one release: `{version}` and `{commit}` of its address too."""
        url = self.url.replace("{version}", quote(version, safe=""))
        return replace(self, url=url.replace("{commit}", commit), version=version, commit=commit)


@dataclass(frozen=True)
class Validator:
    """Who confirms a deploy in chat: a person, whoever holds a role, or whoever is on call."""

    role: str = ""
    person: str = ""
    rota: str = ""

    def __str__(self) -> str:
        """Return who that is, as a sentence goes on."""
        if self.person:
            return self.person
        if self.rota:
            return f"whoever is on call for {self.rota}"
        return f"somebody with the role {self.role}"


@dataclass(frozen=True)
class Rollout:
    """Which sites get a version together, in this order, and how long each of them is held."""

    batches: tuple[tuple[str, ...], ...]
    hold: timedelta


@dataclass(frozen=True)
class Deployment:
    """One environment of one service, as the estate file declares it.

    A commit comes here once it has succeeded in the environment `after` for as long as `soak`,
    and the `prechecks` pass; then the `smoke` probes, and the `validator` confirms within `watch`.
    """

    name: str
    probes: tuple[Probe, ...] = ()
    after: str = ""
    soak: timedelta = timedelta()
    prechecks: tuple[Probe, ...] = ()
    smoke: tuple[Probe, ...] = ()
    validator: Validator | None = None
    watch: timedelta = WATCH
    rollout: Rollout | None = None
    endpoints: tuple[Endpoint, ...] = ()


@dataclass(frozen=True)
class CiTarget:
    """Where a service is built and deployed; `tag` formats a version into a ref.

    What `builder`, `deploy_builder` and `repo` are, the provider's page says: a job's path, a
    workflow's file, a pipeline's name. `{environment}` in `deploy_builder` becomes the
    environment's name. `deploy_provider` deploys it where `provider` does not.
    """

    provider: str
    builder: str
    deploy_builder: str
    repo: str
    tag: str = "{version}"
    deploy_provider: str = ""

    def deploys_by(self, environment: str) -> str:
        """Return what deploys the service to an environment."""
        return self.deploy_builder.replace("{environment}", environment)


@dataclass(frozen=True)
class Service:
    """A service of the hospital; `safety_class` is its IEC 62304 class A, B or C."""

    id: str
    owner: str
    safety_class: str
    ci: CiTarget | None
    environments: tuple[Deployment, ...]
    criticality: str = ""
    sites: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()
    depends_on: tuple[str, ...] = ()

    def environment(self, name: str) -> Deployment | None:
        """Return the named environment, or None where the service has none of that name."""
        return next((env for env in self.environments if env.name == name), None)


@dataclass(frozen=True)
class Environment:
    """The name of an environment that at least one service has."""

    name: str
