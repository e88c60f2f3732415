"""Search the runbooks by words; each that is found says where the words are."""

from __future__ import annotations

from typing import Annotated

from bot.api import Command, FreeText, Reply, Risk, Runbooks, args


class Args(args):
    """The words, which have to be found all."""

    words: Annotated[str, FreeText("such as: pacs viewer")]


async def run(arguments: Args, runbooks: Runbooks) -> Reply:
    """Answer from the files."""
    return runbooks.search(arguments.words)


command = Command(
    "runbook search",
    Args,
    run,
    summary="Search the runbooks.",
    role="reader",
    risk=Risk.READ,
    examples=("runbook search pacs",),
)
