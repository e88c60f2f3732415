"""The services of the hospital and where they run."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Probe:
    """How one environment of a service is asked how it is; read-only, at most 10 s."""

    kind: str
    url: str = ""
    timeout_seconds: int = 5


@dataclass(frozen=True)
class Deployment:
    """One environment of one service, as the estate file declares it."""

    name: str
    probes: tuple[Probe, ...] = ()


@dataclass(frozen=True)
class CiTarget:
    """Where a service is built and deployed; `tag` formats a version into a ref."""

    provider: str
    builder: str
    deploy_builder: str
    repo: str
    tag: str = "{version}"


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
    channels: tuple[str, ...] = ()

    def environment(self, name: str) -> Deployment | None:
        """Return the named environment, or None where the service has none of that name."""
        return next((env for env in self.environments if env.name == name), None)


@dataclass(frozen=True)
class Environment:
    """The name of an environment that at least one service has."""

    name: str
