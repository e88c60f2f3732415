"""Show which version of a service is where, and what keeps it there."""

from __future__ import annotations

from typing import Annotated

from bot.api import Command, Reply, Risk, Service, Whereabouts, Word, args


class Args(args):
    """A service."""

    service: Annotated[Service, Word("is")]


async def run(arguments: Args, whereabouts: Whereabouts) -> Reply:
    """Answer with what the probes say now, beside what is recorded."""
    return await whereabouts.of(arguments.service)


command = Command(
    "deploy where",
    Args,
    run,
    summary="Show which version of a service is where, and who holds what.",
    role="reader",
    risk=Risk.READ,
    examples=("deploy where lab-results",),
    quotes=True,
)
