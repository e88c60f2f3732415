"""Show how an endpoint was found before: a trend, how often it failed, what is usual now."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from bot.api import Catalogue, Command, Option, ProbeHistory, Reply, Risk, args, endpoint_named


class Args(args):
    """Which endpoint, and how far back."""

    name: str
    days: Annotated[int, Field(ge=1, le=400), Option()] = 7


async def run(arguments: Args, catalogue: Catalogue, history: ProbeHistory) -> Reply:
    """Answer from what was kept; nobody is asked."""
    return await history.show(endpoint_named(catalogue, arguments.name), arguments.days)


command = Command(
    "probe history",
    Args,
    run,
    summary="Show how an endpoint was found before.",
    role="reader",
    risk=Risk.READ,
    examples=("probe history lab-in", "probe history lab-in --days 30"),
)
