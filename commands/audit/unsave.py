"""Drop a search that you kept."""

from __future__ import annotations

from bot.api import Caller, Command, Conflict, Done, Reason, Reply, Risk, SavedSearches, args


class Args(args):
    """The name that `audit saved` shows."""

    name: str


async def run(arguments: Args, caller: Caller, searches: SavedSearches) -> Done:
    """Drop your own; nobody has another's."""
    name = arguments.name.lower()

    def say(results: tuple[object, ...]) -> Reply:
        if not results[0]:
            raise Conflict(
                f"You keep no search `{name}`. `audit saved` shows yours.", reason=Reason.NOT_FOUND
            )
        return Reply(f"`{name}` is dropped.")

    return Done((searches.drop(caller.principal.id, name),), say)


command = Command(
    "audit unsave",
    Args,
    run,
    summary="Drop a search that you kept.",
    role="reader",
    risk=Risk.CHANGE,
    examples=("audit unsave denied-week",),
    repeatable=True,
)
