"""What a run has done, as one plain page: evidence for whoever has to show it later."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from bot.moments import written
from bot.runbooks.card import called, label
from bot.runbooks.page import WIDE

if TYPE_CHECKING:
    from bot.runbooks.going import Stand

INDENT: Final = "   "


def record(at: Stand) -> str:
    """Return who ran what, with which file, and each step with its time and what it came to."""
    return "\n".join([*_head(at), "", "STEPS", *_steps(at), *_left(at)]) + "\n"


def _head(at: Stand) -> Iterator[str]:
    run, book = at.run, at.book
    yield f"{called(run)}: {book.title}"
    if run.drill:
        yield "A drill: what changes something was checked, and nothing was changed."
    yield f"Runbook {book.name}, version {book.version}, of {book.owner}"
    yield f"File SHA-256 {run.digest}"
    for name, value in run.values.items():
        yield f"{name}: {value}"
    yield f"Begun {written(run.begun)} as {run.person}, correlation {run.correlation}"
    yield f"{run.state.value.capitalize()} {written(run.changed)} {run.why}".rstrip()


def _steps(at: Stand) -> Iterator[str]:
    names = {step.id: label(step) for step in at.book.steps}
    for number, result in enumerate(at.run.results, 1):
        name = names.get(result.step, result.step)
        yield f"{number:2}. {written(result.at)} {name}: {result.state.value}, {result.by}"
        yield from textwrap.wrap(result.text, WIDE, initial_indent=INDENT, subsequent_indent=INDENT)


def _left(at: Stand) -> Iterator[str]:
    done = {result.step for result in at.run.results}
    left = [label(step) for step in at.book.steps if step.id not in done]
    if left:
        said = f"Not come to: {', '.join(left)}"
        yield from ("", *textwrap.wrap(said, WIDE, subsequent_indent=INDENT))
