"""Compares the log with what its anchors hold, and has them hold what it became."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

import structlog

from bot.audit.anchors.anchor import ROLLBACK, Closing, Disagrees, Grown, compare
from bot.audit.note import unverified
from bot.errors import AuditUnavailable, Conflict, IntegrationError, Rejected

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from bot.audit.anchors.anchor import Anchor
    from bot.audit.note import Checkpoint
    from bot.ports import Clock

LOG = structlog.get_logger(__name__)
EMPTY = (
    "it holds no checkpoint, and this log is not new: if nobody took it away, run "
    "`wardroom audit anchor --begin`"
)
STRANGE = "what it holds is no checkpoint; see docs/operations.md (Anchors)"


class View(Grown, Protocol):
    """What the keeper reads of our log: where it ends, and how it came there."""

    async def head(self) -> str:
        """Return the signed checkpoint of now, "" where the log is still empty."""
        ...


@dataclass(frozen=True)
class State:
    """What is known of an anchor: when it last held our log, at which size, what is wrong."""

    name: str
    at: datetime | None = None
    size: int = 0
    trouble: str = ""


class Keeper:
    """Looks after every anchor. `halt` is called with a sentence where one of them disagrees."""

    def __init__(
        self,
        anchors: Sequence[Anchor],
        view: View,
        clock: Clock,
        halt: Callable[[str], None],
    ) -> None:
        self._anchors, self._view, self._clock, self._halt = anchors, view, clock, halt
        self._states = {anchor.name: State(anchor.name) for anchor in anchors}
        self._is_new: set[str] = set()
        self._given: dict[str, str] = {}

    @property
    def states(self) -> Sequence[State]:
        """What is known of each anchor, in the order of the settings."""
        return tuple(self._states.values())

    @property
    def trouble(self) -> str:
        """What is wrong with which anchor, "" while all is well."""
        return "; ".join(f"{state.name}: {state.trouble}" for state in self.states if state.trouble)

    def age(self, name: str) -> float:
        """Return how many seconds ago an anchor was last known to hold our log; NaN for never."""
        at = self._states[name].at
        return (self._clock.now() - at).total_seconds() if at else math.nan

    async def check(self) -> None:
        """Compare before anything is written; `Disagrees` where an anchor knows another log."""
        note = await self._view.head()
        for anchor in self._anchors:
            try:
                held = await self._held(anchor, note)
            except IntegrationError as error:
                self._troubled(anchor, error.text)
                continue
            if held is None and not note and anchor.is_asked:
                self._is_new.add(anchor.name)

    async def begin(self) -> Sequence[State]:
        """Have every anchor that holds nothing hold what the log is now: a person looked at it."""
        self._is_new.update(self._states)
        await self.look(now=True)
        return self.states

    async def look(self, *, now: bool = False) -> None:
        """Compare and keep at every anchor whose time has come, or at all of them `now`."""
        for anchor in self._anchors:
            last = self._states[anchor.name].at
            waited = (self._clock.now() - last).total_seconds() if last else anchor.every
            if now or waited >= anchor.every:
                await self._keep(anchor)

    async def held(self) -> Mapping[str, Checkpoint]:
        """Return the checkpoint that each anchor holds, compared with nothing."""
        found: dict[str, Checkpoint] = {}
        for anchor in self._anchors:
            try:
                note = await anchor.held()
                if note is not None:
                    found[anchor.name] = unverified(note)
            except (IntegrationError, ValueError) as error:
                self._troubled(anchor, str(error))
        return found

    async def compared(self) -> str:
        """Compare with every anchor now, keep where that is due, and say how it is anchored."""
        try:
            await self.check()
        except Disagrees as error:
            self._halt(str(error))
            raise
        await self.look(now=True)
        return await self.said()

    async def close(self) -> None:
        """Close what the anchors hold open."""
        for anchor in self._anchors:
            if isinstance(anchor, Closing):
                await anchor.close()

    async def said(self) -> str:
        """Return "Last anchored 42 s ago by 2 of 3; 7 events are not anchored yet"."""
        note = await self._view.head()
        size = unverified(note).size if note else 0
        return summary(self.states, size, self._clock.now())

    async def _keep(self, anchor: Anchor) -> None:
        note = await self._view.head()
        if not note:
            return
        size = unverified(note).size
        try:
            held = await self._held(anchor, note)
            if held is None and anchor.is_asked and anchor.name not in self._is_new:
                self._troubled(anchor, self._states[anchor.name].trouble or EMPTY)
                return
            if note not in {held, self._given.get(anchor.name)}:
                await anchor.keep(note, after=held, log=self._view)
        except Disagrees as error:
            self._troubled(anchor, str(error))
            self._halt(str(error))
        except Conflict:
            return  # a twin was faster: the next look compares with what it left there
        except (IntegrationError, AuditUnavailable) as error:
            self._troubled(anchor, str(error))
        else:
            self._is_new.discard(anchor.name)
            self._given[anchor.name] = "" if anchor.is_asked else note
            self._states[anchor.name] = State(anchor.name, self._clock.now(), size)

    async def _held(self, anchor: Anchor, note: str) -> str | None:
        """Return what an anchor holds, compared with our log; None where it holds nothing."""
        held = await anchor.held()
        if held is None:
            return None
        try:
            kept = unverified(held)
        except ValueError as error:
            raise Rejected(STRANGE) from error
        if not note:
            raise Disagrees(ROLLBACK, anchor.name, f"that one had {kept.size} events, ours none")
        await compare(anchor.name, kept, unverified(note), self._view)
        return held

    def _troubled(self, anchor: Anchor, why: str) -> None:
        state = self._states[anchor.name]
        if state.trouble != why:
            LOG.warning("an anchor of the audit log is in trouble", anchor=anchor.name, why=why)
        self._states[anchor.name] = replace(state, trouble=why)


def summary(states: Sequence[State], size: int, now: datetime) -> str:
    """Return "Last anchored 42 s ago by 2 of 3; 7 events are not anchored yet"."""
    if not states:
        return (
            "The log is anchored nowhere: whoever holds its machine and key can replace it whole."
        )
    reached = [state for state in states if state.at is not None]
    if not reached:
        return f"Not anchored since the start by any of {len(states)}; {size} events are not."
    newest = max(state.size for state in reached)
    last = max(state.at for state in reached if state.at is not None)
    well = sum(not state.trouble for state in reached)
    ago = max(int((now - last).total_seconds()), 0)
    said = f"Last anchored {ago} s ago by {well} of {len(states)}"
    left = max(size - newest, 0)
    return f"{said}; events {newest + 1} to {size} are not anchored yet." if left else f"{said}."
