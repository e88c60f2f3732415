"""Reject a request, with the reason that the person who asked will read."""

from __future__ import annotations

from typing import Annotated

from bot.api import Approvals, BadInput, Caller, Command, Done, FreeText, Id, Option, Risk, args


class Args(args):
    """The request, and why not."""

    request: Annotated[str, Id("REQ")]
    reason: Annotated[str, Option("why not"), FreeText()]


async def run(arguments: Args, caller: Caller, approvals: Approvals) -> Done:
    """End the request; it is not run."""
    if not arguments.reason.strip():
        raise BadInput(f"Say why: `reject {arguments.request} --reason ...`.")
    return await approvals.reject(caller, arguments.request, arguments.reason)


command = Command(
    "reject",
    Args,
    run,
    summary="Reject a request, saying why.",
    role="reader",
    risk=Risk.CHANGE,
    examples=('reject REQ-12 --reason "the lab is still validating 1.4.1"',),
    repeatable=True,
)
