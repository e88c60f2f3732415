"""List the reviews that somebody still has to close, or all of them."""

from __future__ import annotations

from typing import Annotated

from bot.api import (
    Clock,
    Command,
    Option,
    Principal,
    Reply,
    Risk,
    Table,
    Task,
    Tasks,
    args,
    written,
)


class Args(args):
    """Whose doing is reviewed, or nothing for everybody's; `--all` shows closed ones too."""

    subject: Annotated[Principal | None, Option("whose doing is reviewed")] = None
    all: bool = False


async def run(arguments: Args, tasks: Tasks, clock: Clock) -> Reply:
    """Answer with the tasks, the one due first first."""
    subject = arguments.subject.id if arguments.subject else ""
    found = await tasks.list(subject=subject, open_only=not arguments.all)
    if not found:
        return Reply("There are no tasks." if arguments.all else "No task is open.")
    now = clock.now()
    late = [task.id for task in found if task.closed is None and task.due < now]
    rows = tuple(
        (task.id, task.kind.value, task.about, task.subject, task.service, _state(task, late))
        for task in found
    )
    said = f" Late: {', '.join(late)}." if late else ""
    return Reply(
        f"{len(rows)} task{'' if len(rows) == 1 else 's'}, the one due first first.{said} "
        "Somebody other than who did it closes each: `task close TASK --findings ...`.",
        title="Tasks",
        table=Table(("Task", "Kind", "About", "Did it", "Service", "State"), rows),
    )


def _state(task: Task, late: list[str]) -> str:
    if task.closed is not None:
        return f"closed by {task.closed_by}"
    return f"{'LATE, was due' if task.id in late else 'due'} {written(task.due)}"


command = Command(
    "task list",
    Args,
    run,
    summary="List the reviews that are still to be closed.",
    role="reader",
    risk=Risk.READ,
    examples=("task list", "task list --all", "task list --subject commander"),
)
