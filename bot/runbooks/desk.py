"""What people ask about runbooks; implements `bot.api.Runbooks`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from bot.api import WantedRunbook
from bot.errors import BadInput
from bot.model import Button, Reason, Reply, Table
from bot.ports import Clock
from bot.runbooks.document import Decision, Notify, Runbook, Step
from bot.runbooks.draft import draft
from bot.runbooks.lint import Linter
from bot.runbooks.page import kind, page, said
from bot.runbooks.shelf import Shelf, Volume

COLUMNS: Final = ("Name", "What for", "Owner", "Severity", "Reviewed until")
FOUND: Final = ("Name", "What for", "Why it is shown")
SOON: Final = timedelta(days=14)
"""How long before its review is due a runbook is named in the list."""
# How much a word counts, by where it is found.
_WEIGHTS: Final = (("name", 5), ("title", 4), ("tag", 4), ("service", 3), ("summary", 2))


@dataclass(frozen=True)
class RunbookDesk:
    """Answers from the files as they are now."""

    shelf: Shelf
    lint: Linter
    clock: Clock

    def list(self) -> Reply:
        """Return every runbook; what cannot be used says so."""
        volumes = list(self.shelf.all().values())
        if not volumes:
            return Reply("There is no runbook here.")
        rows = tuple(self._row(volume) for volume in volumes)
        stale = [one.name for one in volumes if one.book and one.book.is_stale(self._today)]
        text = f"{len(rows)} runbooks."
        if stale:
            text += f" STALE, the review is overdue: {', '.join(stale)}."
        soon = [one.book for one in volumes if one.book and self._is_soon(one.book)]
        if soon:
            said = ", ".join(f"{book.name} (by {book.review_by})" for book in soon)
            text += f" To be reviewed within {SOON.days} days: {said}."
        broken = [volume.name for volume in volumes if self.lint(volume)]
        if broken:
            text += f" To be mended before they can be used: {', '.join(broken)}."
        return Reply(text, title="Runbooks", table=Table(COLUMNS, rows))

    def show(self, name: str) -> Reply:
        """Return one runbook with its steps."""
        volume = self.volume(name)
        problems = self.lint(volume)
        if volume.book is None or problems:
            text = f"Runbook {volume.name} cannot be used: {len(problems)} to mend."
            return Reply(text, Reason.BAD_INPUT, title=volume.name, items=tuple(problems))
        book = volume.book
        return Reply(
            text=f"{self.stale(book)}{book.summary}",
            title=book.title,
            fields=tuple(_fields(volume, book)),
            items=tuple(f"{number}. {_line(step)}" for number, step in enumerate(book.steps, 1)),
            buttons=(Button("Print", f"runbook print {book.name}"),),
            refs={"runbook": book.name, "digest": volume.digest},
        )

    def search(self, words: str) -> Reply:
        """Return the runbooks that words are found in, the best first, each with where."""
        wanted = sorted({word.lower() for word in words.split()})
        found = sorted(
            (
                (-weight, book.name, book.title, why)
                for volume in self.shelf.all().values()
                if (book := volume.book) is not None
                for weight, why in [_match(book, wanted)]
                if weight
            ),
        )
        if not found:
            return Reply(f"No runbook is about `{words}`. `runbook list` shows all.")
        rows = tuple((name, title, why) for _, name, title, why in found)
        text = f"{len(rows)} of the runbooks, the nearest first."
        return Reply(text, title="Runbooks", table=Table(FOUND, rows))

    def print(self, name: str) -> Reply:
        """Return one runbook as it stands on paper."""
        volume = self.volume(name)
        if volume.book is None:
            raise BadInput(f"Runbook {volume.name} cannot be read: {volume.problems[0]}.")
        text = f"{self.stale(volume.book)}Runbook {volume.name} on one page."
        return Reply(text, code=page(volume.book, volume.digest))

    def draft(self, wanted: WantedRunbook) -> Reply:
        """Return the text of a new runbook; nothing is written."""
        return draft(self, wanted)

    def volume(self, name: str) -> Volume:
        """Return a runbook by its name; `BadInput` says which there are."""
        found = self.shelf.get(name.lower())
        if found is None:
            near = self.shelf.near(name.lower())
            raise BadInput(f"There is no runbook `{name}`{near}.", reason=Reason.NOT_FOUND)
        return found

    def stale(self, book: Runbook) -> str:
        """Return that a review is overdue, as a sentence goes on; "" where it is not."""
        if not book.is_stale(self._today):
            return ""
        return f"STALE: {book.owner} should have reviewed it by {book.review_by}. "

    def _is_soon(self, book: Runbook) -> bool:
        return self._today <= book.review_by <= self._today + SOON

    @property
    def _today(self) -> date:
        return self.clock.now().date()

    def _row(self, volume: Volume) -> tuple[str, ...]:
        book = volume.book
        if book is None:
            return (volume.name, f"cannot be read: {volume.problems[0]}", "", "", "")
        until = str(book.review_by)
        if book.is_stale(self._today):
            until += " STALE"
        return (book.name, book.title, book.owner, str(book.severity), until)


def _fields(volume: Volume, book: Runbook) -> Iterator[tuple[str, str]]:
    yield "Owner", book.owner
    yield "Reviewed until", str(book.review_by)
    yield "Severity", str(book.severity)
    yield "Version", f"{book.version}, file {volume.digest[:12]}"
    if book.services:
        yield "Services", ", ".join(book.services)
    for parameter in book.parameters:
        more = f" ({', '.join(parameter.choices)})" if parameter.choices else ""
        yield f"Takes {parameter.name}", f"{parameter.description}{more}"
    yield "How to go back", book.rollback


def _line(step: Step) -> str:
    title = step.title or step.id.replace("_", " ")
    line = f"{title} ({kind(step)}): {' '.join(said(step).split())}"
    if isinstance(step, Notify):
        line += f" Tell {', '.join(step.people)}."
    if isinstance(step, Decision):
        line += f" {' / '.join(option.option for option in step.options)}"
    return f"{line} Only if {step.when}." if step.when else line


def _match(book: Runbook, wanted: Sequence[str]) -> tuple[int, str]:
    """Return how near a runbook is to all of the words, 0 where one is nowhere, and why."""
    places = {
        "name": book.name,
        "title": book.title,
        "tag": " ".join(book.tags),
        "service": " ".join(book.services),
        "summary": book.summary,
    }
    total, why = 0, dict[str, None]()
    for word in wanted:
        hits = [(name, weight) for name, weight in _WEIGHTS if word in places[name].lower()]
        steps = [n for n, step in enumerate(book.steps, 1) if word in _line(step).lower()]
        if not hits and not steps:
            return 0, ""
        total += sum(weight for _, weight in hits) + bool(steps)
        where = [name for name, _ in hits] or [f"step {steps[0]}"]
        why[f"{word} in its {where[0]}"] = None
    return total, ", ".join(why)
