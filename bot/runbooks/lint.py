"""What is wrong in a runbook that can be read: commands, values, roads that lead nowhere.

A command that changes something may stand in a runbook only where it says so itself
(`Command.runbooks`): the list is then where the command is reviewed, a new command is closed until
somebody opened it, and no runbook can give itself more than that.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from bot import documents
from bot.api import Command
from bot.dispatch.parse import Parsed, Parser
from bot.dispatch.tokens import tokens
from bot.errors import BadInput, Refused
from bot.model import Risk
from bot.registry import Registry
from bot.runbooks import filling
from bot.runbooks.anywhere import Anywhere
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
from bot.runbooks.flow import reads
from bot.runbooks.several import ITEM
from bot.runbooks.shelf import Volume

# What a step's figure looks like where a command takes a number of ours.
_NUMBERS: Final = {
    "change": "CHG-1",
    "deploy": "DEP-1",
    "incident": "INC-1",
    "request": "REQ-1",
    "task": "TASK-1",
}
_BY_TYPE: Final = {
    "service": "pacs",
    "environment": "production",
    "word": "word",
    "number": "1",
    "endpoint": "lab-mllp",
    "list": "word",
}
_RESERVED: Final = "steps"


@dataclass(frozen=True)
class Linter:
    """Tries runbooks against the commands and the roles that there are.

    `barred` says why a step may not be a command that would be allowed otherwise.
    """

    registry: Registry
    roles: Collection[str]
    barred: Callable[[Parsed], str] = lambda _parsed: ""

    def __call__(self, volume: Volume) -> Sequence[str]:
        """Return a sentence for everything wrong, each with its place; none where it is well."""
        if volume.book is None:
            return volume.problems
        return [*_head(volume.book), *self._steps(volume.book), *_roads(volume.book)]

    def _steps(self, book: Runbook) -> Iterator[str]:
        seen: list[str] = []
        for step in book.steps:
            where = f"steps.{step.id}"
            yield from _taken(step, seen)
            yield from _names(book, step, seen)
            yield from self._typed(book, step, where, seen)
            if isinstance(step, Notify):
                known = [contact.who for contact in _everybody(book.contacts)]
                for who in step.people:
                    if who not in known:
                        yield f"{where}.people: {who} is no contact{documents.nearest(who, known)}"
            if isinstance(step, Decision):
                yield from self._decision(step, where, seen)
            seen += [step.id, *parts(step)]

    def _typed(self, book: Runbook, step: Step, where: str, seen: Sequence[str]) -> Iterator[str]:
        """Yield what is wrong with what a step types."""
        match step:
            case Run():
                yield from self._command(book, step.run, f"{where}.run")
                yield from self._roles(step.roles, where)
                yield from self._either(step, where)
            case WaitUntil() if step.run:
                yield from self._command(book, step.run, f"{where}.run", only_reads=True)
                yield from _waits(book, step, where, seen)
            case Together():
                for one in step.together:
                    at = f"{where}.together.{one.id}"
                    yield from self._command(book, one.run, at, only_reads=True)
            case ForEach():
                yield from self._command(book, step.run, f"{where}.run", only_reads=True)
                yield from _items(book, step, where)

    def _decision(self, step: Decision, where: str, seen: Collection[str]) -> Iterator[str]:
        words = [option.option for option in step.options]
        if len(set(words)) != len(words):
            yield f"{where}.options: two of them have one name"
        yield from self._roles(step.roles, where)
        for earlier in step.evidence:
            if earlier not in seen:
                hint = documents.nearest(earlier, seen)
                yield f"{where}.evidence: {earlier} is no earlier step{hint}"

    def _roles(self, roles: Sequence[str], where: str) -> Iterator[str]:
        for role in roles:
            if role not in self.roles:
                yield f"{where}.roles: there is no role {role}{documents.nearest(role, self.roles)}"

    def _either(self, step: Run, where: str) -> Iterator[str]:
        """Yield what only stands with a command that reads, or with one that changes something."""
        if reads(self.registry, step.run):
            if step.roles:
                yield f"{where}.roles: it only reads, so nobody says go to it; remove roles"
        elif step.retries:
            yield f"{where}.retries: it changes something, and is done once; remove retries"

    def _command(
        self, book: Runbook, template: str, where: str, *, only_reads: bool = False
    ) -> Iterator[str]:
        try:
            line = filling.command(template, _samples(book, filling.used(template)))
            words = tuple(token.text for token in tokens(line))
            site = Anywhere(words)
            parsed = Parser(self.registry, site, site).parse(line, None, wire=False)
        except Refused as error:
            yield f"{where}: {error.text}"
            return
        if only_reads and parsed.command.risk is not Risk.READ:
            yield f"{where}: `{parsed.command.name}` changes something; only what reads stands here"
            return
        if why := self.barred(parsed):
            yield f"{where}: {why}"
        if parsed.dry_run:
            yield f"{where}: a step is done or left out; remove --dry-run"
        if not allowed(parsed.command):
            known = sorted(one.name for one in self.registry.commands if one.runbooks)
            yield (
                f"{where}: `{parsed.command.name}` changes something and is not allowed in "
                f"runbooks (allowed: {', '.join(known)}); make it a manual step"
            )


def allowed(command: Command) -> bool:
    """Say whether a step may be this command: it only reads, or says itself that it may."""
    return command.risk is Risk.READ or command.runbooks


def _head(book: Runbook) -> Iterator[str]:
    names = [parameter.name for parameter in book.parameters]
    for name in names:
        if names.count(name) > 1 or name in (_RESERVED, ITEM):
            yield f"parameters.{name}: is taken already; give it another name"
    for where, said in (("summary", book.summary), ("rollback", book.rollback)):
        yield from _known(where, said, names, ())


def _names(book: Runbook, step: Step, seen: Sequence[str]) -> Iterator[str]:
    """Yield what the texts and the condition of a step name and nobody knows."""
    names = [parameter.name for parameter in book.parameters]
    where = f"steps.{step.id}"
    for key, said in _texts(step):
        has_item = isinstance(step, ForEach) and key == "run"
        here = [*names, ITEM] if has_item else names
        yield from _known(f"{where}.{key}", said, here, seen)
    if step.when:
        try:
            asked = filling.asked(step.when)
        except BadInput as error:
            yield f"{where}.when: {error.text}"
            return
        yield from _unknown(f"{where}.when", asked, names, seen)


def _taken(step: Step, seen: Sequence[str]) -> Iterator[str]:
    ids = [step.id, *parts(step)]
    for name in dict.fromkeys(ids):
        if name in (*seen, END) or ids.count(name) > 1:
            yield f"steps.{name}: is taken already; give it another id"


def parts(step: Step) -> list[str]:
    """Return the ids of what is typed together in a step."""
    return [one.id for one in step.together] if isinstance(step, Together) else []


def _items(book: Runbook, step: ForEach, where: str) -> Iterator[str]:
    """Yield what is wrong with the items for each of which a step is done."""
    if ITEM not in {path[0] for path in _used(step.run)}:
        yield f"{where}.run: does the same for each; say where {{{{ item }}}} stands in it"
    if isinstance(step.for_each, tuple):
        return
    lists = [one.name for one in book.parameters if one.type == "list"]
    found = _used(step.for_each)
    if len(found) != 1 or found[0] not in [(name,) for name in lists]:
        hint = f" ({', '.join(lists)})" if lists else ""
        yield (
            f"{where}.for_each: stands for the items: one parameter of type list{hint}, or a list "
            "of them"
        )
    elif not re.fullmatch(r"\{\{[^{}]*\}\}", step.for_each):
        yield f"{where}.for_each: only the parameter stands there: {{{{ {found[0][0]} }}}}"


def _used(said: str) -> Sequence[filling.Path]:
    try:
        return filling.used(said)
    except BadInput:
        return ()  # it is said where the text is looked at


def _waits(book: Runbook, step: WaitUntil, where: str, seen: Sequence[str]) -> Iterator[str]:
    """Yield what is wrong in the condition of a wait: it is about what its own look found."""
    try:
        asked = filling.asked(step.wait_until)
    except BadInput as error:
        yield f"{where}.wait_until: {error.text}"
        return
    names = [parameter.name for parameter in book.parameters]
    yield from _unknown(f"{where}.wait_until", asked, names, [*seen, step.id])
    if not any(path[:2] == (_RESERVED, step.id) for path in asked):
        yield (
            f"{where}.wait_until: names no figure of its own look: {_RESERVED}.{step.id}.FIGURE; "
            "no look could end it"
        )


def _texts(step: Step) -> Iterator[tuple[str, str]]:
    yield "title", step.title
    match step:
        case ForEach():
            yield "run", step.run
            if isinstance(step.for_each, str):
                yield "for_each", step.for_each
        case Together():
            for one in step.together:
                yield f"together.{one.id}", one.run
        case Run() | WaitUntil():
            yield "run", step.run
        case Manual():
            yield "manual", step.manual
        case Notify():
            yield "notify", step.notify
        case Decision():
            yield "decision", step.decision
            for option in step.options:
                yield f"options.{option.option}", option.consequence


def _known(where: str, said: str, names: Sequence[str], seen: Sequence[str]) -> Iterator[str]:
    try:
        used = filling.used(said)
    except BadInput as error:
        yield f"{where}: {error.text}"
        return
    yield from _unknown(where, used, names, seen)


def _unknown(
    where: str, used: Sequence[filling.Path], names: Sequence[str], seen: Sequence[str]
) -> Iterator[str]:
    for path in used:
        if path[0] != _RESERVED:
            if len(path) > 1 or path[0] not in names:
                hint = documents.nearest(path[0], names)
                yield f"{where}: {'.'.join(path)} is no parameter{hint}"
        elif len(path) != len(("steps", "id", "figure")):
            yield f"{where}: {'.'.join(path)}: say which figure: steps.ID.FIGURE"
        elif path[1] not in seen:
            yield f"{where}: {path[1]} is no earlier step{documents.nearest(path[1], seen)}"


def _samples(book: Runbook, used: Sequence[filling.Path]) -> filling.Values:
    values: dict[str, object] = {
        one.name: one.default or (one.choices[0] if one.choices else _BY_TYPE[one.type])
        for one in book.parameters
    }
    values[ITEM] = _BY_TYPE["word"]
    figures: dict[str, Mapping[str, str]] = {}
    for path in used:
        if len(path) == len(("steps", "id", "figure")):
            _, step, figure = path
            figures[step] = {**figures.get(step, {}), figure: sample(figure)}
    return {**values, _RESERVED: figures}


def sample(figure: str) -> str:
    """Return what a step's figure could be, so that a command that names it can be read."""
    return _NUMBERS.get(figure, "1")


