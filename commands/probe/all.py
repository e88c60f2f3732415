"""Ask every endpoint of a service in an environment at once."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Annotated, Final

from bot.api import (
    BadInput,
    Catalogue,
    Command,
    Endpoint,
    Environment,
    Finding,
    Option,
    Prober,
    Reason,
    Reply,
    Risk,
    Service,
    Standing,
    Table,
    args,
    endpoints,
)

USUAL: Final = "production"
AT_ONCE: Final = 16
WORST_FIRST: Final = (Standing.FAILED, Standing.UNKNOWN, Standing.PASSED)


class Args(args):
    """Whose endpoints are asked."""

    service: Service
    environment: Annotated[Environment | None, Option()] = None


async def run(arguments: Args, catalogue: Catalogue, prober: Prober) -> Reply:
    """Answer with a table, what is not well first; `refs` have each one's standing by its name."""
    place = arguments.environment.name if arguments.environment else USUAL
    asked = endpoints(catalogue, arguments.service.id, place)
    if not asked:
        raise BadInput(
            f"{arguments.service.id} declares no endpoint in {place}. `probe list` shows what "
            "there is.",
            reason=Reason.NOT_FOUND,
        )
    turn = asyncio.Semaphore(AT_ONCE)

    async def ask(endpoint: Endpoint) -> tuple[Endpoint, Finding]:
        async with turn:
            return endpoint, await prober.ask(endpoint)

    looked = await asyncio.gather(*map(ask, asked))
    looked.sort(key=lambda pair: WORST_FIRST.index(pair[1].standing))
    rows = tuple(
        (e.name, e.kind.value, f.standing.value, f.detail, f.figures.get("milliseconds", ""))
        for e, f in looked
    )
    counts = Counter(f.standing for _, f in looked)
    worst = looked[0][1].standing
    said = ", ".join(f"{counts[one]} {one.value}" for one in WORST_FIRST if counts[one])
    return Reply(
        f"{arguments.service.id} in {place}: {said}.",
        title=f"Probes of {arguments.service.id} in {place}",
        table=Table(("Endpoint", "Kind", "Standing", "What it found", "ms"), rows),
        refs={
            **{f"endpoint.{e.name}": f.standing.value for e, f in looked},
            **{one.value: str(counts[one]) for one in WORST_FIRST},
            "standing": worst.value,
        },
    )


command = Command(
    "probe all",
    Args,
    run,
    summary="Ask every endpoint of a service at once.",
    role="reader",
    risk=Risk.READ,
    examples=("probe all lab-results", "probe all pacs --environment test"),
)
