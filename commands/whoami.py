"""Show who Wardroom thinks you are, from which accounts, and which roles you hold."""

from __future__ import annotations

from bot.api import (
    Button,
    Caller,
    Command,
    Known,
    Linking,
    Manual,
    Reply,
    Risk,
    Visibility,
    args,
    written,
)


class Args(args):
    """Takes nothing."""


async def run(_arguments: Args, caller: Caller, linking: Linking, manual: Manual) -> Reply:
    """Answer from the people directory and the links."""
    who = caller.principal
    direct = ", ".join(sorted(who.roles)) or "none"
    through = ", ".join(role for role in manual.roles(who) if role not in who.roles)
    known = linking.accounts(who.id)
    return Reply(
        text=f"You are {who.name or who.id} ({who.id}), with the roles {direct}. To be known in "
        "another chat too, type `link` here and then `link CODE` there.",
        fields=(
            ("Person", who.id),
            ("Roles", direct),
            ("Which include", through or "nothing more"),
            *((_platform(one), _account(one)) for one in known),
        ),
        buttons=(Button("Link another chat", "link"),),
        visibility=Visibility.PRIVATE,
    )


def _platform(known: Known) -> str:
    name = {"oidc": "sign-in"}.get(known.account.platform, known.account.platform)
    return f"{name.capitalize()} account"


def _account(known: Known) -> str:
    of = f" of {known.account.tenant}" if known.account.tenant else ""
    account = f"{known.account.user}{of}"
    if known.since is None:
        return f"{account}, by the people file"
    return f"{account}, linked by {known.by} on {written(known.since)}"


command = Command(
    "whoami",
    Args,
    run,
    summary="Show who Wardroom thinks you are.",
    role="reader",
    risk=Risk.READ,
    examples=("whoami",),
)