def _everybody(contacts: Sequence[Contact]) -> Iterator[Contact]:
    for contact in contacts:
        yield contact
        yield from _everybody(contact.otherwise)


def _roads(book: Runbook) -> Iterator[str]:
    """Yield the gotos to nowhere, the steps that no road leads to, and circles without a human."""
    known = [step.id for step in book.steps]
    lost = [
        (f"steps.{step.id}", goto)
        for step in book.steps
        for goto in _gotos(step)
        if goto not in (*known, END, "")
    ]
    for where, goto in lost:
        yield f"{where}: goto {goto} leads nowhere{documents.nearest(goto, [*known, END])}"
    if lost or len(set(known)) != len(known):
        return
    after = [ways(book, number) for number in range(len(known))]
    reached = _reached({0}, after)
    for number, step in enumerate(book.steps):
        if number not in reached:
            yield f"steps.{step.id}: no step leads to it"
    # Only a human, or somebody who ticks, may send a run round again: that has an end.
    alone = [
        () if isinstance(step, (Decision, Manual, Notify)) and not step.when else after[number]
        for number, step in enumerate(book.steps)
    ]
    for number, step in enumerate(book.steps):
        if number in _reached(set(alone[number]), alone):
            yield f"steps.{step.id}: goes round without an end; let a decision lead back"


def ways(book: Runbook, number: int) -> tuple[int, ...]:
    """Return the places to which a run may go from the step at one."""
    step = book.steps[number]
    found = {book.index(goto) if goto else number + 1 for goto in _gotos(step)}
    if step.when:
        found.add(number + 1)
    return tuple(sorted(place for place in found if place < len(book.steps)))


def _gotos(step: Step) -> Sequence[str]:
    if isinstance(step, Decision):
        return [option.goto or step.goto for option in step.options]
    return [step.goto]


def _reached(begin: set[int], after: Sequence[Sequence[int]]) -> set[int]:
    found, queue = set(begin), list(begin)
    while queue:
        for place in after[queue.pop()]:
            if place not in found:
                found.add(place)
                queue.append(place)
    return found
