"""The services of the hospital and their environments, as the estate file declares them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Literal, TypeAlias

from pydantic import AfterValidator, Field, StringConstraints, ValidationError

from bot import backstage, documents, estate_checks, estate_endpoints, estate_rollout
from bot.documents import Block, matching
from bot.estate_checks import (
    LONGEST_PROBE,
    SHORTEST_PROBE,
    CheckEntry,
    Duration,
    OneValidator,
)
from bot.estate_endpoints import EndpointEntry
from bot.estate_rollout import CanaryEntry, RolloutEntry
from bot.model import CiTarget, Deployment, EndpointKind, EngineChannel, Probe, Service
from bot.model.estate import WATCH

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from pathlib import Path

    from bot.model import Login

Name: TypeAlias = Annotated[
    str, matching(r"[a-z0-9][a-z0-9-]{0,62}", "must be lower-case letters, digits and hyphens")
]
Text: TypeAlias = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]


class ProbeEntry(Block):
    """How one environment is asked how it is; `url` says where, in the kind's own scheme."""

    kind: Name
    url: str = ""
    timeout_seconds: int = Field(default=5, ge=SHORTEST_PROBE, le=LONGEST_PROBE)
    site: str = ""


class EnvironmentEntry(Block):
    """One environment of a service."""

    probes: tuple[ProbeEntry, ...] = ()
    after: Name | None = None
    soak: Duration | None = None
    prechecks: tuple[CheckEntry, ...] = ()
    smoke: tuple[CheckEntry, ...] = ()
    validator: OneValidator | None = None
    watch: Duration | None = None
    rollout: RolloutEntry | None = None
    canary: CanaryEntry | None = None
    endpoints: tuple[EndpointEntry, ...] = ()


class CiEntry(Block):
    """Where a service is built and deployed; jobs are named after the service unless set."""

    provider: Name
    builder: str = ""
    deploy_builder: str = ""
    deploy_provider: Name | None = None
    repo: Text
    tag: str = "{version}"


def _channel(value: str) -> str:
    platform, _, channel = value.partition(":")
    if platform not in ("slack", "teams") or not channel:
        raise ValueError(f"{value} is no channel; write it as slack:C012AB3CD or teams:19:...")
    return value


Channel: TypeAlias = Annotated[str, AfterValidator(_channel)]


class ServiceEntry(Block):
    """One service in the estate file."""

    id: Name
    owner: str = ""  # or what Backstage says
    safety_class: Literal["A", "B", "C"]
    criticality: str = ""
    sites: tuple[str, ...] = ()
    tags: tuple[Name, ...] = ()
    channels: tuple[Channel, ...] = ()
    depends_on: tuple[Name, ...] = ()
    ci: CiEntry | None = None
    environments: Annotated[dict[Name, EnvironmentEntry], Field(min_length=1)]


@dataclass(frozen=True)
class Estate:
    """The estate file in memory; a `bot.ports.Catalogue`.

    `notes` are what Backstage's files refer to and do not describe.
    """

    by_id: Mapping[str, Service]
    notes: Sequence[str] = ()

    def service(self, service_id: str) -> Service | None:
        """Return a service by its exact id."""
        return self.by_id.get(service_id)

    def services(self) -> Sequence[Service]:
        """Return every service, by id."""
        return [self.by_id[name] for name in sorted(self.by_id)]

    def channel(self, name: str) -> EngineChannel | None:
        """Return the channel of an interface engine that an endpoint of that name stands for."""
        found = {
            endpoint.name: EngineChannel(endpoint, service)
            for service in self.by_id.values()
            for environment in service.environments
            for endpoint in environment.endpoints
            if endpoint.kind is EndpointKind.ENGINE
        }
        return found.get(name)

    def environments(self) -> Sequence[str]:
        """Return the names of all environments."""
        return sorted({env.name for one in self.by_id.values() for env in one.environments})


def load(
    path: Path,
    *,
    providers: Collection[str] | None = None,
    descriptors: Sequence[Path] = (),
    roles: Collection[str] | None = None,
    logins: Mapping[str, Login] | None = None,
) -> Estate:
    """Return the services of a file, checked whole; `ConfigurationError` lists every problem.

    `providers` are the configured integrations, `roles` those of the policies, `logins` the
    accounts of probes; a service may name no other. `descriptors` are Backstage's, which fill in
    and check owners and dependencies.
    """
    rows = documents.read(path)
    if not isinstance(rows, list) or not rows:
        raise documents.refuse(path, ["must be a list of services, one `- id: ...` each"])
    services: dict[str, Service] = {}
    problems: list[str] = []
    for number, row in enumerate(rows, 1):
        label = documents.label(row, number)
        try:
            entry = ServiceEntry.model_validate(row)
        except ValidationError as error:
            problems += documents.sentences(error, ServiceEntry, (label,))
            continue
        folder = path.resolve().parent
        problems += [*_problems(entry, providers), *_unknown_roles(entry, roles)]
        problems += _endpoint_problems(entry, folder)
        if entry.id in services:
            problems.append(f"{entry.id}: is there twice; one service is one entry")
        services[entry.id] = _service(entry, folder)
    problems += estate_endpoints.connect(services)
    if logins is not None:
        problems += estate_endpoints.strangers(services, logins)
    described = backstage.read(descriptors, services)
    _described(services, described, problems)
    if problems:
        raise documents.refuse(path, problems)
    return Estate(services, described.notes)


