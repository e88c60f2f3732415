"""The topics that the console shows, and the event stream that keeps them current."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass

import structlog
from fastapi.sse import format_sse_event
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from bot.adapters.web.live import Live, Watcher
from bot.adapters.web.wire import message, refused
from bot.errors import StoreFailed
from bot.model import Json, Reason
from bot.ports import Clock
from bot.stores import TopicReader

log = structlog.get_logger(__name__)

RECENT = 30
KEEP_ALIVE_SECONDS = 10.0
RETRY_MILLISECONDS = 2000


@dataclass
class Feed:
    """Joins the store of topics and the live messages into one stream.

    Another replica publishes without our hearing of it: every keep-alive looks at the store, so
    that nothing stays unseen for longer than that.
    """

    live: Live
    topics: TopicReader
    clock: Clock
    keep_alive_seconds: float = KEEP_ALIVE_SECONDS
    _has_read: bool = False

    async def recent(self) -> list[dict[str, Json]]:
        """Return the newest topics' messages, oldest first; what is news goes to every page."""
        number, head = self.live.number, self.live.last_id
        at = self.clock.now()
        found = await self.topics.recent(limit=RECENT)
        for topic, reply in found:
            if not self._has_read:
                self.live.learn(topic, reply)
            elif self.live.is_news(topic, reply, read_at=number):
                self.live.show(topic, reply)
        self._has_read = True
        # The store does not say when; a time that is not known is not shown.
        return [{**message(topic, reply, at), "at": "", "id": head} for topic, reply in found]

    async def events(self, request: Request) -> Response:
        """Answer `GET /api/events`: messages as they are shown and edited."""
        if self.live.is_full:
            return refused(Reason.UNAVAILABLE, "Too many pages are open already.", 503)
        # A browser that comes back names its last event; the first time the page names it.
        last = request.headers.get("last-event-id") or request.query_params.get("after", "")
        return StreamingResponse(
            self._stream(last),
            media_type="text/event-stream",
            headers={"X-Accel-Buffering": "no"},
        )

    async def _stream(self, last: str) -> AsyncIterator[bytes]:
        with self.live.watch() as watcher:
            if not self._has_read:
                await self.recent()
            # Only a newcomer is told where we are: the others name an event they really had.
            now = None if last else self.live.last_id
            yield format_sse_event(event="hello", data_str="{}", id=now, retry=RETRY_MILLISECONDS)
            sent, missed = await self._missed(last)
            for chunk in missed:
                yield chunk
            async for chunk in self._coming(watcher, sent):
                yield chunk

    async def _missed(self, last: str) -> tuple[int, list[bytes]]:
        number, head = self.live.number, self.live.last_id
        missed = self.live.since(last) if last else []
        if missed is not None:
            return number, [format_sse_event(data_str=one.data, id=one.id) for one in missed]
        # The page comes from before a restart, or was away for too long: start over.
        return number, [
            format_sse_event(data_str=json.dumps(one, ensure_ascii=False), id=head)
            for one in await self.recent()
        ]

    async def _coming(self, watcher: Watcher, sent: int) -> AsyncIterator[bytes]:
        while True:
            try:
                update = await asyncio.wait_for(watcher.queue.get(), self.keep_alive_seconds)
            except TimeoutError:
                await self._look()
                yield format_sse_event(comment="still here")
                continue
            if update is None:
                return
            if update.number > sent:
                yield format_sse_event(data_str=update.data, id=update.id)

    async def _look(self) -> None:
        try:
            await self.recent()
        except StoreFailed:  # the stream outlives a store that is down for a while
            log.warning("web_topics_unreadable", exc_info=True)
