"""List what waits for your decision, and what you have asked for."""

from __future__ import annotations

from bot.api import Approvals, Caller, Command, Reply, Request, Risk, Table, args, given, written


class Args(args):
    """Takes nothing."""


async def run(_arguments: Args, caller: Caller, approvals: Approvals) -> Reply:
    """Show both lists in one table."""
    for_me, mine = await approvals.waiting(caller)
    rows = [_row("your decision", request) for request in for_me]
    rows += [_row("others", request) for request in mine]
    if not rows:
        return Reply("Nothing waits for you, and nothing you asked for is waiting.")
    return Reply(
        text=f"{len(for_me)} waiting for your decision, {len(mine)} you asked for. "
        "`approve REQ-n` or `reject REQ-n --reason ...` decides one.",
        title="Approvals",
        table=Table(("Request", "Waits for", "What", "Asked by", "Given", "Expires"), tuple(rows)),
    )


def _row(waits_for: str, request: Request) -> tuple[str, ...]:
    return (
        request.id,
        waits_for,
        request.proposal.summary,
        request.requester,
        given(request.approvals) or "nobody yet",
        written(request.expires),
    )


command = Command(
    "approvals",
    Args,
    run,
    summary="List what waits for you and what you asked for.",
    role="reader",
    risk=Risk.READ,
    examples=("approvals",),
)