def _problems(entry: ServiceEntry, providers: Collection[str] | None) -> list[str]:
    ci = entry.ci
    problems = list(_environment_problems(entry))
    if ci is None:
        return problems
    named = {"provider": ci.provider, "deploy_provider": ci.deploy_provider}
    problems += [
        f"{entry.id}.ci.{field}: {name} has no block under integrations in the "
        f"settings{documents.nearest(name, providers)}"
        for field, name in named.items()
        if providers is not None and name is not None and name not in providers
    ]
    if "{version}" not in ci.tag:
        problems.append(f"{entry.id}.ci.tag: must hold {{version}}, such as v{{version}}")
    return problems


def _unknown_roles(entry: ServiceEntry, roles: Collection[str] | None) -> Iterator[str]:
    for name, one in entry.environments.items():
        role = one.validator.role if one.validator else ""
        if roles is not None and role and role not in roles:
            where = f"{entry.id}.environments.{name}.validator.role"
            near = documents.nearest(role, roles)
            yield f"{where}: there is no role {role}, so nobody could validate there{near}"


def _endpoint_problems(entry: ServiceEntry, folder: Path) -> Iterator[str]:
    for name, one in entry.environments.items():
        where = f"{entry.id}.environments.{name}.endpoints"
        yield from estate_endpoints.problems(one.endpoints, where, folder)


def _environment_problems(entry: ServiceEntry) -> Iterator[str]:
    names = entry.environments.keys()
    for name, one in entry.environments.items():
        where = f"{entry.id}.environments.{name}"
        yield from estate_checks.problems(one.prechecks, f"{where}.prechecks")
        yield from estate_checks.problems(one.smoke, f"{where}.smoke")
        yield from estate_checks.homeless(one.smoke, f"{where}.smoke", "is one of prechecks")
        if entry.ci is None:
            why = "is asked of who builds it; set ci"
            yield from estate_checks.homeless(one.prechecks, f"{where}.prechecks", why)
        yield from estate_rollout.problems(one.rollout, one.canary, entry.sites, where)
        yield from estate_rollout.probe_problems(one.probes, entry.sites, where)
        if one.after is not None and one.after not in names:
            near = documents.nearest(one.after, names - {name})
            yield f"{where}.after: {one.after} is no environment of {entry.id}{near}"
        elif name in _before(entry, name):
            yield f"{where}.after: the order goes round in a circle; one environment is the first"
        if one.soak is not None and one.after is None:
            yield f"{where}.soak: needs after, the environment where it soaks"
        if one.watch is not None and one.validator is None:
            yield f"{where}.watch: needs a validator, who is waited for that long"


def _before(entry: ServiceEntry, name: str) -> list[str]:
    """Return the environments that a commit passes before one of them, the nearest first."""
    passed: list[str] = []
    current = entry.environments[name].after
    while current in entry.environments and current not in passed:
        passed.append(current)
        current = entry.environments[current].after
    return passed


def _deployment(name: str, one: EnvironmentEntry, entry: ServiceEntry, folder: Path) -> Deployment:
    return Deployment(
        name,
        probes=tuple(Probe(p.kind, p.url, p.timeout_seconds, p.site) for p in one.probes),
        after=one.after or "",
        soak=one.soak or timedelta(),
        prechecks=tuple(check.probe() for check in one.prechecks),
        smoke=tuple(check.probe() for check in one.smoke),
        validator=one.validator.validator() if one.validator else None,
        watch=one.watch or WATCH,
        rollout=estate_rollout.rollout(one.rollout, one.canary, entry.sites),
        endpoints=tuple(e.endpoint(entry.id, name, folder) for e in one.endpoints),
    )


def _service(entry: ServiceEntry, folder: Path) -> Service:
    return Service(
        id=entry.id,
        owner=entry.owner,
        safety_class=entry.safety_class,
        ci=_target(entry.id, entry.ci, folder) if entry.ci else None,
        environments=tuple(
            _deployment(name, one, entry, folder) for name, one in entry.environments.items()
        ),
        criticality=entry.criticality,
        sites=entry.sites,
        tags=entry.tags,
        channels=entry.channels,
        depends_on=entry.depends_on,
    )


def _described(
    services: dict[str, Service], described: backstage.Described, problems: list[str]
) -> None:
    """Fill owners and dependencies in from Backstage, and look that they lead somewhere."""
    for name, service in services.items():
        owner, where = described.owners.get(name, ""), described.where.get(name, "")
        if owner and service.owner and owner != service.owner:
            problems.append(
                f"{name}.owner: is {service.owner} here and {owner} in {where}; mend one of them, "
                "or leave it out here"
            )
        elif not (owner or service.owner):
            problems.append(f"{name}.owner: is missing; set it")
        depends = (*service.depends_on, *described.depends_on.get(name, ()))
        problems += [
            f"{name}.depends_on: there is no service {other}{documents.nearest(other, services)}"
            for other in service.depends_on
            if other not in services or other == name
        ]
        services[name] = replace(
            service, owner=service.owner or owner, depends_on=tuple(dict.fromkeys(depends))
        )


def _target(service_id: str, ci: CiEntry, folder: Path) -> CiTarget:
    # Only ./ and ../ are paths; everything else is an address that git understands as it stands.
    local = ci.repo.startswith(("./", "../"))
    return CiTarget(
        provider=ci.provider,
        builder=ci.builder or service_id,
        deploy_builder=ci.deploy_builder or f"deploy-{service_id}",
        repo=str((folder / ci.repo).resolve()) if local else ci.repo,
        tag=ci.tag,
        deploy_provider=ci.deploy_provider or "",
    )
