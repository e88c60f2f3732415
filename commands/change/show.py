"""Show one change record with its links to the request, the deploy and who approved."""

from __future__ import annotations

from typing import Annotated

from bot.api import BadInput, Change, ChangeTickets, Command, Id, Reason, Reply, Risk, args, written


class Args(args):
    """The change."""

    change: Annotated[str, Id("CHG")]


async def run(arguments: Args, changes: ChangeTickets) -> Reply:
    """Answer from the register."""
    change = await changes.show(arguments.change)
    if change is None:
        raise BadInput(
            f"There is no change {arguments.change}. `change list` shows the open ones.",
            reason=Reason.NOT_FOUND,
        )
    refs = {
        "change": change.number,
        "state": change.state.value,
        "deploy": change.deploy,
        "request": change.request,
        "result": change.result.value if change.result else "",
    }
    return Reply(
        text=f"{change.number} is {change.state.value}"
        f"{f' ({change.result.value})' if change.result else ''}: {change.summary}",
        title=change.number,
        fields=tuple((name, value) for name, value in _fields(change) if value),
        refs={name: value for name, value in refs.items() if value},
    )


def _fields(change: Change) -> tuple[tuple[str, str], ...]:
    window = f"{written(change.window_start)} to {written(change.window_end)}"
    return (
        ("Type", change.type.value),
        ("State", change.state.value),
        ("Service", f"{change.service}, {change.environment}"),
        ("Version", change.version),
        ("Risk", change.risk),
        ("Clinical impact", change.clinical_impact),
        ("Back-out plan", change.backout),
        ("Window", window),
        ("Requested by", change.requester),
        ("Request", change.request),
        ("Approved by", ", ".join(change.approvers)),
        ("Deploy", change.deploy),
        ("Result", change.result.value if change.result else ""),
        ("Closing note", change.close_note),
    )


command = Command(
    "change show",
    Args,
    run,
    summary="Show one change record.",
    role="reader",
    risk=Risk.READ,
    examples=("change show CHG-7",),
)
