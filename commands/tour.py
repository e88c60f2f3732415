"""Walk through five harmless commands, one at a time; none of them changes anything."""

from __future__ import annotations

from typing import Annotated

from bot.api import (
    BadInput,
    Button,
    Caller,
    Catalogue,
    Command,
    Reply,
    Risk,
    Step,
    StepState,
    Style,
    Visibility,
    Word,
    args,
)

STOPS = (
    ("Who you are", "whoami", "It shows the accounts you are known by and the roles you hold."),
    ("What there is", "services", "It lists the services, who owns them and where they run."),
    ("How a build is", "ci status {service}", "It asks the CI server, and changes nothing there."),
    ("What waits for you", "approvals", "It lists what waits for your yes or no, and for others'."),
    ("What you did", "recent", "It shows your own last commands. Everything is on the record."),
)


class Args(args):
    """Which stop; nothing begins at the first."""

    stop: Annotated[int | None, Word("stop")] = None


async def run(arguments: Args, caller: Caller, catalogue: Catalogue) -> Reply:
    """Show one stop: what to type, and a button that types it."""
    at = 1 if arguments.stop is None else arguments.stop
    if not 1 <= at <= len(STOPS):
        raise BadInput(f"The tour has {len(STOPS)} stops: type `tour 1` to `tour {len(STOPS)}`.")
    name, line, about = STOPS[at - 1]
    typed = line.format(service=next((s.id for s in catalogue.services()), ""))
    hello = f"Welcome, {caller.principal.name}. " if at == 1 else ""
    last = at == len(STOPS)
    then = "That was the tour: `help` lists the rest." if last else f"`tour {at + 1}` goes on."
    return Reply(
        text=f"{hello}{name}: type `{typed}`. {about} {then}",
        title=f"Tour, {at} of {len(STOPS)}",
        progress=tuple(_step(number, at) for number in range(1, len(STOPS) + 1)),
        buttons=(
            Button("Help", "help") if last else Button("Next", f"tour {at + 1}", Style.PRIMARY),
            Button(f"Type {typed}", typed),
        ),
        visibility=Visibility.PRIVATE,
    )


def _step(number: int, at: int) -> Step:
    name = STOPS[number - 1][0]
    if number < at:
        return Step(name, StepState.DONE)
    return Step(name, StepState.RUNNING if number == at else StepState.WAITING)


command = Command(
    "tour",
    Args,
    run,
    summary="Walk through five harmless commands.",
    role="reader",
    risk=Risk.READ,
    examples=("tour", "tour 2"),
)
