"""Events whose content the log's own retention took out: their hashes stay, and the tree with them.

That the content of an event may be gone is said by an event of the kind `prune` behind it, which is
in the tree like every other. What no such event names must have its content.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Final

from bot.audit.verify.findings import HASH_BYTES, Findings, shown

GONE: Final = b"{}"
"""What a log has in the place of a pruned event's bytes; no event is written so."""

Run = tuple[int, int]
"""Neighbouring events: the first and the last."""

_MARK: Final = b'"kind":"prune"'
_LINE: Final = b'{"pruned":"'
_SHOWN: Final = 10
_MOST: Final = 5  # runs of events that are named as a problem each
_SINCE: Final = datetime(1970, 1, 1, tzinfo=timezone.utc)  # noqa: UP017 - an auditor may have 3.9


@dataclass(frozen=True)
class Pruning:
    """What an event of the kind `prune` says: which events were pruned, and where they went."""

    seq: int
    ts: int
    runs: Sequence[Run]
    archive: str
    sha256: str

    @classmethod
    def read(cls, body: bytes) -> Pruning:
        """Read an event; ValueError where it is no such event, or names what follows it."""
        try:
            event = json.loads(body)
            said = event["params"]
            if event["kind"] != "prune":
                raise ValueError("another kind")
            runs = runs_of(str(said["events"]))
            seq, ts = int(event["seq"]), int(event["ts"])
            made = cls(seq, ts, runs, str(said["archive"]), str(said["sha256"]))
        except (KeyError, TypeError, RecursionError) as error:
            raise ValueError("it does not say what was pruned") from error
        if made.runs[-1][1] >= seq:
            raise ValueError("it names what follows it")
        return made

    def __str__(self) -> str:
        day = (_SINCE + timedelta(microseconds=self.ts)).strftime("%Y-%m-%d")
        where = f"archive {shown(self.archive)}, sha256 {shown(self.sha256)}"
        return f"{named_runs(self.runs)} pruned on {day} (event {self.seq}), {where}"


class Pruned:
    """What is gone, and what the log's own events say of it, as both come by in order."""

    def __init__(self) -> None:
        self._gone: list[Run] = []
        self._said: list[Pruning] = []

    @property
    def is_any(self) -> bool:
        """Say whether something is gone; what the log says of it follows."""
        return bool(self._gone)

    def miss(self, first: int, last: int) -> None:
        """Note that events have no content."""
        if self._gone and self._gone[-1][1] == first - 1:
            first = self._gone.pop()[0]
        self._gone.append((first, last))

    def hear(self, body: bytes) -> None:
        """Note what an event that is in the tree says was pruned, if it says so."""
        if _MARK not in body:
            return
        try:
            self._said.append(Pruning.read(body))
        except ValueError:
            return  # then what it would have spoken for is found missing

    def judge(self, findings: Findings) -> None:
        """Note what is gone without a word of the log, and describe the rest."""
        allowed = joined(run for each in self._said for run in each.runs)
        missing = without(self._gone, allowed)
        for run in missing[:_MOST]:
            said = f"the content of {named_runs([run])} is gone: no event says it was pruned"
            findings.add("BODY", said, run[0], always=True)
        if missing[_MOST:]:
            findings.add("BODY", f"and of {counted(missing[_MOST:])} more events", always=True)
        gone = counted(self._gone) - counted(missing)
        if gone:
            findings.pruned = [str(each) for each in self._said[-_SHOWN:]]
            last = without(self._gone, missing)[-1][1]
            findings.gone = f"{gone} of them pruned, up to event {last}"


def row_of(line: bytes) -> tuple[int | None, bytes, bytes | None]:
    """Return an event of an export as a row; a pruned one stands there as its number and hash."""
    if not line.startswith(_LINE):
        return None, line, None
    try:
        said = json.loads(line)
        leaf, seq = bytes.fromhex(said["pruned"]), said["seq"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return None, line, None
    if line != line_of(seq, leaf) or len(leaf) != HASH_BYTES:
        return None, line, None
    return seq, GONE, leaf


def line_of(seq: int, leaf: bytes) -> bytes:
    """Return what stands in an export for a pruned event."""
    return b'%s%s","seq":%d}' % (_LINE, leaf.hex().encode(), seq)


def runs_of(text: str) -> list[Run]:
    """Read runs of events as they are written: 1-4,6,8-9; ValueError."""
    runs: list[Run] = []
    for part in text.split(","):
        first, dash, last = part.partition("-")
        if not (first + last).isascii() or not (first + last).isdigit():
            raise ValueError("these are no numbers of events")
        run = int(first), int(last if dash else first)
        if not (runs[-1][1] if runs else 0) < run[0] <= run[1]:
            raise ValueError("these numbers do not go up")
        runs.append(run)
    return runs


def written_runs(runs: Iterable[Run]) -> str:
    """Return runs of events as they are written."""
    return ",".join(f"{a}-{b}" if a < b else f"{a}" for a, b in runs)


def joined(runs: Iterable[Run]) -> list[Run]:
    """Return the same events in as few runs as possible, in order."""
    found: list[Run] = []
    for first, last in sorted(runs):
        if found and first <= found[-1][1] + 1:
            found[-1] = found[-1][0], max(last, found[-1][1])
        else:
            found.append((first, last))
    return found


def without(runs: Sequence[Run], others: Sequence[Run]) -> list[Run]:
    """Return the events of some runs that are in none of the others; both are in order."""
    found: list[Run] = []
    at = 0
    for first, last in runs:
        while first <= last:
            while at < len(others) and others[at][1] < first:
                at += 1
            if at == len(others) or others[at][0] > last:
                found.append((first, last))
                break
            if others[at][0] > first:
                found.append((first, others[at][0] - 1))
            first = others[at][1] + 1  # noqa: PLW2901 - what is left of this run
    return found


def counted(runs: Iterable[Run]) -> int:
    """Return how many events are in some runs."""
    return sum(last - first + 1 for first, last in runs)


def named_runs(runs: Sequence[Run]) -> str:
    """Return how to speak of some events."""
    (first, _), (_, last) = runs[0], runs[-1]
    if first == last:
        return f"event {first}"
    if len(runs) == 1:
        return f"events {first} to {last}"
    return f"{counted(runs)} of the events {first} to {last}"
