"""Show one review: what it is about, when it is due, and what was found."""

from __future__ import annotations

from typing import Annotated

from bot.api import (
    BadInput,
    Clock,
    Command,
    Id,
    Reason,
    Reply,
    Risk,
    Task,
    Tasks,
    args,
    written,
)


class Args(args):
    """The task."""

    task: Annotated[str, Id("TASK")]


async def run(arguments: Args, tasks: Tasks, clock: Clock) -> Reply:
    """Answer with the task as it stands."""
    task = await tasks.show(arguments.task)
    if task is None:
        raise BadInput(
            f"There is no task {arguments.task}. `task list` shows the open ones.",
            reason=Reason.NOT_FOUND,
        )
    return Reply(
        text=f"{task.id}, about {task.about} by {task.subject}, {_state(task, clock)}",
        title=task.id,
        fields=tuple((name, value) for name, value in _fields(task) if value),
        refs={"task": task.id, "about": task.about},
    )


def _state(task: Task, clock: Clock) -> str:
    if task.closed is not None:
        return f"was closed by {task.closed_by}."
    begin = "is late: it was" if task.due < clock.now() else "is"
    return (
        f"{begin} due {written(task.due)}. Somebody else closes it: "
        f"`task close {task.id} --findings ...`."
    )


def _fields(task: Task) -> tuple[tuple[str, str], ...]:
    return (
        ("Kind", task.kind.value),
        ("About", task.about),
        ("Did it", task.subject),
        ("Service", task.service),
        ("Opened", written(task.opened)),
        ("Due", written(task.due)),
        ("Closed", written(task.closed) if task.closed else ""),
        ("Closed by", task.closed_by),
        ("Findings", task.findings),
    )


command = Command(
    "task show",
    Args,
    run,
    summary="Show one review task.",
    role="reader",
    risk=Risk.READ,
    examples=("task show TASK-1",),
    quotes=True,
)
