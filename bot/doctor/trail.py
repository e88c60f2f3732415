"""What the audit log says of its own course: a clock that went back, records that still wait."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from sqlalchemy.exc import SQLAlchemyError

from bot.audit.reading import AUDIT, fetch, read_event, select_rows
from bot.audit.spool.file import SUFFIX
from bot.audit.spool.merging import DAMAGED
from bot.doctor.database import file_of, opened
from bot.doctor.finding import Finding, ok, skip, warn
from bot.errors import WardroomError
from bot.moments import written
from bot.storage.database import DRIVER_ERRORS

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from bot.doctor.case import Case
    from bot.model import Event

LOOKED_AT: Final = 10_000  # events, the newest
SMALL_US: Final = 1_000_000
CLOCK, SPOOL = "log clock", "log spool"


async def look(case: Case) -> list[Finding]:
    """Look at the stamps of the newest events, and at the spool's folder; nothing is changed."""
    return [await asyncio.to_thread(_clock, case), await asyncio.to_thread(_spool, case)]


def _clock(case: Case) -> Finding:
    file = file_of(case)
    if file is not None and not file.exists():
        return ok(CLOCK, "there is no log yet")
    try:
        with opened(case) as database:
            worst = database.read_now(_worst)
    except (WardroomError, SQLAlchemyError, *DRIVER_ERRORS):
        return skip(CLOCK, "the log cannot be read", "mend the database first")
    if worst is None:
        return ok(CLOCK, f"it never went back during the newest {LOOKED_AT:,} events")
    seconds = _skew(worst) / 1_000_000
    at = written(worst.at, to_the_second=True)
    text = f"it went back by {seconds:,.0f} s at event {worst.seq} ({at}); the log kept its order"
    return warn(CLOCK, text, "set the clock by the network: timedatectl set-ntp true")


def _worst(connection: Connection) -> Event | None:
    """Return the event whose clock was furthest behind the one before, if any was a second."""
    newest = select_rows(connection).order_by(AUDIT.c.seq.desc()).limit(LOOKED_AT)
    skewed = (row for row in fetch(connection, newest) if b'"skew_us":' in row[1])
    found = [event for event in map(read_event, skewed) if event and _skew(event) >= SMALL_US]
    return max(found, key=_skew, default=None)


def _skew(event: Event) -> int:
    skew = event.data.get("skew_us", 0)
    return skew if isinstance(skew, int) else 0


def _spool(case: Case) -> Finding:
    folder = case.settings.audit.spool
    if not folder:
        mend = (
            "take `spool: false` out of the block audit, if readings should go on without the log"
        )
        return skip(SPOOL, "is switched off: without the log nothing is answered", mend)
    aside = sorted(each.name for each in folder.glob(f"*{DAMAGED}"))
    if aside:
        mend = "keep it for whoever audits, then move it away: docs/operations.md (The spool)"
        return warn(SPOOL, f"damaged, kept aside in {folder}: {', '.join(aside)}", mend)
    waiting = sum(1 for _ in folder.glob(f"*{SUFFIX}"))
    if waiting:
        mend = "mend the log, or start Wardroom: it merges them by itself"
        return warn(SPOOL, f"{waiting} files in {folder} wait to be merged into the log", mend)
    return ok(SPOOL, f"nothing waits in {folder}")
