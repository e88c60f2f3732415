"""The systems that Wardroom talks to: a read with the credentials it will use."""

from __future__ import annotations

import asyncio
import importlib
from typing import TYPE_CHECKING

from bot.api import Ci, TicketSystem
from bot.doctor.asking import PATIENCE, NoAnswer, ask
from bot.doctor.finding import Finding, fail, ok, skip, warn
from bot.errors import ConfigurationError, IntegrationError, Rejected, Throttled, WardroomError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Sequence

    from bot.doctor.case import Case
    from bot.model import Service
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
    return list(await asyncio.gather(*reads))


async def answers(case: Case, name: str, given: Provider) -> Finding:
    """Look whether a system's address answers at all; nothing is signed in to."""
    try:
        answer = await ask(case.http, case.http.build_request("GET", given.url))
    except NoAnswer as silent:
        return fail(f"{GROUP} {name}", silent.why, silent.mend)
    return ok(f"{GROUP} {name}", f"{given.url} answers ({answer.status_code})")


async def _newest(ci: Ci, service: Service) -> str:
    """Read the newest build of one service."""
    builds = await ci.recent(service, limit=1)
    return f"its newest build is {builds[0].state.value}" if builds else "it has no build yet"


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
