"""What the log knows, to the end: a search for people stops when its time is up, this does not.

Whoever decides by what was recorded, such as whether a job was started before a crash, must not
take "not found in 0.2 seconds" for "never recorded".
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from bot.model import AuditQuery, Event
    from bot.ports import AuditReader


async def is_recorded(audit: AuditReader, query: AuditQuery) -> bool:
    """Say whether the log has an event that matches."""
    async for _ in every(audit, replace(query, limit=1)):
        return True
    return False


async def every(audit: AuditReader, query: AuditQuery) -> AsyncIterator[Event]:
    """Yield every event that matches, newest first, however long that takes."""
    while True:
        page = await audit.search(query)
        for event in page.events:
            yield event
        if page.next_before is None:
            return
        query = replace(query, before=page.next_before)
