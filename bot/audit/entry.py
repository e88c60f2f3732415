"""One call of `append` on its way through the writer, and the answer that goes back."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterable
from dataclasses import dataclass, field

from bot.errors import AuditUnavailable
from bot.ports import Drafting, Effect, Recorded


@dataclass(eq=False, slots=True)
class Entry:
    """What one caller asks to have recorded.

    Whoever gets `claim` decides: the writer takes the entry up, or its caller withdraws it, and
    then it is never written. `abandoned` is set by a caller who stopped waiting after that.
    `take_by` is when, on the monotonic clock, it is too late to begin: what would probably be
    abandoned is not written at all, for it would have to be undone with all that goes with it.
    What the log says of itself has neither loop nor future: nobody waits for it.
    """

    draft: Drafting
    effects: tuple[Effect[object], ...]
    loop: asyncio.AbstractEventLoop | None
    future: asyncio.Future[Recorded] | None
    take_by: float
    claim: threading.Lock = field(default_factory=threading.Lock)
    abandoned: bool = False

    def take(self) -> bool:
        """Take the entry up, once; False when it was withdrawn."""
        return self.claim.acquire(blocking=False)

    def give_up(self) -> None:
        """Answer the caller that the deadline has passed; withdraw the entry where possible."""
        if self.future is None or self.future.done():
            return
        if self.take():
            self.future.set_exception(AuditUnavailable("the audit log did not answer in time"))
            return
        self.abandoned = True
        self.future.set_exception(
            AuditUnavailable("the audit log is too slow; the record may still appear in it")
        )


Answer = tuple[Entry, Recorded | BaseException]
"""An entry and what its caller gets."""


def deliver(answers: Iterable[Answer]) -> None:
    """Answer every caller from the writer's thread, waking each event loop once."""
    by_loop: dict[asyncio.AbstractEventLoop, list[Answer]] = {}
    for answer in answers:
        if answer[0].loop is not None:
            by_loop.setdefault(answer[0].loop, []).append(answer)
    for loop, group in by_loop.items():
        if not loop.is_closed():
            loop.call_soon_threadsafe(_settle, group)


def _settle(answers: list[Answer]) -> None:
    for entry, answer in answers:
        if entry.future is None or entry.future.done():
            continue
        if isinstance(answer, BaseException):
            entry.future.set_exception(answer)
        else:
            entry.future.set_result(answer)
