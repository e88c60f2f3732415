"""Every open page and prompt sees the same messages: the web's Messenger, over one event stream."""

from __future__ import annotations

import asyncio
import json
import secrets
from collections import OrderedDict, deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from bot.adapters.web.wire import PLATFORM, fresh, message
from bot.model import Place, Reply
from bot.ports import Clock

REMEMBERED = 256  # updates that a page which was away for a moment can still be given
WAITING = 256  # updates that one slow page may fall behind before it has to come back
TOPICS = 1000
MAX_WATCHERS = 200


@dataclass(frozen=True)
class Update:
    """A message shown or edited; `id` is what a page that comes back names as its last."""

    number: int
    id: str
    ref: str
    data: str


class Watcher:
    """One open stream: what it has not been sent yet. None ends it."""

    def __init__(self) -> None:
        self.queue: asyncio.Queue[Update | None] = asyncio.Queue(WAITING)

    def give(self, update: Update | None) -> None:
        """Add an update; a watcher that fell too far behind is ended and comes back by itself."""
        try:
            self.queue.put_nowait(update)
        except asyncio.QueueFull:
            self.end()

    def end(self) -> None:
        """End the stream, whatever it still waited for."""
        while not self.queue.empty():
            self.queue.get_nowait()
        self.queue.put_nowait(None)


class Live:
    """Shows and edits messages in every open page; keeps nothing that a restart would miss."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._epoch = secrets.token_hex(4)
        self._number = 0
        self._past: deque[Update] = deque(maxlen=REMEMBERED)
        self._latest: OrderedDict[str, tuple[int, Reply]] = OrderedDict()
        self._watchers: set[Watcher] = set()
        self._closed = False

    @property
    def platform(self) -> str:
        """Return the platform's name, as in `Place.platform`."""
        return PLATFORM

    @property
    def number(self) -> int:
        """Return how many updates there have been."""
        return self._number

    @property
    def last_id(self) -> str:
        """Return the id of the newest update, for a page that is drawn now and watches later."""
        return f"{self._epoch}-{self._number}"

    @property
    def is_full(self) -> bool:
        """Say whether one more stream would be too many."""
        return len(self._watchers) >= MAX_WATCHERS

    @property
    def spacing(self) -> float:
        """Return 0: nobody limits the pages."""
        return 0.0

    async def post(self, place: Place, reply: Reply, *, key: str = "") -> str:  # noqa: ARG002 - the console is one place
        """Show a reply in every open page; a topic's message is known by its topic."""
        ref = reply.topic or f"m-{fresh()}"
        self.show(ref, reply)
        return ref

    async def edit(self, place: Place, ref: str, reply: Reply) -> None:  # noqa: ARG002 - as above
        """Replace a message in every open page."""
        self.show(ref, reply)

    def show(self, ref: str, reply: Reply) -> Update:
        """Send a message to every open page: new, or in place of the one with its reference."""
        self._number += 1
        data = {**message(ref, reply, self._clock.now()), "id": self.last_id}
        update = Update(self._number, self.last_id, ref, json.dumps(data, ensure_ascii=False))
        self._past.append(update)
        if reply.topic:
            self._remember(reply.topic, reply)
        for watcher in tuple(self._watchers):
            watcher.give(update)
        return update

    def learn(self, topic: str, reply: Reply) -> None:
        """Take a topic's message as known to every page, without sending it."""
        self._remember(topic, reply)

    def is_news(self, topic: str, reply: Reply, *, read_at: int) -> bool:
        """Say whether a message read from the store is one that the pages do not show yet.

        `read_at` is `number` before the read: what was shown since then is newer than the read.
        """
        number, shown = self._latest.get(topic, (0, None))
        return shown != reply and number <= read_at

    def since(self, last_id: str) -> list[Update] | None:
        """Return what came after an id; None when that cannot be told any more."""
        epoch, _, number = last_id.rpartition("-")
        if epoch != self._epoch or not number.isdecimal() or int(number) > self._number:
            return None
        if self._number - int(number) > len(self._past):
            return None
        return [update for update in self._past if update.number > int(number)]

    @contextmanager
    def watch(self) -> Iterator[Watcher]:
        """Watch until the block ends; a closed house ends every stream at once."""
        watcher = Watcher()
        if self._closed:
            watcher.end()
        self._watchers.add(watcher)
        try:
            yield watcher
        finally:
            self._watchers.discard(watcher)

    def close(self) -> None:
        """End every stream, so that the server can stop without waiting for its readers."""
        self._closed = True
        for watcher in tuple(self._watchers):
            watcher.end()

    def _remember(self, topic: str, reply: Reply) -> None:
        self._latest[topic] = (self._number, reply)
        self._latest.move_to_end(topic)
        while len(self._latest) > TOPICS:
            self._latest.popitem(last=False)
