"""Send the hospital's patient moves to their receiver, in order, from a queue on disk."""

from __future__ import annotations

import asyncio
import datetime as dt

import mllp
import runtime
from adt_messages import stays
from backups import Backups
from outbound import Outbound

SECONDS_BETWEEN = {"production": 5.0, "test": 20.0}
SECONDS_BEFORE_RETRY = 2.0


class Feed:
    """The feed's two ends: messages come in on a clock and go out when the receiver takes them."""

    def __init__(self, queue: Outbound, receiver: int) -> None:
        self.queue = queue
        self.receiver = receiver
        self.sent = 0
        self._arrived = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    def run(self, seconds: float, backups: Backups) -> None:
        """Queue a message every so many seconds, send for ever, and keep a copy of the queue."""
        works = (admit(self, seconds), self.drain(), backups.keep())
        self._tasks = [asyncio.create_task(work) for work in works]

    def close(self) -> None:
        """Stop both ends; what was not sent stays on disk."""
        for task in self._tasks:
            task.cancel()
        self.queue.close()

    def add(self, body: str) -> None:
        """Queue one message."""
        self.queue.put(body)
        self._arrived.set()

    async def send_one(self) -> bool:
        """Send the oldest message; False when the receiver did not answer and it still waits."""
        waiting = self.queue.next()
        if waiting is None:
            return True
        number, body = waiting
        try:
            code = verdict(await mllp.send(body, self.receiver))
        except (OSError, TimeoutError, ValueError, asyncio.IncompleteReadError):
            return False
        if code == "AA":
            self.queue.sent(number)
            self.sent += 1
        else:
            self.queue.refuse(number, code)
        return True

    async def drain(self) -> None:
        """Send for ever, oldest first."""
        while True:
            self._arrived.clear()
            while self.queue.depth():
                if not await self.send_one():
                    await asyncio.sleep(SECONDS_BEFORE_RETRY)
            await self._arrived.wait()


def verdict(acknowledgement: str) -> str:
    """Return the code of an acknowledgement; `ValueError` when it is none."""
    for segment in acknowledgement.split("\r"):
        fields = segment.split("|")
        if fields[0] == "MSA" and len(fields) > 1:
            return fields[1]
    raise ValueError("an acknowledgement has an MSA segment")


async def admit(feed: Feed, seconds: float) -> None:
    """Queue a message every so many seconds."""
    for body in stays(lambda: dt.datetime.now(dt.UTC)):
        feed.add(body)
        await asyncio.sleep(seconds)


async def start(site: runtime.Site, health: runtime.Health) -> runtime.Work:
    """Open the queue and start both ends of the feed."""
    feed = Feed(Outbound(site.data / "outbound.sqlite"), site.peers["lab-results"])
    health.counts["queue_depth"] = feed.queue.depth
    health.counts["refused"] = feed.queue.refused
    health.counts["sent"] = lambda: feed.sent
    backups = Backups(site.data / "outbound.sqlite", site.data / "backup" / "outbound.sqlite")
    health.times["backup_finished"] = backups.finished
    feed.run(SECONDS_BETWEEN[site.environment], backups)
    return feed


if __name__ == "__main__":
    runtime.main("adt-feed", start)
