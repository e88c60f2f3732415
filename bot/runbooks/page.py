"""A runbook as one plain page: for paper, and for the day on which chat is down."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from bot.runbooks.document import (
    END,
    Contact,
    Decision,
    ForEach,
    Manual,
    Notify,
    Run,
    Runbook,
    Step,
    Together,
    WaitUntil,
)
from bot.runbooks.filling import blank

WIDE: Final = 78
BOX: Final = "[ ]"
_LINE: Final = "_" * 24
_KINDS: Final[Mapping[type[Step], str]] = {
    Run: "run",
    Manual: "do",
    Notify: "tell",
    Decision: "decide",
    WaitUntil: "wait",
    Together: "together",
    ForEach: "each",
}


def page(book: Runbook, digest: str) -> str:
    """Return the page; the same for the same file, so that two prints can be compared."""
    parts = [
        list(_head(book, digest)),
        list(_start(book)),
        ["WHOM TO CALL", *_contacts(book.contacts)] if book.contacts else [],
        ["STEPS", *_steps(book)],
        ["HOW TO GO BACK", *_wrapped(blank(book.rollback), "  ")],
        [f"Ended at {_LINE}  Signed {_LINE}"],
    ]
    return "\n\n".join("\n".join(part) for part in parts if part) + "\n"


def kind(step: Step) -> str:
    """Return in one word what a step is."""
    return _KINDS[type(step)]


def said(step: Step) -> str:
    """Return what a step asks for, as the file has it."""
    match step:
        case Run():
            return step.run
        case Manual():
            return step.manual
        case Notify():
            return step.notify
        case Decision():
            return step.decision
        case WaitUntil() | Together() | ForEach():
            return _typed(step)


def _typed(step: WaitUntil | Together | ForEach) -> str:
    match step:
        case Together():
            return "; ".join(f"{one.id.replace('_', ' ')}: {one.run}" for one in step.together)
        case ForEach():
            return f"{step.run}, for each of {_items(step)}"
        case WaitUntil():
            return f"{step.run} {until(step)}".strip()


def _items(step: ForEach) -> str:
    return step.for_each if isinstance(step.for_each, str) else ", ".join(step.for_each)


def until(step: WaitUntil) -> str:
    """Return for how long a step waits."""
    if not step.run:
        return f"wait {step.for_minutes} minutes"
    return (
        f"every {step.every_seconds} seconds until {step.wait_until}, at most "
        f"{step.within_minutes} minutes; not by then: stop here, and call the contacts"
    )


def _head(book: Runbook, digest: str) -> Iterator[str]:
    yield from _wrapped(book.title.upper(), "")
    yield "=" * WIDE
    yield f"Runbook {book.name}, version {book.version}, severity {book.severity}"
    yield f"Owner {book.owner}, to be reviewed by {book.review_by}, file {digest[:12]}"
    if book.services:
        yield from _wrapped(f"Services: {', '.join(book.services)}", "")
    yield ""
    yield from _wrapped(blank(book.summary), "")


def _start(book: Runbook) -> Iterator[str]:
    yield f"Begun at {_LINE}  By {_LINE}"
    for parameter in book.parameters:
        choices = f" ({', '.join(parameter.choices)})" if parameter.choices else ""
        yield from _wrapped(f"<{parameter.name}> {parameter.description}{choices}: {_LINE}", "")


def _contacts(contacts: Sequence[Contact], depth: int = 1) -> Iterator[str]:
    for contact in contacts:
        indent = "  " * depth
        yield from _wrapped(f"{contact.who}: {contact.by}", indent)
        if contact.otherwise:
            yield f"{indent}  no answer:"
            yield from _contacts(contact.otherwise, depth + 2)


def _steps(book: Runbook) -> Iterator[str]:
    for number, step in enumerate(book.steps, 1):
        if number > 1:
            yield ""
        yield from _step(book, step, number)


def _step(book: Runbook, step: Step, number: int) -> Iterator[str]:
    title = blank(step.title or step.id.replace("_", " "))
    yield from _wrapped(f"{BOX} {number}. {title} ({kind(step)})", "", "       ")
    if step.when:
        yield from _wrapped(f"only if {step.when}", "       ")
    yield from _wrapped(blank(said(step)), "       ")
    if isinstance(step, Notify):
        for who in step.people:
            yield f"       {BOX} {who}, at {_LINE[:8]} by {_LINE[:12]}"
    if isinstance(step, Together):
        for one in step.together:
            yield f"       {BOX} {one.id.replace('_', ' ')}: {_LINE}"
    if isinstance(step, ForEach) and not isinstance(step.for_each, str):
        for item in step.for_each:
            yield f"       {BOX} {item}: {_LINE}"
    if isinstance(step, Decision):
        yield from _options(book, step)
    elif step.goto:
        yield f"       then {_place(book, step.goto)}"


def _options(book: Runbook, step: Decision) -> Iterator[str]:
    for option in step.options:
        where = option.goto or step.goto
        then = f" Then {_place(book, where)}." if where else ""
        line = f"( ) {option.option.upper()}: {blank(option.consequence)}{then}"
        yield from _wrapped(line, "       ", "           ")
    who = f"Decided by a {' or '.join(step.roles)}" if step.roles else "Decided by"
    yield from _wrapped(f"{who}: {_LINE} Reason: {_LINE}", "       ")
    late = f"Nobody decides within {step.within_minutes} minutes: stop here, and call the contacts."
    yield from _wrapped(late, "       ")


def _place(book: Runbook, goto: str) -> str:
    return "stop" if goto == END else f"go to step {book.index(goto) + 1}"


def _wrapped(text: str, indent: str, further: str | None = None) -> Sequence[str]:
    paragraphs = text.strip().split("\n\n")
    return [
        line
        for paragraph in paragraphs
        for line in textwrap.wrap(
            " ".join(paragraph.split()),
            WIDE,
            initial_indent=indent,
            subsequent_indent=indent if further is None else further,
            break_long_words=False,
            break_on_hyphens=False,
        )
    ]
