"""Scripts: whether each could be run, asked of where it runs; nothing is run."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from bot.dispatch.authorise import Policies
from bot.doctor.asking import PATIENCE
from bot.doctor.files import unusable
from bot.doctor.finding import Finding, fail, ok, skip
from bot.errors import ConfigurationError, Rejected, WardroomError
from bot.reach import of
from bot.scripts.reaching import reaching

if TYPE_CHECKING:
    from bot.doctor.case import Case
    from bot.model.scripts import Script
    from bot.ports.scripts import Reacher

GROUP = "scripts"


async def look(case: Case) -> list[Finding]:
    """Look whether programs are there, hosts are who they say, and take our credentials."""
    if case.settings.scripts is None:
        return []
    try:
        policies = Policies(tuple(case.commands), case.settings.policies)
        estate = None if isinstance(case.estate, WardroomError) else case.estate
        found = of(case.settings, policies, estate)
    except ConfigurationError as error:
        return [unusable(GROUP, error)]
    known = list(found.scripts.values())
    reacher = reaching(known)
    looks = await asyncio.gather(*(_one(reacher, script) for script in known))
    return [ok(GROUP, f"{len(known)} scripts, in {case.settings.scripts}"), *looks]


async def _one(reacher: Reacher, script: Script) -> Finding:
    name = f"{GROUP} {script.name}"
    try:
        async with asyncio.timeout(PATIENCE):
            return ok(name, await reacher.look(script))
    except Rejected as error:
        mend = f"mend it there, or its entry in the scripts file; {script.owner} owns it"
        return fail(name, error.text, mend)
    except TimeoutError:
        mend = "look whether the host answers from here at all, then ask again"
        return skip(name, f"{script.place} does not answer in time", mend)
