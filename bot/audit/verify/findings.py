"""What verifying needs to know of a log, and what it finds."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

TILE: Final = 256
"""Events whose hash is kept, so that damage can be narrowed down."""

HASH_BYTES: Final = 32
MAX_PROBLEMS: Final = 20

WHOLE: Final = 0
NOT_WHOLE: Final = 1
UNREADABLE: Final = 2
UNANCHORED: Final = 3

COMPLETENESS: Final = ("FORK", "ROLLBACK")
"""The verdicts that speak against completeness; all others speak against integrity."""


class Unreadable(Exception):
    """The file, or something beside it, cannot be read as what it should be."""


@dataclass(frozen=True)
class Head:
    """What a log says of itself, or once said: its size, its root, and hashes on the way to it.

    `tiles` are those of each complete group of `span` events: 256, or 256 times a power of two.
    """

    size: int
    root: bytes
    tiles: Iterable[bytes] = ()
    span: int = TILE
    origin: str = ""


@dataclass
class Findings:
    """What verifying found: the log's real size and root, and what is wrong, first things first.

    `first_bad` is the first broken sequence number; where only a range is known, its first.
    `names` are the verdicts that the problems come to. `anchored` is the size of the newest kept
    checkpoint that the log has grown from; None where there was none to compare with, 0 where
    none could be compared. `part` says which events were looked at where that is not all of them;
    `gone` how many of them the log pruned, and `pruned` what it says of that.
    """

    size: int = 0
    root: str = ""
    problems: list[str] = field(default_factory=list)
    first_bad: int | None = None
    more: int = 0
    names: list[str] = field(default_factory=list)
    anchored: int | None = None
    signed_by: Sequence[str] = ()
    part: str = ""
    gone: str = ""
    pruned: list[str] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Say whether nothing is wrong; the youngest events may still be unanchored."""
        return not self.problems

    @property
    def is_complete(self) -> bool:
        """Say whether nothing speaks against completeness."""
        return not set(self.names) & set(COMPLETENESS)

    @property
    def is_intact(self) -> bool:
        """Say whether nothing speaks against integrity."""
        return set(self.names) <= set(COMPLETENESS)

    @property
    def unanchored(self) -> tuple[int, int] | None:
        """Return the events that no kept checkpoint vouches for."""
        first = (self.anchored or 0) + 1
        return (first, self.size) if first <= self.size else None

    @property
    def exit_code(self) -> int:
        """Return what a program exits with."""
        if not self.ok:
            return NOT_WHOLE
        is_asked = self.anchored is not None
        return UNANCHORED if is_asked and self.unanchored else WHOLE

    def copy(self) -> Findings:
        """Return the same, to be added to."""
        return replace(self, problems=[*self.problems], names=[*self.names], pruned=[*self.pruned])

    def add(self, name: str, problem: str, seq: int | None = None, *, always: bool = False) -> None:
        """Note a problem, and the event where it begins; some are said however many there are."""
        if seq is not None and (self.first_bad is None or seq < self.first_bad):
            self.first_bad = seq
        if name not in self.names:
            self.names.append(name)
        if always or len(self.problems) < MAX_PROBLEMS:
            self.problems.append(problem)
        else:
            self.more += 1

    def compare(self, kept: Head, root: bytes, origin: str) -> None:
        """Note whether the log was, at the size of something kept, what was kept of it."""
        if kept.origin and origin and kept.origin != origin:
            said = f"this is the log {shown(origin)}; what was kept is of {shown(kept.origin)}"
            self.add("FORK", said, always=True)
        elif root != kept.root:
            said = f"the first {kept.size} events are not those that were noted"
            self.add("FORK", said, always=True)
        else:
            self.anchored = max(self.anchored or 0, kept.size)

    def went_back(self, kept: Head, size: int) -> None:
        """Note that the log was longer when something was kept of it."""
        said = f"the log went back: it once had {kept.size} events"
        self.add("ROLLBACK", said, size + 1, always=True)


def report(findings: Findings) -> list[str]:
    """Return what was found, as lines to print: a line for each verdict, then what is wrong."""
    more = [f"- and {findings.more} more"] if findings.more else []
    problems = [f"- {problem}" for problem in findings.problems]
    return [_integrity(findings), _completeness(findings), *problems, *more, *findings.pruned]


def _integrity(findings: Findings) -> str:
    if not findings.is_intact:
        names = ", ".join(name for name in findings.names if name not in COMPLETENESS)
        first = "" if findings.first_bad is None else f", from event {findings.first_bad} on"
        return f"integrity: NOT whole{first}: {names}"
    what = findings.part or f"{findings.size} events"
    if findings.gone:
        what = f"{what} ({findings.gone})"
    by = "compared with what it says of itself: no key was given"
    if findings.signed_by:
        by = f"signed by {', '.join(findings.signed_by)}"
    return f"integrity: whole: {what}, root {findings.root}, {by}"


def _completeness(findings: Findings) -> str:
    if not findings.is_complete:
        names = ", ".join(name for name in findings.names if name in COMPLETENESS)
        return f"completeness: NOT the log that was kept elsewhere: {names}"
    window = findings.unanchored
    if window is None:
        return f"completeness: all {findings.size} events are those kept elsewhere"
    younger = f"UNANCHORED {window[0]}..{window[1]}"
    if findings.anchored is None:
        return f"completeness: {younger}: nothing kept elsewhere was given to compare with"
    if findings.anchored == 0:
        return f"completeness: {younger}: what was kept elsewhere cannot be compared"
    return f"completeness: {younger}: the first {findings.anchored} are those kept elsewhere"


def shown(text: str) -> str:
    """Return a text that somebody else wrote, safe for a terminal."""
    return "".join(each if " " <= each <= "~" else f"\\u{ord(each):04x}" for each in text)
