"""End the link of an account to yourself, or as an administrator to somebody else, at once."""

from __future__ import annotations

from typing import Annotated

from bot.api import Caller, Command, Done, FreeText, Linking, Option, Risk, Word, args


class Args(args):
    """The account, by platform or id; whose, when not your own, and then why."""

    account: str
    person: Annotated[str, Word("of")] = ""
    reason: Annotated[str, Option("why, when it is somebody else's"), FreeText()] = ""


async def run(arguments: Args, caller: Caller, linking: Linking) -> Done:
    """End it; the account can only ask for help from then on."""
    return await linking.unlink(caller, arguments.account, arguments.person, arguments.reason)


command = Command(
    "unlink",
    Args,
    run,
    summary="End the link of a chat account.",
    role="reader",
    risk=Risk.CHANGE,
    examples=("unlink teams", 'unlink teams of engineer --reason "the phone was lost"'),
    repeatable=True,
)
