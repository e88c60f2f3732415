"""The files that the settings name: people, services, policies, calendars."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from sqlalchemy import select

from bot.calendars import reading
from bot.dispatch.authorise import Policies
from bot.doctor.database import UNREADABLE, opened
from bot.doctor.finding import Finding, fail, ok, warn
from bot.errors import WardroomError
from bot.storage.reloads import RELOADS

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
        text = f"version {found.version}, {len(own)} files or folders of your own"
        reloaded = _reloaded(case)
        if reloaded in ("", found.version):
            return ok("policies", text)
        text = f"{text}; put in force last: {reloaded}"
        return warn("policies", text, "type `policy check`, then `policy reload` in chat")

    return [await asyncio.to_thread(load)]


def _reloaded(case: Case) -> str:
    """Return the policies that were put in force last, "" where that is not known."""
    try:
        with opened(case) as database:
            found = database.read_now(lambda tx: tx.execute(select(RELOADS.c.version)).first())
    except UNREADABLE:
        return ""  # what is wrong with the database is said by its own check
    return found.version if found else ""


async def calendars(case: Case) -> list[Finding]:
    """Look whether the change freezes can be read."""
    try:
        found = reading.load(case.settings.calendars)
    except WardroomError as error:
        return [unusable("calendars", error)]
    if case.settings.calendars is None:
        return [ok("calendars", "none; that is fine")]
    return [ok("calendars", f"{len(found.rules)} rules, in {case.settings.calendars}")]
