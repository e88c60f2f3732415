"""List the messages that chat has not taken: how many wait, and the dead letters."""

from __future__ import annotations

from bot.api import Command, Letters, Reply, Risk, Table, args


class Args(args):
    """Nothing is asked for."""


async def run(arguments: Args, letters: Letters) -> Reply:
    """Count what waits by platform, and show what was given up."""
    del arguments
    waiting = await letters.count()
    dead = await letters.dead()
    waits = ", ".join(f"{number} for {name}" for name, number in sorted(waiting.items()))
    said = f"Waiting to be shown: {waits or 'none'}. Given up: {len(dead) or 'none'}."
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
    summary="Show which messages chat has not taken.",
    role="reader",
    risk=Risk.READ,
    examples=("outbox list",),
)
