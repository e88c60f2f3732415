"""Show your own last commands, newest first, to look at and to type again."""

from __future__ import annotations

from bot.api import (
    AuditQuery,
    AuditReader,
    Button,
    Caller,
    Command,
    Disclosures,
    Event,
    Manual,
    Reply,
    Risk,
    Table,
    args,
    written,
)

NAME, SHOWN, BUTTONS = "recent", 10, 5
LOOKED_AT = 200  # events; a command is two of them, and a deploy a dozen
ENDS = frozenset({"outcome", "refused"})
REMOVED = ("***", "removed]")  # what stands where something was not recorded


class Args(args):
    """Takes nothing."""


async def run(
    _arguments: Args,
    caller: Caller,
    audit: AuditReader,
    manual: Manual,
    disclosures: Disclosures,
) -> Reply:
    """Answer from the audit log; only what reads is offered to be typed again."""
    page = await audit.search(AuditQuery(person=caller.principal.id, limit=LOOKED_AT))
    ended = [e for e in page.events if e.data.get("kind") in ENDS and e.data.get("verb") != NAME]
    shown = await disclosures.shown(caller.principal, ended[:SHOWN])
    typed = [(event, _line(event, manual)) for event in shown]
    if not typed:
        return Reply("You have typed no command yet. `tour` shows five harmless ones.")
    reads = dict.fromkeys(line for event, line in typed if _is_repeatable(event, line, manual))
    return Reply(
        text=f"Your last {len(typed)} commands, newest first. `audit search "
        f"person:{caller.principal.id}` finds all of them.",
        title="Your last commands",
        table=Table(
            ("Time", "What you typed", "How it ended", "No."),
            tuple(_row(event, line) for event, line in typed),
        ),
        buttons=tuple(Button(line, line) for line in list(reads)[:BUTTONS]),
    )


def _line(event: Event, manual: Manual) -> str:
    found, params = manual.find(str(event.data.get("verb", ""))), event.data.get("params")
    if found is None:
        return "(not a command)"
    values = params if isinstance(params, dict) else {}
    return manual.line(found, {name: str(value) for name, value in values.items()})


def _is_repeatable(event: Event, line: str, manual: Manual) -> bool:
    found = manual.find(str(event.data.get("verb", "")))
    whole = not any(sign in line for sign in REMOVED)
    return whole and found is not None and found.risk is Risk.READ


def _row(event: Event, line: str) -> tuple[str, ...]:
    ended = str(event.data.get("reason", ""))
    return written(event.at, to_the_second=True), line, ended, str(event.seq)


command = Command(
    NAME,
    Args,
    run,
    summary="Show your last commands.",
    role="reader",
    risk=Risk.READ,
    examples=("recent",),
)
