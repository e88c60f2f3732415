"""Looks at how full the disk of a path on this machine is, as df counts it.

A separate program looks: one that hangs on a network disk can be killed, a thread of ours cannot.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from bot.api import Finding, Standing
from integrations.probes.program import ran
from integrations.probes.wire import Unwell

if TYPE_CHECKING:
    from datetime import datetime

    from bot.api import Endpoint

# stat(1) of a file system: the block's size; blocks, free, free to everybody; inodes, free.
ASKED: Final = ("stat", "-f", "-c", "%S %b %f %a %c %d", "--")
ANSWER: Final = re.compile(r"(\d{1,19}) (\d{1,19}) (\d{1,19}) (\d{1,19}) (\d{1,19}) (\d{1,19})\n")
UNITS: Final = ("B", "KiB", "MiB", "GiB", "TiB")
STEP: Final = 1024


async def disk(endpoint: Endpoint, now: datetime) -> Finding:
    """Ask how much is used and free; where there is no such path, it has failed."""
    del now
    status, said = await ran((*ASKED, endpoint.path))
    if status:
        raise Unwell("has no such path on this machine, or it cannot be read", "path")
    return judged(said, endpoint.fail_above_percent)


def judged(said: str, most: int) -> Finding:
    """Judge blocks and inodes: whichever of them runs out, nothing more can be written."""
    found = ANSWER.fullmatch(said)
    if found is None:
        raise Unwell("cannot be read: stat answers something else", "garbage", Standing.UNKNOWN)
    size, blocks, free, available, inodes, free_inodes = map(int, found.groups())
    # What is kept for root is not free to anybody else: df leaves it out in the same way.
    percent = _share(blocks - free, blocks - free + available)
    percent_inodes = _share(inodes - free_inodes, inodes)
    figures = {
        "percent": str(percent),
        "percent_inodes": str(percent_inodes),
        "free_bytes": str(size * available),
    }
    text = f"is {percent} % full, {_bytes(size * available)} free"
    if percent > most:
        figures["why"] = "full"
        text = f"{text}; more than {most} % may not be"
    elif percent_inodes > most:
        figures["why"] = "inodes"
        text = f"{text}, but {percent_inodes} % of its inodes are used; more than {most} % may not"
    else:
        return Finding(Standing.PASSED, text, figures["percent"], figures)
    return Finding(Standing.FAILED, text, figures["percent"], figures)


def _share(used: int, whole: int) -> int:
    """Return a percentage, rounded up: 99.1 % is as good as full."""
    return -(-100 * used // whole) if whole > 0 else 0


def _bytes(count: int) -> str:
    size, unit = float(count), 0
    while size >= STEP and unit < len(UNITS) - 1:
        size, unit = size / STEP, unit + 1
    return f"{size:.1f} {UNITS[unit]}" if unit else f"{count} B"
