"""What one check found, and the mend of what is not well."""

from __future__ import annotations

import enum
from dataclasses import dataclass


class State(enum.StrEnum):
    """How it is: well; well for now; not well; or not looked at, and why."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"
    SKIP = "skip"


@dataclass(frozen=True)
class Finding:
    """One line: the check's name (its group first), what was looked at, and the mend.

    Whatever is not `ok` says its mend: the command to type or the way to click.
    """

    name: str
    state: State
    text: str
    mend: str = ""

    def __post_init__(self) -> None:
        """Refuse a finding that leaves its reader alone."""
        if (self.state is State.OK) == bool(self.mend):
            raise ValueError(f"{self.name}: {self.state} with mend {self.mend!r}")


def ok(name: str, text: str) -> Finding:
    """Return that all is well."""
    return Finding(name, State.OK, text)


def warn(name: str, text: str, mend: str) -> Finding:
    """Return what works and will not do so for ever, or is not as it should be."""
    return Finding(name, State.WARN, text, mend)


def fail(name: str, text: str, mend: str) -> Finding:
    """Return what does not work."""
    return Finding(name, State.FAIL, text, mend)


def skip(name: str, text: str, mend: str) -> Finding:
    """Return what cannot be known from here; `mend` says how to know it."""
    return Finding(name, State.SKIP, text, mend)
