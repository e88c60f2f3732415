"""Say what freezes a service now, what comes next, and when it is open."""

from __future__ import annotations

from typing import Annotated

from bot.api import Command, Environment, FreezeDesk, Reply, Risk, Service, Word, args


class Args(args):
    """Which service; of production unless another environment is named."""

    service: Service
    environment: Annotated[Environment | None, Word("in")] = None


async def run(arguments: Args, desk: FreezeDesk) -> Reply:
    """Answer with the rules that hold, the next one, and the next open time."""
    environment = arguments.environment.name if arguments.environment else "production"
    return await desk.next(arguments.service, environment)


command = Command(
    "freeze next",
    Args,
    run,
    summary="Say when a service may be changed.",
    role="reader",
    risk=Risk.READ,
    examples=("freeze next lab-results", "freeze next pacs test"),
    quotes=True,
)
