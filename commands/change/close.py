"""Close a change record with its result."""

from __future__ import annotations

from typing import Annotated

from bot.api import (
    BadInput,
    Change,
    ChangeResult,
    Changes,
    ChangeTickets,
    Command,
    Done,
    FreeText,
    Id,
    Option,
    Reason,
    Reply,
    Risk,
    args,
)


class Args(args):
    """The change, its result, and a note."""

    change: Annotated[str, Id("CHG")]
    result: ChangeResult
    note: Annotated[str, Option("what happened"), FreeText()]


async def run(arguments: Args, changes: Changes, register: ChangeTickets) -> Done:
    """Close it, unless a deploy is still working under it."""
    change = await register.show(arguments.change)
    if change is None:
        raise BadInput(
            f"There is no change {arguments.change}. `change list` shows the open ones.",
            reason=Reason.NOT_FOUND,
        )
    await changes.closing(change)
    effect = register.close(change.number, arguments.result, arguments.note)
    return Done((effect,), lambda results: _say(results[0]))


def _say(result: object) -> Reply:
    if not isinstance(result, Change):
        raise TypeError(f"not a change: {type(result).__name__}")
    ended = result.result.value if result.result else ""
    return Reply(f"{result.number} is closed: {ended}.", refs={"change": result.number})


command = Command(
    "change close",
    Args,
    run,
    summary="Close a change record with its result.",
    role="responder",
    risk=Risk.CHANGE,
    examples=('change close CHG-7 successful --note "validated by the lab"',),
    repeatable=True,
    runbooks=True,
)
