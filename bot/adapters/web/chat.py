"""The console's conversation: one command in, one answer out, and what may come next."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import structlog
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from bot.adapters.web.live import Live
from bot.adapters.web.persona import chosen
from bot.adapters.web.wire import (
    CONSOLE,
    Asked,
    asked,
    body,
    fresh,
    invocation,
    message,
    refused,
    typed,
)
from bot.errors import StoreFailed
from bot.model import Json, Reason, Reply, Visibility
from bot.ports import Clock, NoticeBoard, Road
from bot.render.json import answer

log = structlog.get_logger(__name__)

MAX_LINES = 8
NOT_JSON = "Send the body as application/json."


@dataclass(frozen=True)
class Chat:
    """The door's conversation endpoints."""

    road: Road
    notices: NoticeBoard
    live: Live
    complete: Callable[[str], Sequence[str]]
    clock: Clock

    async def chat(self, request: Request) -> Response:
        """Answer `POST /api/chat`: hand the line to the road, show what it says."""
        if not _is_json(request):
            return refused(Reason.BAD_INPUT, NOT_JSON, 415)
        ask = asked(await body(request))
        person = chosen(request) if ask.person is None else ask.person
        return JSONResponse(await self._answer(ask, person))

    async def suggest(self, request: Request) -> Response:
        """Answer `POST /api/complete`: whole lines that continue the line so far."""
        if not _is_json(request):
            return refused(Reason.BAD_INPUT, NOT_JSON, 415)
        line = typed(await body(request)).text
        return JSONResponse({"lines": lines(line, self.complete(line))})

    async def _answer(self, ask: Asked, person: str) -> Mapping[str, Json]:
        nonce = ask.nonce or fresh()
        reply = await self.road.handle(invocation(ask.text, person, nonce, ask.fields))
        if reply.topic:
            return await self._topic(reply)
        ref, shown = f"m-{nonce}", self.live.last_id
        if reply.visibility is Visibility.PUBLIC:
            shown = self.live.show(ref, reply).id
        return {**message(ref, reply, self.clock.now()), "id": shown}

    async def _topic(self, reply: Reply) -> Mapping[str, Json]:
        # A repeated delivery gets its first answer; the pages get what the topic says by now.
        now = await self.notices.current(reply.topic) or reply
        update = self.live.show(reply.topic, now)
        try:
            await self.notices.shown(reply.topic, CONSOLE, reply.topic, now)
        except StoreFailed:  # the command has run: its answer must not be lost
            log.warning("web_topic_not_followed", topic=reply.topic, exc_info=True)
        shown = message(reply.topic, now, self.clock.now())
        return {**shown, **answer(reply), "id": update.id}


def lines(line: str, candidates: Sequence[str]) -> list[str]:
    """Return whole lines; a candidate is a whole line or stands for the last, unfinished word."""
    stem = line[: line.rfind(" ") + 1]
    whole = (one if one.startswith(stem) else stem + one for one in candidates)
    return [one for one in dict.fromkeys(whole) if one != line][:MAX_LINES]


def _is_json(request: Request) -> bool:
    kind = request.headers.get("content-type", "").partition(";")[0]
    return kind.strip().lower() == "application/json"
