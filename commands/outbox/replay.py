"""Try to show a message again that chat refused."""

from __future__ import annotations

from bot.api import BadInput, Clock, Command, Conflict, Done, Letters, Reason, Reply, Risk, args


class Args(args):
    """The number that `outbox list` shows."""

    number: str


async def run(arguments: Args, letters: Letters, clock: Clock) -> Done:
    """Have the outbox try it again now, with what its topic says by then."""
    digits = arguments.number.removeprefix("#")
    if not (digits.isascii() and digits.isdigit() and len(digits) <= 9):  # noqa: PLR2004 - a 32-bit id
        raise BadInput("Which message? Type its number, as `outbox list` shows it.")
    again = letters.replay(int(digits), clock.now())

    def say(results: tuple[object, ...]) -> Reply:
        if not results[0]:
            raise Conflict(
                f"There is no dead message {digits}. `outbox list` shows them.",
                reason=Reason.NOT_FOUND,
            )
        return Reply(f"Message {digits} is tried again.")

    return Done((again,), say)


command = Command(
    "outbox replay",
    Args,
    run,
    summary="Try again to show a message that chat refused.",
    role="responder",
    risk=Risk.CHANGE,
    examples=("outbox replay 12",),
    repeatable=True,
)
