"""What a runbook says: its head, its parameters, and its steps in the order of the file.

The steps are one flat list that reads like a procedure. What jumps says where to by a step's id;
`when` leaves a step out. Step ids are written with underscores, so that `steps.where.state` is a
name in a condition.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Annotated, Any, Final, Literal, TypeAlias

from pydantic import Discriminator, Field, StringConstraints, Tag, ValidationError, model_validator

from bot import documents
from bot.documents import Block, matching
from bot.model import EndpointKind

END: Final = "end"  # where a step goes that is the last one
MOST: Final = 50  # items for which a step is done
ENDPOINT: Final = "endpoint"
TIME: Final = "time"  # what a wait waits for that looks at nothing

Name: TypeAlias = Annotated[
    str, matching(r"[a-z0-9][a-z0-9-]{0,62}", "must be lower-case letters, digits and hyphens")
]
Word: TypeAlias = Annotated[
    str,
    matching(r"[a-z][a-z0-9_]{0,31}", "must be lower-case letters, digits and underscores"),
]
Text: TypeAlias = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]


class Parameter(Block):
    """What has to be said when it is started; a `choice` is one of its `choices`.

    A `list` is words with commas between them, each checked as what it is a list `of`. An
    `endpoint` is one that the estate declares, of a `kind` where that is said.
    """

    name: Word
    type: Literal["service", "environment", "endpoint", "word", "number", "choice", "list"]
    description: Text
    choices: tuple[Text, ...] = ()
    of: Literal["service", "endpoint", "word"] = "word"
    kind: EndpointKind | None = None
    default: str = ""

    @model_validator(mode="after")
    def _whole(self) -> Parameter:
        if (self.type == "choice") != bool(self.choices):
            raise ValueError("a parameter of type choice has choices, and no other one has")
        if self.of != "word" and self.type != "list":
            raise ValueError("only a parameter of type list is a list `of` something")
        if self.kind and ENDPOINT not in (self.type, self.of):
            raise ValueError("only an endpoint has a kind")
        if self.default and self.choices and self.default not in self.choices:
            raise ValueError("its default is none of its choices")
        return self


class Contact(Block):
    """Somebody to be told, how, and who is told where nobody answers."""

    who: Text
    by: Text
    otherwise: tuple[Contact, ...] = ()


class _Step(Block):
    """What every step has: `when` leaves it out where the condition does not hold."""

    id: Word
    title: str = ""
    when: str = ""
    goto: Word | Literal[""] = ""


class Run(_Step):
    """One chat command; its declared risk says whether it only reads.

    One that reads is tried again, up to `retries` times, each after twice as long as before. For
    one that changes something somebody says go: one of `roles`, where there are any.
    """

    run: Text
    retries: int = Field(default=0, ge=0, le=5)
    backoff_seconds: int = Field(default=5, ge=1, le=60)
    roles: tuple[Word, ...] = ()


class WaitUntil(_Step):
    """What is looked at again and again until a condition over its own figures holds.

    Looked at every `every_seconds`; after `within_minutes` the run stops. `wait_until: time` is no
    look at all, but goes on `for_minutes` later.
    """

    wait_until: Text
    run: str = ""
    every_seconds: int = Field(default=30, ge=5, le=3600)
    within_minutes: int | None = Field(default=None, ge=1, le=1440)
    for_minutes: int | None = Field(default=None, ge=1, le=1440)

    @model_validator(mode="after")
    def _whole(self) -> WaitUntil:
        is_timer = self.wait_until == TIME
        if is_timer and (self.run or self.within_minutes or not self.for_minutes):
            raise ValueError("`wait_until: time` takes for_minutes, and neither a run nor a limit")
        if not is_timer and (not self.run or not self.within_minutes or self.for_minutes):
            raise ValueError(
                "a wait for a condition takes the run that looks and its within_minutes; "
                "for_minutes goes with `wait_until: time`"
            )
        return self


class Ask(Block):
    """One of several commands that are typed together; its answer has figures of its own."""

    id: Word
    run: Text


class Together(_Step):
    """Commands that only read and need nothing of each other: they are typed at once."""

    together: Annotated[tuple[Ask, ...], Field(min_length=2, max_length=16)]


class ForEach(_Step):
    """One command that only reads, typed for each item, one after the other.

    The items are a parameter of type list, or stand here.
    """

    for_each: Text | Annotated[tuple[Text, ...], Field(min_length=1, max_length=MOST)]
    run: Text


class Manual(_Step):
    """What a human does elsewhere, and ticks with a note."""

    manual: Text


class Notify(_Step):
    """What is said to whom by phone; `people` are contacts, each a box to tick."""

    notify: Text
    people: Annotated[tuple[Text, ...], Field(min_length=1)]


class Option(Block):
    """One answer to a decision, and what follows from it."""

    option: Name
    consequence: Text
    goto: Word | Literal[""] = ""


class Decision(_Step):
    """What only a human may decide: there is no default, and silence stops the run.

    `roles` may decide, everybody who may run it where there are none; `evidence` are earlier steps.
    """

    decision: Text
    options: Annotated[tuple[Option, ...], Field(min_length=2)]
    evidence: tuple[Word, ...] = ()
    roles: tuple[Word, ...] = ()
    within_minutes: int = Field(default=30, ge=1, le=1440)


# What has a `run` beside its own key comes after `run`: the last key that a step has is its kind.
KINDS: Final[Mapping[str, type[_Step]]] = {
    "run": Run,
    "manual": Manual,
    "notify": Notify,
    "decision": Decision,
    "wait_until": WaitUntil,
    "together": Together,
    "for_each": ForEach,
}


def _kind(step: Any) -> str | None:
    """Return by which key a step says what it is."""
    if isinstance(step, Mapping):
        return next((kind for kind in reversed(tuple(KINDS)) if kind in step), None)
    return next((kind for kind, made in KINDS.items() if isinstance(step, made)), None)


Step: TypeAlias = Annotated[
    Annotated[WaitUntil, Tag("wait_until")]
    | Annotated[Together, Tag("together")]
    | Annotated[ForEach, Tag("for_each")]
    | Annotated[Run, Tag("run")]
    | Annotated[Manual, Tag("manual")]
    | Annotated[Notify, Tag("notify")]
    | Annotated[Decision, Tag("decision")],
    Discriminator(_kind),
]


class Runbook(Block):
    """One procedure, reviewed until `review_by` (that day included)."""

    name: Name
    title: Text
    owner: Text
    review_by: date
    severity: int = Field(ge=1, le=4)
    summary: Text
    version: int = Field(default=1, ge=1)
    services: tuple[Name, ...] = ()
    tags: tuple[Name, ...] = ()
    parameters: tuple[Parameter, ...] = ()
    contacts: tuple[Contact, ...] = ()
    rollback: Text
    steps: Annotated[tuple[Step, ...], Field(min_length=1)]

    def is_stale(self, today: date) -> bool:
        """Say whether its review is overdue."""
        return today > self.review_by

    def index(self, step_id: str) -> int:
        """Return the place of a step; after the last one for `end`."""
        ids = [step.id for step in self.steps]
        return ids.index(step_id) if step_id in ids else len(ids)


@dataclass(frozen=True)
class Read:
    """A document that was understood, or what there is to mend in it."""

    book: Runbook | None
    problems: tuple[str, ...] = field(default=())


def understand(document: object) -> Read:
    """Return the runbook of a YAML document, or a sentence for everything wrong, with its path."""
    if not isinstance(document, dict):
        return Read(None, ("is no runbook, one `name: value` per line",))
    problems = _steps(document.get("steps"))
    try:
        book = Runbook.model_validate(document)
    except ValidationError as error:
        # What is wrong in a step has been said, by the kind of step that it is.
        said = documents.sentences(error, Runbook)
        problems += [one for one in said if not (problems and one.startswith("steps["))]
        return Read(None, tuple(problems))
    return Read(book)


def _steps(rows: object) -> list[str]:
    found: list[str] = []
    for number, row in enumerate(rows if isinstance(rows, list) else [], 1):
        label = f"steps.{documents.label(row, number)}"
        kind = _kind(row) if isinstance(row, dict) else None
        if kind is None:
            found.append(f"{label}: is no step; it needs one of {', '.join(KINDS)}")
            continue
        try:
            KINDS[kind].model_validate(row)
        except ValidationError as error:
            found += documents.sentences(error, KINDS[kind], (label,))
    return found


def schema() -> dict[str, Any]:
    """Return the JSON Schema of a runbook, by which editors complete one."""
    made = Runbook.model_json_schema()
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **made}
