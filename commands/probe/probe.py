"""Ask one endpoint of a service how it is, in its own protocol; nothing is changed there.

Only what services.yaml declares is asked, by its name, or by its service where one of that kind
is in the environment (production unless said). Never an address that somebody types.
"""

from __future__ import annotations

from typing import Annotated

from bot.api import (
    Catalogue,
    Command,
    EndpointKind,
    Environment,
    Option,
    ProbeHistory,
    Prober,
    Reply,
    Risk,
    args,
    endpoint_meant,
)


class Args(args):
    """What is asked, and who."""

    kind: EndpointKind
    target: str
    environment: Annotated[Environment | None, Option()] = None


async def run(
    arguments: Args, catalogue: Catalogue, prober: Prober, history: ProbeHistory
) -> Reply:
    """Answer with what was found; `refs` have it for whoever decides by it."""
    place = arguments.environment.name if arguments.environment else ""
    endpoint = endpoint_meant(catalogue, arguments.kind, arguments.target, place)
    found = await prober.ask(endpoint)
    unusual, usual = await history.usual(endpoint, found)
    figures = {**found.figures, **usual}
    took = figures.get("milliseconds", "")
    return Reply(
        f"{endpoint.name} ({endpoint.kind.value}, {endpoint.service} in {endpoint.environment}) "
        f"{found.detail}: {found.standing.value}."
        f"{unusual and ' '}{unusual}",
        title=f"{endpoint.name}: {found.standing.value}",
        fields=(("Took", f"{took} ms"),) if took else (),
        refs={**figures, "endpoint": endpoint.name, "standing": found.standing.value},
    )


command = Command(
    "probe",
    Args,
    run,
    summary="Ask one endpoint of a service how it is.",
    role="reader",
    risk=Risk.READ,
    examples=("probe mllp lab-results", "probe tls portal --environment test"),
)
