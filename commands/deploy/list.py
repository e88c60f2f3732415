"""List the newest deploys, everywhere or of one service."""

from __future__ import annotations

from typing import Annotated

from bot.api import Command, DeployStore, Reply, Risk, Service, Table, Word, args, written


class Args(args):
    """A service, or nothing for all."""

    service: Annotated[Service | None, Word("of")] = None


async def run(arguments: Args, deploys: DeployStore) -> Reply:
    """Answer from the history."""
    service = arguments.service.id if arguments.service else ""
    found = await deploys.list(service=service)
    if not found:
        return Reply("Nothing was deployed from here yet.")
    rows = tuple(
        (
            d.id,
            d.service,
            d.version,
            d.environment,
            d.state.value,
            d.requester,
            written(d.planned or d.created),
        )
        for d in found
    )
    columns = ("Deploy", "Service", "Version", "Environment", "State", "Asked by", "Starts")
    return Reply(f"The newest {len(rows)} deploys.", title="Deploys", table=Table(columns, rows))


command = Command(
    "deploy list",
    Args,
    run,
    summary="List the newest deploys.",
    role="reader",
    risk=Risk.READ,
    examples=("deploy list", "deploy list of lab-results"),
)
