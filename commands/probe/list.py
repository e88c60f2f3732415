"""List the endpoints that can be asked, of a service or of all."""

from __future__ import annotations

from typing import Annotated

from bot.api import Catalogue, Command, Reply, Risk, Service, Table, Word, args, endpoints


class Args(args):
    """A service, or nothing for all."""

    service: Annotated[Service | None, Word("of")] = None


async def run(arguments: Args, catalogue: Catalogue) -> Reply:
    """Answer from the estate file; nobody is asked."""
    found = endpoints(catalogue, arguments.service.id if arguments.service else "")
    if not found:
        return Reply("No endpoint is declared here: docs/probes.md says how to.")
    rows = tuple((e.name, e.kind.value, e.service, e.environment, e.place) for e in found)
    said = "1 endpoint" if len(rows) == 1 else f"{len(rows)} endpoints"
    return Reply(
        f"{said}: `probe KIND NAME` asks one, `probe all SERVICE` those of a service.",
        title="Endpoints",
        table=Table(("Endpoint", "Kind", "Service", "Environment", "Address"), rows),
    )


command = Command(
    "probe list",
    Args,
    run,
    summary="List the endpoints that can be asked.",
    role="reader",
    risk=Risk.READ,
    examples=("probe list", "probe list of lab-results"),
)
