"""Where a service is built in TeamCity: the build configurations that people write, and our ids."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from bot.api import Rejected

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.api import CiTarget, Service

PROVIDER: Final = "teamcity"  # what `ci.provider` calls this integration
# TeamCity's external ids ("Identifier" in its help): Latin letters, digits, underscores.
_ID: Final = r"[A-Za-z][A-Za-z0-9_]{0,224}"
_BUILDER: Final = re.compile(rf"(?P<id>{_ID})(?::(?P<root>{_ID}))?")
_BUILD: Final = re.compile(r"[1-9][0-9]{0,17}")


@dataclass(frozen=True)
class Configuration:
    """A build configuration by its id, and which of its VCS roots is the service's own.

    `root` is "" where it has one alone.
    """

    id: str
    root: str = ""


def target_of(service: Service) -> CiTarget:
    """Return where a service is built; `Rejected` where the services file does not say it."""
    if service.ci is None:
        raise Rejected(f"{service.id} has no CI in the services file.")
    return service.ci


def configuration_of(service: Service, builder: str) -> Configuration:
    """Return the build configuration that a builder names; `Rejected` where it cannot be one."""
    found = _BUILDER.fullmatch(builder)
    if found is None:
        raise Rejected(
            f"`{builder[:80]}` of {service.id} is no build configuration of TeamCity: write its "
            "id, as Clinical_Lab_Build, and where it has several VCS roots the own one behind a "
            "colon."
        )
    return Configuration(found["id"], found["root"] or "")


def configurations_asked(service: Service) -> Iterator[Configuration]:
    """Yield the configurations here that deploy and build the service, each once.

    What another provider builds or deploys has none here.
    """
    target = target_of(service)
    names: list[str] = []
    if (target.deploy_provider or target.provider) == PROVIDER:
        deploys = [target.deploys_by(each.name) for each in service.environments]
        names += [name for name in (*deploys, target.deploy_builder) if "{environment}" not in name]
    if target.provider == PROVIDER:
        names.append(target.builder)
    for name in dict.fromkeys(filter(None, names)):
        yield configuration_of(service, name)


def number_of(build_id: str) -> int:
    """Return a build's number on the whole server; `Rejected` where that is none of TeamCity's."""
    if not _BUILD.fullmatch(build_id):
        raise Rejected(
            f"`{build_id[:80]}` is no build of TeamCity: it is the number behind /build/ or "
            "buildId= in its address, as `ci status SERVICE` shows it."
        )
    return int(build_id)
