"""Where an application is in Argo CD, and the ids of what was deployed to it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from bot.api import Rejected

if TYPE_CHECKING:
    from bot.api import CiTarget, Service

SITE: Final = "{site}"  # in deploy_builder: each site has an application of its own
# Kubernetes' names (RFC 1123), and the ids under which we ask for deploys.
_NAME: Final = r"[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?"
_APPLICATION: Final = re.compile(rf"(?:(?P<namespace>{_NAME})/)?(?P<name>{_NAME})", re.ASCII)
_DEPLOY: Final = re.compile(
    rf"(?P<application>(?:{_NAME}/)?{_NAME})/(?P<correlation>[A-Za-z0-9][A-Za-z0-9._-]{{0,127}})",
    re.ASCII,
)


@dataclass(frozen=True)
class Application:
    """An application; without a namespace it is in Argo CD's own."""

    name: str
    namespace: str = ""

    def __str__(self) -> str:
        """Return it as the services file writes it."""
        return f"{self.namespace}/{self.name}" if self.namespace else self.name

    @property
    def path(self) -> str:
        """Return its path below the configured address."""
        return f"api/v1/applications/{self.name}"

    @property
    def params(self) -> dict[str, str | int]:
        """Return what else says which application it is."""
        return {"appNamespace": self.namespace} if self.namespace else {}


def target_of(service: Service) -> CiTarget:
    """Return where a service is deployed; `Rejected` where the services file does not say it."""
    if service.ci is None:
        raise Rejected(f"{service.id} has no CI in the services file.")
    return service.ci


def application_of(service: Service, environment: str, sites: Sequence[str]) -> Application:
    """Return what a deploy goes to; `Rejected` where that is not exactly one application."""
    name = target_of(service).deploys_by(environment)
    if SITE in name and len(sites) == 1:
        return _application(service, name.replace(SITE, sites[0].lower()))
    if SITE in name:
        raise Rejected(
            f"{service.id} has an application for each site in Argo CD, and they are deployed one "
            f"at a time: name one site, or give {environment} a rollout of single sites."
        )
    if sites:
        raise Rejected(
            f"the application {name[:80]} of {service.id} is all of {environment}: to deploy to "
            f"sites, give each an application and write {SITE} in ci.deploy_builder."
        )
    return _application(service, name)


def applications_of(service: Service) -> list[Application]:
    """Return every application that the service may have been deployed to, each once."""
    target = target_of(service)
    names = [target.deploys_by(each.name) for each in service.environments]
    names = names or [target.deploy_builder]
    sites = [site.lower() for site in service.sites]
    all_names = [
        name.replace(SITE, site) for name in names for site in (sites if SITE in name else [""])
    ]
    return [_application(service, name) for name in dict.fromkeys(all_names)]


def deploy_of(build_id: str) -> tuple[Application, str]:
    """Return the application and the correlation id of a deploy; `Rejected` where it is no id."""
    found = _DEPLOY.fullmatch(build_id)
    if found is None:
        raise Rejected(
            f"`{build_id[:80]}` is no deploy of Argo CD: it is an application and the id that it "
            "was asked for with."
        )
    *namespace, name = found["application"].split("/")
    return Application(name, "".join(namespace)), found["correlation"]


def checked(correlation: str) -> str:
    """Return a correlation id that can be in one of our ids."""
    deploy_of(f"x/{correlation}")
    return correlation


def _application(service: Service, name: str) -> Application:
    found = _APPLICATION.fullmatch(name)
    if found is None:
        raise Rejected(
            f"`{name[:80]}` of {service.id} is no application: write its name, or NAMESPACE/NAME."
        )
    return Application(found["name"], found["namespace"] or "")


def is_same_repository(one: str, other: str) -> bool:
    """Say whether two addresses are of one repository, by HTTPS, SSH or whatever host name."""
    return _path(one) == _path(other)


def _path(address: str) -> str:
    plain = address.strip().rstrip("/").removesuffix(".git").lower()
    scheme, parted, rest = plain.partition("://")
    if parted:
        return rest if scheme == "file" else rest.partition("/")[2]
    host, parted, rest = plain.partition(":")
    return rest.lstrip("/") if parted and "/" not in host else plain
