"""Report a month: deploys, approvals, denials, patient data stopped, reviews.

The console prints it as a page, `wardroom audit report --html FILE` writes one.
"""

from __future__ import annotations

from typing import Annotated

from bot.api import Command, MonthlyReports, Option, Reply, Risk, Service, args


class Args(args):
    """A month such as 2026-11, the last whole one unless it is given, and a service or all."""

    month: Annotated[str, Option("such as 2026-11")] = ""
    service: Service | None = None


async def run(arguments: Args, reports: MonthlyReports) -> Reply:
    """Count the month's events, each of them hashed again."""
    service = arguments.service.id if arguments.service else ""
    return await reports.month(arguments.month, service)


command = Command(
    "audit report",
    Args,
    run,
    summary="Report a month in figures.",
    role="auditor",
    risk=Risk.READ,
    examples=("audit report --month 2026-11", "audit report --month 2026-11 --service lab-results"),
)
