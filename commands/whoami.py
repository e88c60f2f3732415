"""Show who Wardroom thinks you are, and which roles you hold."""

from __future__ import annotations

from bot.api import Caller, Command, Reply, Risk, args


class Args(args):
    """Takes nothing."""


async def run(_arguments: Args, caller: Caller) -> Reply:
    """Answer from the people directory."""
    who = caller.principal
    roles = ", ".join(sorted(who.roles))
    return Reply(
        text=f"You are {who.name or who.id} ({who.id}), with the roles {roles}.",
        fields=(("Person", who.id), ("Roles", roles)),
    )


command = Command(
    "whoami",
    Args,
    run,
    summary="Show who Wardroom thinks you are.",
    role="reader",
    risk=Risk.READ,
    examples=("whoami",),
)
