"""List what did not arrive: messages that chat has not taken, and tickets that were given up."""

from __future__ import annotations

from bot.api import Changes, Command, Letters, Reply, Risk, Table, args


class Args(args):
    """Nothing is asked for."""


async def run(arguments: Args, letters: Letters, changes: Changes) -> Reply:
    """Count what waits by platform, and show what was given up: messages, and tickets."""
    del arguments
    waiting = await letters.count()
    dead = await letters.dead()
    waits = ", ".join(f"{number} for {name}" for name, number in sorted(waiting.items()))
    said = f"Waiting to be shown: {waits or 'none'}. Given up: {len(dead) or 'none'}."
    if tickets := await changes.given_up():
        said += f" Tickets given up: {', '.join(tickets)}; `change ticket {tickets[0]}` says why."
    if not dead:
        return Reply(said, title="Outbox")
    rows = tuple(
        (
            str(letter.id),
            letter.topic,
            f"{letter.place.platform}:{letter.place.channel}",
            str(letter.tries),
            letter.trouble,
        )
        for letter in dead
    )
    return Reply(
        f"{said} `outbox replay NUMBER` tries one again.",
        title="Outbox",
        table=Table(("Number", "Message", "Place", "Tries", "Why"), rows),
    )


command = Command(
    "outbox list",
    Args,
    run,
    summary="Show what did not arrive: messages and tickets.",
    role="reader",
    risk=Risk.READ,
    examples=("outbox list",),
)
