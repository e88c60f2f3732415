"""Asks who builds a service for the security alerts that are open there."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from bot.errors import IntegrationError
from bot.model import Finding, Standing, counted

if TYPE_CHECKING:
    from bot.model import Alerts, Probe, Service
    from bot.ports import SecurityAlerts


async def look(alerts: SecurityAlerts | None, service: Service, probe: Probe) -> Finding:
    """Ask once and say whether there are few enough; what is not told has not passed."""
    if alerts is None:
        return Finding(Standing.UNKNOWN, "is told by nobody here")
    try:
        async with asyncio.timeout(probe.timeout_seconds):
            found = await _asked(alerts, service, probe)
    except TimeoutError:
        return Finding(Standing.UNKNOWN, f"is not told within {probe.timeout_seconds} s")
    except IntegrationError as error:
        return Finding(Standing.UNKNOWN, f"is not told: {error.text.rstrip('.')}")
    if found.unknown:
        return Finding(Standing.UNKNOWN, found.unknown)
    return counted(probe, found.critical, found.high, f", {found.of}")


async def _asked(alerts: SecurityAlerts, service: Service, probe: Probe) -> Alerts:
    if probe.kind == "dependabot":
        return await alerts.dependency_alerts(service)
    return await alerts.code_alerts(service, probe.version, probe.commit)
