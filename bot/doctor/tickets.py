"""The hospital's ticket system: a read with the credentials that its tickets are opened with."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from bot import ticket_systems
from bot.doctor.asking import PATIENCE
from bot.doctor.finding import Finding, fail, ok, warn
from bot.errors import ConfigurationError, IntegrationError, Throttled

if TYPE_CHECKING:
    from bot.doctor.case import Case

GROUP = "tickets"


async def look(case: Case) -> list[Finding]:
    """Look whether the ticket system lets us read; nothing is opened there."""
    known = case.settings
    try:
        system = ticket_systems.connected(known.integrations, known.tickets, case.http)
    except ConfigurationError as error:
        return [fail(GROUP, "cannot be used as they are set up", str(error))]
    if system is None:
        return []
    (name,) = ticket_systems.named(known.integrations)
    line, mend = f"{GROUP} {name}", f"docs/integrations/{name}.md says which rights it needs"
    try:
        async with asyncio.timeout(PATIENCE):
            read = await system.look()
    except TimeoutError:
        url = known.integrations[name].url
        mend = f"let this machine reach {url} (firewall); look with: curl -sv {url}"
        return [fail(line, f"{system.name} did not answer within {PATIENCE:.0f} s", mend)]
    except Throttled as error:
        return [warn(line, error.text, "ask again in a minute")]
    except IntegrationError as error:
        return [fail(line, error.text, mend)]
    return [ok(line, f"{system.name} lets us read: {read}")]
