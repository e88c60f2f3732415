"""Looks at the certificate that an endpoint shows: its chain, its name, and how long it holds."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from bot.api import Finding, Standing, written
from integrations.probes.wire import Unwell, opened

if TYPE_CHECKING:
    from asyncio import StreamWriter

    from bot.api import Endpoint

LADDER: Final = (1, 7, 14, 30, 60)  # clinical.md §6: days at which somebody is told


async def tls(endpoint: Endpoint, now: datetime) -> Finding:
    """Shake hands as a client would, and count the days that are left."""
    async with opened(endpoint, is_tls=True) as (_, writer):
        return judged(endpoint.fail_below_days, _ends(writer), now)


def _ends(writer: StreamWriter) -> datetime:
    certificate = writer.get_extra_info("peercert") or {}
    try:
        return datetime.fromtimestamp(ssl.cert_time_to_seconds(certificate["notAfter"]), UTC)
    except (KeyError, ValueError, OverflowError) as error:
        raise Unwell("has a certificate that names no end", "garbage") from error


def judged(fail_below: int, ends: datetime, now: datetime) -> Finding:
    """Judge a certificate whose chain and name are good by when it ends."""
    days = (ends - now).days
    figures = {"days_left": str(days), "certificate": "valid", "expires": ends.isoformat()}
    said = f"has a certificate until {written(ends)}, {days} days left"
    rung = next((rung for rung in LADDER if days <= rung), None)
    if rung is not None:
        figures["rung"] = str(rung)
    if days <= fail_below:
        figures["why"] = "expires_soon"
        return Finding(Standing.FAILED, f"{said}: renew it now", str(days), figures)
    if rung is not None:
        said = f"{said}: renew it in time ({rung} days is the next mark above)"
    return Finding(Standing.PASSED, said, str(days), figures)
