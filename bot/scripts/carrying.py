"""Has a call carried out: once, for so long at most, until somebody has it stopped."""

from __future__ import annotations

import asyncio
import enum
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from bot.errors import Rejected, Unreachable
from bot.scripts.output import Output

if TYPE_CHECKING:
    from bot.model.scripts import Call, Script
    from bot.ports.scripts import Reacher
    from bot.scripts.output import Kept

ENDING_SECONDS: Final = 30.0
"""How long the end of a call may take before nobody waits for it any more."""


class End(enum.StrEnum):
    """How a call ended."""

    DONE = "done"
    TIMED_OUT = "timed_out"
    STOPPED = "stopped"
    NOT_STARTED = "not_started"
    LOST = "lost"


@dataclass(frozen=True)
class Came:
    """What a call came to; the code is None where there is none. `text` says why, for people."""

    end: End
    code: int | None
    kept: Kept
    text: str = ""


async def _never() -> None:
    await asyncio.Event().wait()


async def carry(
    reacher: Reacher,
    script: Script,
    call: Call,
    stopped: Callable[[], Awaitable[None]] = _never,
) -> Came:
    """Carry it out; `stopped` returns when somebody wants its end."""
    output = Output()
    work = asyncio.create_task(reacher.run(call, output.take))
    stop = asyncio.ensure_future(stopped())
    try:
        both = {work, stop}
        await asyncio.wait(
            both, timeout=script.timeout_seconds, return_when=asyncio.FIRST_COMPLETED
        )
        end = End.DONE if work.done() else End.STOPPED if stop.done() else End.TIMED_OUT
        code, end, text = await _ended(work, end, script.timeout_seconds)
    finally:
        stop.cancel()
        if not work.done():  # we are closing ourselves: it is not left running alone
            work.cancel()
            await asyncio.wait({work}, timeout=ENDING_SECONDS)
    # A long one takes a moment to read, in which nothing else would be answered.
    kept = await asyncio.to_thread(output.kept, script.secrets)
    return Came(end, code, kept, text)


async def _ended(work: asyncio.Task[int], end: End, limit: int) -> tuple[int | None, End, str]:
    if end is not End.DONE:
        work.cancel()
        await asyncio.wait({work}, timeout=ENDING_SECONDS)
        if not work.done():
            return None, End.LOST, "It was told to end, and nothing says that it did."
        if not work.cancelled() and isinstance(work.exception(), Unreachable):
            return None, End.LOST, f"It was told to end. {work.exception()}"
        text = f"It had {limit} seconds." if end is End.TIMED_OUT else ""
        return None, end, text
    try:
        return work.result(), End.DONE, ""
    except Rejected as error:
        return None, End.NOT_STARTED, error.text
    except Unreachable as error:
        return None, End.LOST, error.text
