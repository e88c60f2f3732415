"""Forms that ask for what a command takes."""

from __future__ import annotations

import enum
from dataclasses import dataclass


class InputKind(enum.StrEnum):
    """What a form input takes."""

    TEXT = "text"
    LONG_TEXT = "long_text"
    CHOICE = "choice"


@dataclass(frozen=True)
class Input:
    """One input of a form; `name` is the command's argument."""

    name: str
    label: str
    kind: InputKind = InputKind.TEXT
    choices: tuple[str, ...] = ()
    required: bool = True
    hint: str = ""
    value: str = ""


@dataclass(frozen=True)
class Form:
    """Asks for a command's arguments; submitting it is an Invocation with `fields`."""

    command: str
    title: str
    inputs: tuple[Input, ...]
    submit: str = "Run"
