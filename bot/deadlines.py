"""Deadlines of a few fixed lengths, nearly none of which ever passes: each costs next to nothing.

A timer of the event loop is made, sorted in and cancelled for every wait. Here waits of one length
stand in line, for they end in the order in which they began, and one timer serves the line.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeAlias

Wait: TypeAlias = tuple[float, "asyncio.Future[Any]", Callable[[], None]]


@dataclass(slots=True)
class _Line:
    """Waits of one length, the first to end first; `timer` is for the first of them."""

    waits: deque[Wait] = field(default_factory=deque)
    timer: asyncio.TimerHandle | None = None


class Deadlines:
    """Deadlines of whoever owns this, in whatever event loops they wait."""

    def __init__(self) -> None:
        self._lines: dict[tuple[asyncio.AbstractEventLoop, float], _Line] = {}

    def add(
        self,
        loop: asyncio.AbstractEventLoop,
        seconds: float,
        awaited: asyncio.Future[Any],
        late: Callable[[], None],
    ) -> None:
        """Call `late` in `seconds`, in the running `loop`, unless `awaited` is done by then."""
        line = self._lines.get((loop, seconds))
        if line is None:
            line = self._lines[loop, seconds] = _Line()
        waits = line.waits
        while waits and waits[0][1].done():
            waits.popleft()
        when = loop.time() + seconds
        waits.append((when, awaited, late))
        if line.timer is None:
            line.timer = loop.call_at(when, _look, loop, line)


def _look(loop: asyncio.AbstractEventLoop, line: _Line) -> None:
    """Call what is late, and wait for the next."""
    now, waits = loop.time(), line.waits
    while waits and (waits[0][1].done() or waits[0][0] <= now):
        _, awaited, late = waits.popleft()
        if not awaited.done():
            late()
    line.timer = loop.call_at(waits[0][0], _look, loop, line) if waits else None
