"""List the services, their safety class, their owners and their environments."""

from __future__ import annotations

from bot.api import Catalogue, Command, Reply, Risk, Table, args


class Args(args):
    """Takes nothing."""


async def run(_arguments: Args, catalogue: Catalogue) -> Reply:
    """Answer from the estate file."""
    rows = tuple(
        (s.id, s.safety_class, s.owner, ", ".join(e.name for e in s.environments))
        for s in catalogue.services()
    )
    return Reply(
        text=f"{len(rows)} services.",
        title="Services",
        table=Table(("Service", "Safety class", "Owner", "Environments"), rows),
    )


command = Command(
    "services",
    Args,
    run,
    summary="List the services and their environments.",
    role="reader",
    risk=Risk.READ,
    examples=("services",),
)
