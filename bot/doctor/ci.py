"""The systems that Wardroom talks to: a read with the credentials it will use."""

from __future__ import annotations

import asyncio
import importlib
from typing import TYPE_CHECKING

from bot.api import Ci, SecurityAlerts, TicketSystem
from bot.doctor.asking import PATIENCE, NoAnswer, ask
from bot.doctor.finding import Finding, fail, ok, skip, warn
from bot.errors import ConfigurationError, IntegrationError, Rejected, Throttled, WardroomError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Iterator, Sequence

    from bot.doctor.case import Case
    from bot.model import Build, Service
    from bot.provider_settings import Provider

GROUP = "ci"
NOBODYS = "wardroom-doctor"  # a correlation id that no deploy has


async def look(case: Case) -> list[Finding]:
    """Look whether each configured system answers, and a CI server to our reading."""
    if not case.settings.integrations:
        mend = "name one in the settings, as wardroom.example.yaml shows: integrations.buildbot"
        return [fail(GROUP, "no CI server is configured, and the server refuses to start", mend)]
    pairs = case.settings.integrations.items()
    found = await asyncio.gather(*(_one(case, name, given) for name, given in pairs))
    return [finding for each in found for finding in each]


async def _one(case: Case, name: str, given: Provider) -> list[Finding]:
    module = importlib.import_module(f"integrations.{name}")
    if getattr(module, "PORT", None) is TicketSystem:
        return []  # `doctor tickets` reads there
    if getattr(module, "PORT", None) is not Ci:
        return [await answers(case, name, given)]
    line = f"{GROUP} {name}"
    try:
        ci: Ci = module.connect(given.credentials(), case.http)
    except ConfigurationError as error:
        return [fail(line, "cannot be used as it is set up", str(error))]
    built, deployed = _built(case, name), _deployed(case, name)
    if isinstance(case.estate, WardroomError) or not (built or deployed):
        mend = "name it in the services file (ci.provider), then ask again for a real read"
        finding = await answers(case, name, given)
        return [finding, skip(line, "no service is built there, so nothing was read", mend)]
    reads = [_told(line, name, given, one, _newest(ci, one)) for one in built]
    reads += [_told(line, name, given, one, _nothing(ci, one)) for one in deployed]
    found: list[Finding] = []
    for service in built:
        for one in _alerted(ci, line, name, service):
            if isinstance(one, Finding):
                found.append(one)
            else:
                reads.append(_told(line, name, given, service, one))
    return [*await asyncio.gather(*reads), *found]


async def answers(case: Case, name: str, given: Provider) -> Finding:
    """Look whether a system's address answers at all; nothing is signed in to."""
    try:
        answer = await ask(case.http, case.http.build_request("GET", given.url))
    except NoAnswer as silent:
        return fail(f"{GROUP} {name}", silent.why, silent.mend)
    return ok(f"{GROUP} {name}", f"{given.url} answers ({answer.status_code})")


async def _newest(ci: Ci, service: Service) -> str:
    """Read the newest build of one service, and the repository as a deploy of it would."""
    builds = await ci.recent(service, limit=1)
    if not builds:
        return "it has no build yet, so its repository was not read"
    state = builds[0].state.value
    if not (builds[0].ref or builds[0].commit):
        return f"its newest build is {state}, of no commit, so its repository was not read"
    await _repository(ci, service, builds[0])
    return f"its newest build is {state}, and its repository can be read"


async def _repository(ci: Ci, service: Service, build: Build) -> None:
    """Look up what a build was made from; raises what the vendor says where we may not read."""
    try:
        await ci.resolve(service, build.ref or build.commit)
    except Rejected as refused:
        # A branch may be gone since; who wrote the commit is read with the same permission.
        try:
            await ci.authors(service, build.commit)
        except Rejected:
            raise refused from refused.__cause__


def _alerted(ci: Ci, line: str, name: str, service: Service) -> Iterator[Awaitable[str] | Finding]:
    """Yield a read for each kind of security alerts that a pre-check of the service counts."""
    probes = [probe for one in service.environments for probe in one.prechecks]
    for kind in sorted({probe.kind for probe in probes if probe.is_of_builder}):
        if not isinstance(ci, SecurityAlerts) or not ci.tells(service):
            mend = "name a report of a scan by its url instead: docs/services.md"
            yield fail(line, f"{service.id}: {name} tells of no alerts of the kind {kind}", mend)
        else:
            yield _alerts(ci, ci, service, kind)


async def _alerts(ci: Ci, alerts: SecurityAlerts, service: Service, kind: str) -> str:
    """Count the alerts of one kind, as a pre-check does."""
    if kind == "dependabot":
        await alerts.dependency_alerts(service)
        return "its alerts about dependencies can be read"
    builds = await ci.recent(service, limit=1)
    if not builds or not builds[0].commit:
        return "it has no build of a commit yet, so no alerts in code were read"
    found = await alerts.code_alerts(service, builds[0].commit, builds[0].commit)
    said = f", and that of its newest build {found.unknown}" if found.unknown else ""
    return f"its code scanning can be read{said}"


async def _nothing(ci: Ci, service: Service) -> str:
    """Look a deploy up that nobody asked for, as a flow does that was interrupted."""
    await ci.find(service, NOBODYS)
    return "its deploys can be looked up"


async def _told(
    line: str, name: str, given: Provider, service: Service, reading: Awaitable[str]
) -> Finding:
    """Say what came of reading with the real credentials."""
    check = f"check integrations.{name}.url and its credentials, and ci.builder of {service.id}"
    try:
        async with asyncio.timeout(PATIENCE):
            read = await reading
    except TimeoutError:
        mend = f"let this machine reach {given.url} (firewall); look with: curl -sv {given.url}"
        return fail(line, f"{given.url} did not answer within {PATIENCE:.0f} s", mend)
    except Throttled as error:
        return warn(line, f"{service.id}: {error}", "ask again in a minute")
    except Rejected as error:
        # What the vendor said first is nearer to the mend than what it means for the command.
        first = f" ({error.__cause__})" if isinstance(error.__cause__, Rejected) else ""
        return fail(line, f"{service.id}: {error}{first}", check)
    except IntegrationError as error:
        mend = f"see whether it runs: curl -sv {given.url}; else {check}"
        return fail(line, f"{service.id}: {error}", mend)
    return ok(line, f"{given.url} lets us read {service.id}: {read}")


def _built(case: Case, name: str) -> Sequence[Service]:
    if isinstance(case.estate, WardroomError):
        return []
    return [one for one in case.estate.services() if one.ci and one.ci.provider == name]


def _deployed(case: Case, name: str) -> Sequence[Service]:
    """Return the services that are deployed there and built elsewhere."""
    if isinstance(case.estate, WardroomError):
        return []
    return [one for one in case.estate.services() if one.ci and one.ci.deploy_provider == name]
