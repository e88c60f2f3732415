"""What commands take, and what they may do."""

from __future__ import annotations

import enum
from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict


class Risk(enum.StrEnum):
    """What a command may do: answer, change, or change what always needs approval."""

    READ = "read"
    CHANGE = "change"
    CRITICAL = "critical"


class Args(BaseModel):
    """A command's typed arguments: required ones are positional in order, the rest options."""

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)


@dataclass(frozen=True)
class Word:
    """Marks an argument that a natural word may precede: `to production`, `for lab-results`."""

    word: str


@dataclass(frozen=True)
class Option:
    """Marks a required argument that is given by name: `--reason ...`."""

    help: str = ""


@dataclass(frozen=True)
class FreeText:
    """Marks an argument kept byte for byte; unquoted words up to the next option belong to it."""

    help: str = ""


@dataclass(frozen=True)
class OneOf:
    """Marks a text that is one of a few words: a form offers them, the command looks at it."""

    words: tuple[str, ...]


@dataclass(frozen=True)
class Secret:
    """Marks an argument whose value no record holds: `***` stands there instead.

    `shape` is a pattern of such values: a line that holds one elsewhere is refused unrecorded.
    """

    shape: str


@dataclass(frozen=True)
class Id:
    """Marks an argument that is an identifier such as REQ-12; typed in any case."""

    prefix: str
