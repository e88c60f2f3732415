"""Approve a request: never your own, and one human counts once."""

from __future__ import annotations

from typing import Annotated

from bot.api import Approvals, Caller, Command, Done, Id, Risk, args


class Args(args):
    """The request, and which proposal of it was seen."""

    request: Annotated[str, Id("REQ")]
    proposal: str = ""


async def run(arguments: Args, caller: Caller, approvals: Approvals) -> Done:
    """Count the caller's yes; the last one needed starts what was asked for."""
    return await approvals.approve(caller, arguments.request, arguments.proposal)


command = Command(
    "approve",
    Args,
    run,
    summary="Approve a request.",
    role="reader",
    risk=Risk.CHANGE,
    examples=("approve REQ-12",),
    repeatable=True,
)
