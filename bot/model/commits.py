"""Commits, and what lies between two of them."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from datetime import datetime
from typing import Final

MOST_COMMITS: Final = 250
"""How many commits a list has at most; more than that nobody reads before saying yes."""


class Relation(enum.StrEnum):
    """How one commit stands to the one that runs now; UNKNOWN where that could not be told.

    AHEAD is built on it, BEHIND was its past, DIVERGED is neither: a branch of its own, or a
    history that was rewritten.
    """

    SAME = "same"
    AHEAD = "ahead"
    BEHIND = "behind"
    DIVERGED = "diverged"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Commit:
    """One commit: its 40-hex id, the first line of its message, and who wrote it.

    `authors` are e-mail addresses in lower case, co-authors among them; none where the repository
    does not tell. `title` is free text of people: shown, and kept in no record.
    """

    id: str
    title: str
    authors: tuple[str, ...]
    at: datetime | None = None


@dataclass(frozen=True)
class ChangeList:
    """The commits that are in `until` and not in `since`, newest first, at most `MOST_COMMITS`.

    `is_whole` says that none is missing; `url` is the vendor's own page of it, "" without one.
    """

    since: str
    until: str
    relation: Relation
    commits: tuple[Commit, ...] = ()
    is_whole: bool = True
    url: str = ""
