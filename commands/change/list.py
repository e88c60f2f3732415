"""List the open change records, or all of them."""

from __future__ import annotations

from typing import Annotated

from bot.api import ChangeTickets, Command, Reply, Risk, Service, Table, Word, args


class Args(args):
    """A service, or nothing for all; `--all` shows closed ones too."""

    service: Annotated[Service | None, Word("of")] = None
    all: bool = False


async def run(arguments: Args, changes: ChangeTickets) -> Reply:
    """Answer from the register."""
    service = arguments.service.id if arguments.service else ""
    found = await changes.list(service=service, open_only=not arguments.all)
    if not found:
        return Reply("There are no change records." if arguments.all else "No change is open.")
    rows = tuple(
        (
            c.number,
            c.type.value,
            c.state.value,
            c.result.value if c.result else "",
            c.service,
            c.environment,
            c.summary,
        )
        for c in found
    )
    columns = ("Change", "Type", "State", "Result", "Service", "Environment", "Summary")
    return Reply(f"{len(rows)} changes, newest first.", title="Changes", table=Table(columns, rows))


command = Command(
    "change list",
    Args,
    run,
    summary="List the change records.",
    role="reader",
    risk=Risk.READ,
    examples=("change list", "change list of lab-results --all"),
)
