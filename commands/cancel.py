"""Cancel a request of your own that is still waiting; it is not run."""

from __future__ import annotations

from typing import Annotated

from bot.api import Approvals, Caller, Command, Done, Id, Risk, args


class Args(args):
    """The request."""

    request: Annotated[str, Id("REQ")]


async def run(arguments: Args, caller: Caller, approvals: Approvals) -> Done:
    """Withdraw the request."""
    return await approvals.cancel(caller, arguments.request)


command = Command(
    "cancel",
    Args,
    run,
    summary="Cancel a request of your own.",
    role="reader",
    risk=Risk.CHANGE,
    examples=("cancel REQ-12",),
    repeatable=True,
)
