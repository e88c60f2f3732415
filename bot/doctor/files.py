"""The files that the settings name: people, services, policies, calendars."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from bot.calendars import reading
from bot.dispatch.authorise import Policies
from bot.doctor.finding import Finding, fail, ok, warn
from bot.errors import WardroomError

if TYPE_CHECKING:
    from bot.doctor.case import Case


def unusable(name: str, error: WardroomError) -> Finding:
    """Return that a file cannot be used; the error itself names each path and mend."""
    return fail(name, "cannot be used as it stands", str(error))


async def people(case: Case) -> list[Finding]:
    """Look whether the people file is whole, and whether somebody can be told apart."""
    if isinstance(case.people, WardroomError):
        return [unusable("people", case.people)]
    accounts = len(case.people.by_account)
    text = f"{len(case.people.by_id)} people, {accounts} accounts, in {case.settings.people}"
    return [ok("people", text)]


async def services(case: Case) -> list[Finding]:
    """Look whether the services file is whole, and names only systems that are configured."""
    if isinstance(case.estate, WardroomError):
        return [unusable("services", case.estate)]
    counts = f"{len(case.estate.services())} services, {len(case.estate.environments())}"
    found = [ok("services", f"{counts} environments, in {case.settings.services}")]
    mend = "describe it in a file under `backstage` in the settings, or mend the reference"
    return found + [warn("backstage", note, mend) for note in case.estate.notes]


async def policies(case: Case) -> list[Finding]:
    """Look whether the shipped policies and the site's own fit the commands that there are."""

    def load() -> Finding:
        own = case.settings.policies
        try:
            found = Policies(tuple(case.commands), own)
        except WardroomError as error:
            return unusable("policies", error)
        return ok("policies", f"version {found.version}, {len(own)} files or folders of your own")

    return [await asyncio.to_thread(load)]


async def calendars(case: Case) -> list[Finding]:
    """Look whether the change freezes can be read."""
    try:
        found = reading.load(case.settings.calendars)
    except WardroomError as error:
        return [unusable("calendars", error)]
    if case.settings.calendars is None:
        return [ok("calendars", "none; that is fine")]
    return [ok("calendars", f"{len(found.rules)} rules, in {case.settings.calendars}")]
