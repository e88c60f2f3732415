"""Show which versions an environment of a service had, when, and what each replaced."""

from __future__ import annotations

from typing import Annotated

from bot.api import (
    Command,
    DeployStore,
    Environment,
    Reply,
    Risk,
    Service,
    Table,
    Word,
    args,
    written,
)


class Args(args):
    """A service, and an environment or all of them."""

    service: Service
    environment: Annotated[Environment | None, Word("in")] = None


async def run(arguments: Args, deploys: DeployStore) -> Reply:
    """Answer from the history."""
    environment = arguments.environment.name if arguments.environment else ""
    found = await deploys.list(service=arguments.service.id, environment=environment, limit=50)
    if not found:
        return Reply(f"{arguments.service.id} was not deployed from here yet.")
    rows = tuple(
        (
            d.id,
            d.environment,
            d.version,
            d.replaced,
            d.state.value,
            d.request,
            d.change,
            written(d.created),
        )
        for d in found
    )
    columns = (
        "Deploy",
        "Environment",
        "Version",
        "Replaced",
        "State",
        "Request",
        "Change",
        "Started",
    )
    return Reply(
        f"{len(rows)} deploys of {arguments.service.id}, newest first.",
        title=f"History of {arguments.service.id}",
        table=Table(columns, rows),
    )


command = Command(
    "deploy history",
    Args,
    run,
    summary="Show which versions an environment had.",
    role="reader",
    risk=Risk.READ,
    examples=("deploy history lab-results in production",),
)
