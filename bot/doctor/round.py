"""The round: which checks there are, and how they are made side by side."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Final, TypeAlias, TypeVar

import httpx

from bot import catalogue, directory, settings
from bot.dispatch.authorise import sources
from bot.doctor import (
    address,
    ci,
    database,
    emergency,
    extensions,
    failover,
    files,
    key,
    runbooks,
    scripts,
    search_index,
    sign_in,
    slack,
    teams,
    tickets,
    trail,
)
from bot.doctor import clock as clocks
from bot.doctor.case import Case, without_secrets
from bot.doctor.finding import Finding, fail, ok
from bot.errors import WardroomError
from bot.login_settings import logins

if TYPE_CHECKING:
    from pathlib import Path

    from bot.api import Command
    from bot.ports import Clock
    from bot.settings import Settings

T = TypeVar("T")
Check: TypeAlias = Callable[[Case], Awaitable[list[Finding]]]

CHECKS: Final[Mapping[str, Check]] = {
    "people": files.people,
    "services": files.services,
    "policies": files.policies,
    "calendars": files.calendars,
    "runbooks": runbooks.look,
    "extensions": extensions.look,
    "database": database.look,
    "key": key.look,
    "log": trail.look,
    "search index": search_index.look,
    "clock": clocks.look,
    "emergency": emergency.look,
    "server": address.server,
    "certificate": address.certificate,
    "ci": ci.look,
    "tickets": tickets.look,
    "scripts": scripts.look,
    "slack": slack.look,
    "teams": teams.look,
    "failover": failover.look,
    "sign-in": sign_in.look,
}
# Whatever the environment names as a proxy: this machine is asked directly.
NEAR: Final = {f"all://{host}": None for host in ("127.0.0.1", "[::1]", "localhost")}
# A platform is proved with the place that stands in for it.
WITH: Final[Mapping[str, str]] = {"slack": "failover", "teams": "failover"}


async def examine(
    config: Path | None, only: Iterable[str], *, commands: Sequence[Command], clock: Clock
) -> list[Finding]:
    """Make the checks of the groups in `only`, all where it is empty, and change nothing.

    The settings are looked at always; where they are not whole, nothing else makes sense.
    """
    try:
        known = settings.here(config)
        folder = settings.place(config).resolve().parent
    except WardroomError as error:
        return [fail("settings", "cannot be used as they stand", str(error))]
    first = ok("settings", f"{known.mode.value} mode, {known.server.address}")
    async with httpx.AsyncClient(follow_redirects=False, mounts=NEAR) as http:
        case = Case(
            settings=known,
            folder=folder,
            commands=commands,
            people=_or_error(lambda: _people(known)),
            estate=_or_error(lambda: _estate(known)),
            http=http,
            clock=clock,
            is_up=await address.is_up(http, known.server),
        )
        made = await asyncio.gather(*(check(case) for check in _chosen(only)))
    found = [finding for each in made for finding in each]
    return [first, *(_clean(finding, known) for finding in found)]


def _people(known: settings.Settings) -> directory.People:
    return directory.load(known.people, sandbox=known.is_sandbox, roles=_roles(known))


def _estate(known: settings.Settings) -> catalogue.Estate:
    return catalogue.load(
        known.services,
        providers=known.integrations,
        descriptors=known.backstage,
        roles=_roles(known),
        logins=logins(known.logins),
    )


def _roles(known: settings.Settings) -> Collection[str]:
    # A site's own roles stand beside its policies.
    return sources.read(known.policies).hierarchy.roles.keys()


def _chosen(only: Iterable[str]) -> list[Check]:
    names = set(only) or set(CHECKS)
    names |= {WITH[name] for name in names if name in WITH}
    return [check for name, check in CHECKS.items() if name in names]


def _or_error(load: Callable[[], T]) -> T | WardroomError:
    try:
        return load()
    except WardroomError as error:
        return error


def _clean(finding: Finding, known: Settings) -> Finding:
    text, mend = (without_secrets(part, known) for part in (finding.text, finding.mend))
    return replace(finding, text=text, mend=mend)
