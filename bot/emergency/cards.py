"""What break-glass and stop-all look like: one message each, edited in place, told to everybody."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from bot.model import Button, Reply, Style, Visibility
from bot.moments import at_time, written

if TYPE_CHECKING:
    from bot.model import Task
    from bot.ports.control import Grant, Halt

_MINUTE = timedelta(minutes=1)


def minutes(left: timedelta) -> int:
    """Return the minutes that are left, a begun one counted whole."""
    return max(0, -(-left // _MINUTE))


def glass(grant: Grant, *, left: timedelta, task: Task | None = None) -> Reply:
    """Return a break-glass's message as it stands."""
    over = grant.ended is not None
    said = _over(grant) if over else _in_force(grant, minutes(left))
    fields = [
        ("Break-glass", grant.id),
        ("Who", grant.person),
        ("Service", grant.service),
        ("Incident", grant.incident),
        ("Reason", grant.reason),
        ("Since", written(grant.since)),
        ("Until", written(grant.until) if not over else ""),
        ("Ended", f"{written(grant.ended)} by {grant.ended_by}" if grant.ended else ""),
        ("Review", _review(task)),
    ]
    refs = {"grant": grant.id, "incident": grant.incident}
    if task is not None:
        refs["task"] = task.id
    end = Button("End it now", f"break-glass end {grant.id}", Style.DANGER)
    return Reply(
        text=said,
        title=f"BREAK-GLASS {grant.id}: {grant.service}, for {grant.incident}",
        fields=tuple((name, value) for name, value in fields if value),
        buttons=() if over else (end,),
        visibility=Visibility.PUBLIC,
        topic=grant.id,
        refs=refs,
    )


def halt(halted: Halt) -> Reply:
    """Return the message of a stop-all as it stands."""
    lifted = halted.lifted is not None
    by = ", ".join(halted.by)
    said = f"EVERYTHING IS STOPPED since {written(halted.since)}, by {by}: {halted.reason}"
    goes_on = "No deploy and no runbook action runs. Reading, help and approving go on."
    if lifted:
        who = ", ".join(halted.lifted_by)
        said = f"{halted.id} is lifted {at_time(halted.lifted)} by {who}: {halted.lifted_why}"
        goes_on = "What stood still has to be asked for again; nothing starts by itself."
    fields = [
        ("Stop-all", halted.id),
        ("Stopped by", by),
        ("Since", written(halted.since)),
        ("Reason", halted.reason),
        ("Lifted by", ", ".join(halted.lifted_by)),
        ("Lifted", f"{written(halted.lifted)}: {halted.lifted_why}" if halted.lifted else ""),
    ]
    ask = Button("Lift it", "stop-all lift", asks="reason")
    return Reply(
        text=f"{said}\n{goes_on}",
        title=f"STOP-ALL {halted.id}{' is lifted' if lifted else ''}",
        fields=tuple((name, value) for name, value in fields if value),
        buttons=() if lifted else (ask,),
        visibility=Visibility.PUBLIC,
        topic=halted.id,
        refs={"halt": halted.id},
    )


def _in_force(grant: Grant, left: int) -> str:
    return (
        f"{grant.person} broke the glass on {grant.service} for {grant.incident} ({grant.id}): "
        f"{grant.reason}\n"
        f"In force until {written(grant.until)}, {left} minute{'' if left == 1 else 's'} left: "
        f"deploys and rollbacks of {grant.service} need no approval and pass a freeze. CI that is "
        "not green, locks and stop-all still stop them."
    )


def _over(grant: Grant) -> str:
    return (
        f"{grant.id} of {grant.person} on {grant.service} for {grant.incident} is over "
        f"{at_time(grant.ended)}, ended by {grant.ended_by}."
    )


def _review(task: Task | None) -> str:
    if task is None:
        return ""
    if task.closed is not None:
        return f"{task.id}, closed by {task.closed_by}"
    return f"{task.id}, due {written(task.due)}; somebody else closes it"
