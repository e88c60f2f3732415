"""Carries letters to the chat platforms: durably, in order, no faster than a platform takes them.

A letter waits in the store until its place shows its topic's newest version. One message is under
way per channel; what a platform says about when to come back is obeyed; a platform that does not
answer is asked less and less often, and after two minutes that is said, and the letters that wait
for it are shown on the other platform, where the settings name a place there.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import structlog

from bot.errors import IntegrationError, Rejected, StoreFailed, Throttled
from bot.moments import written

if TYPE_CHECKING:
    from bot.model import Place, Reply
    from bot.ports import Clock, Messenger
    from bot.stores import Letter, Letters

LOG = structlog.get_logger(__name__)
# A letter in flight is nobody else's for so long; an edit that is made twice does no harm.
POST_LEASE, EDIT_LEASE = timedelta(seconds=60), timedelta(seconds=15)
LOOK = 5.0  # seconds between two looks at the store where nothing asks for one
FIRST_WAIT, LONGEST_WAIT = 1.0, 60.0  # seconds between two tries at a platform
KEPT = timedelta(days=1)  # a letter that could not be delivered for so long is dead
FAULTS = 10  # tries of a letter that fails for a reason of ours
MOVED = 1000  # letters of a platform that is down are shown elsewhere at most
DOWN = timedelta(minutes=2)  # without an answer, until a platform is said to be down


@dataclass
class _Platform:
    """How a platform is doing: since when it has not answered, and when to ask it again."""

    silent_since: datetime | None = None
    failures: int = 0
    resume: datetime | None = None
    trouble: str = ""
    moved: set[int] = field(default_factory=set)  # letters that are shown elsewhere meanwhile


@dataclass
class Outbox:
    """The one that posts and edits; several of them may share a store.

    `failover` names, by platform, a place on another one where its letters are shown as well
    while it is down.
    """

    letters: Letters
    messengers: dict[str, Messenger]
    clock: Clock
    failover: Mapping[str, Place] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Begin with every platform well."""
        self._wake = asyncio.Event()
        self._platforms: dict[str, _Platform] = {}
        self._busy: dict[tuple[str, str], asyncio.Task[None]] = {}
        self._task: asyncio.Task[None] | None = None
        self._closing = False

    def start(self) -> None:
        """Begin to deliver what waits."""
        self._task = asyncio.create_task(self._run())

    async def close(self, grace: float = 5.0) -> None:
        """Stop after what is in flight; the rest is delivered by the next start."""
        self._closing = True
        self.nudge()
        if self._task is not None:
            await self._task
        flying = list(self._busy.values())
        if flying:
            await asyncio.wait(flying, timeout=grace)
        for task in flying:
            task.cancel()
        await asyncio.gather(*flying, return_exceptions=True)

    def nudge(self) -> None:
        """Look now: something waits."""
        self._wake.set()

    def trouble(self) -> Mapping[str, str]:
        """Return the platforms that are down, with one sentence each."""
        now = self.clock.now()
        return {
            name: f"no answer since {written(platform.silent_since)}: {platform.trouble}"
            for name, platform in self._platforms.items()
            if platform.silent_since is not None and now - platform.silent_since >= DOWN
        }

    async def _run(self) -> None:
        while not self._closing:
            self._wake.clear()
            try:
                wait = await self._round()
            except Exception:
                LOG.exception("the outbox could not be read")
                wait = LOOK
            try:
                async with asyncio.timeout(wait):
                    await self._wake.wait()
            except TimeoutError:
                continue

    async def _round(self) -> float:
        """Start what can be delivered now; return the seconds until the next look."""
        now = self.clock.now()
        await self._fail_over(now)
        held: set[tuple[str, str, str]] = set()
        moments = [p.resume for p in self._platforms.values() if p.resume and p.resume > now]
        for letter in await self.letters.waiting(self._open(now)):
            place = letter.place
            thread = place.platform, place.channel, place.thread
            if letter.due > now:
                moments.append(letter.due)
            elif thread not in held and _channel(letter) not in self._busy:
                await self._begin(letter, now)
            # Within a thread, what is still to be shown comes before what came later.
            held.add(thread)
        return min([LOOK, *((at - now).total_seconds() for at in moments)])

    def _open(self, now: datetime) -> list[str]:
        """Return the platforms that may be asked now."""
        resumes = {name: platform.resume for name, platform in self._platforms.items()}
        return [name for name in self.messengers if (resumes.get(name) or now) <= now]

    async def _begin(self, letter: Letter, now: datetime) -> None:
        lease = EDIT_LEASE if letter.ref else POST_LEASE
        if taken := await self.letters.take(letter, now + lease):
            self._busy[_channel(letter)] = asyncio.create_task(self._deliver(*taken))

    async def _deliver(self, letter: Letter, reply: Reply) -> None:
        try:
            await self._try(letter, reply)
        except StoreFailed:
            # The lease ends, and the letter is tried again under the same key.
            LOG.exception("what became of a message could not be noted", topic=letter.topic)
        finally:
            del self._busy[_channel(letter)]
            self.nudge()

    async def _try(self, letter: Letter, reply: Reply) -> None:
        place, messenger = letter.place, self.messengers[letter.place.platform]
        try:
            ref = letter.ref
            if ref:
                await messenger.edit(place, ref, reply)
            else:
                ref = await messenger.post(place, reply, key=letter.key)
        except Rejected as error:
            self._platforms.pop(place.platform, None)  # it answered
            LOG.warning("a message was refused", topic=letter.topic, why=error.text)
            await self.letters.bury(letter, error.text)
        except IntegrationError as error:
            await self._later(letter, error)
        except Exception as error:  # noqa: BLE001 - the worker's edge: the others go on
            await self._fault(letter, error)
        else:
            self._platforms.pop(place.platform, None)
            await self.letters.sent(letter, ref)
            await asyncio.sleep(messenger.spacing)

    async def _later(self, letter: Letter, error: IntegrationError) -> None:
        now, name = self.clock.now(), letter.place.platform
        platform = self._platform(name)
        wait: float
        if isinstance(error, Throttled):
            platform = self._platforms[name] = _Platform()  # it answered
            wait = error.seconds
        else:
            platform.silent_since = platform.silent_since or now
            platform.failures += 1
            wait = min(FIRST_WAIT * 2 ** (platform.failures - 1), LONGEST_WAIT)
            wait *= random.uniform(0.75, 1.25)  # noqa: S311 - so that replicas do not ask in step
        platform.trouble, platform.resume = error.text, now + timedelta(seconds=wait)
        if platform.silent_since is not None and now - platform.silent_since > KEPT:
            await self.letters.bury(letter, error.text)
        else:
            await self.letters.delay(letter, platform.resume, error.text)

    async def _fault(self, letter: Letter, error: Exception) -> None:
        """Try a letter that failed for a reason of ours a few times, then give it up visibly."""
        kind = type(error).__name__  # its words may quote the message
        LOG.error("a message could not be sent", topic=letter.topic, error=kind)
        if letter.tries + 1 >= FAULTS:
            await self.letters.bury(letter, kind)
        else:
            due = self.clock.now() + timedelta(seconds=FIRST_WAIT * 2**letter.tries)
            await self.letters.delay(letter, due, kind)

    async def _fail_over(self, now: datetime) -> None:
        down = [name for name in self.trouble() if name in self.failover]
        for letter in await self.letters.waiting(down, limit=MOVED) if down else ():
            name = letter.place.platform
            if letter.id not in self._platform(name).moved:
                place = self.failover[name]
                await self.letters.begin(letter.topic, place, due=now, urgent=letter.urgent)
                self._platform(name).moved.add(letter.id)

    def _platform(self, name: str) -> _Platform:
        return self._platforms.setdefault(name, _Platform())


def _channel(letter: Letter) -> tuple[str, str]:
    return letter.place.platform, letter.place.channel
