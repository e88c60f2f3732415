"""A small Slack on loopback: a real HTTP and WebSocket server that records what it is told.

    async with Slack.running() as slack:
        door = ...Workspace(slack.secret, slack.token, api_url=slack.api_url)
        slack.door = "http://127.0.0.1:8080/slack/events"   # where commands and presses go
        answer = await slack.say("help", user="U1")         # signed; what the person sees at once
        message = await slack.message()                     # waits for the newest chat.postMessage
        await slack.press("Approve", message, user="U2")
        view = await slack.view()                           # waits for the newest views.open
        await slack.submit(view, {"reason": "why"}, user="U2")

It keeps Slack's rules where a test would be fooled without them: blocks are validated, a trigger
is good for one use, a response_url for five, an update needs its message. `fail`, `limit`, `hold`
and `delay` make a method fail, answer 429, wait, or do as it is told and say so late; while
`is_down` nobody is answered. With `slack.by_socket = True` everything is sent
over the WebSocket that the product opened (`await slack.connected()`), acknowledged by envelope.
"""

from __future__ import annotations

import asyncio
import io
import itertools
import json
import time
from collections import defaultdict, deque
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import aiohttp
from aiohttp import web

from bot.adapters.slack.signature import sign
from tests.fakes.slack import bodies
from tests.fakes.slack.methods import METHODS
from tests.fakes.slack.parts import Acknowledged, Call, Object, Shown, undrawable, words

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping

DEADLINE = 10.0  # seconds until a wait gives up; nothing is asserted about time
ANSWERS = 5  # what a response_url takes
OPEN = {"oauth.v2.access"}  # asked without a token
FORM, JSON = "application/x-www-form-urlencoded", "application/json"


class Slack:
    """The workspace: one team, our app installed in it, and everybody in `users`."""

    team, bot_user, bot_id = "T0HOME", "U0BOT", "B0BOT"
    secret, token, app_token = "a-signing-secret", "xoxb-a-token", "xapp-a-token"

    def __init__(self) -> None:
        self.door = ""
        self.enterprise = ""
        self.by_socket = False
        self.users: dict[str, Object] = {}
        self.calls: list[Call] = []
        self.messages: list[Shown] = []
        self.whispers: list[Shown] = []
        self.answers: list[Object] = []
        self.views: list[Object] = []
        self.homes: list[tuple[str, Object]] = []
        self.uploads: dict[str, Object] = {}
        self.refresh_token = "xoxe-1-first"
        self.rooms: dict[str, Object] = {}
        self.teams: list[str] = [self.team]
        self.workspaces: dict[str, str] = {}
        self.is_org = self.break_uploads = self.is_down = self.cannot_fetch = False
        self.knocks = 0
        self.events = asyncio.Condition()
        self.base = ""
        self.calls_as_form = False
        self._numbers = itertools.count(1)
        self.triggers: set[str] = set()
        self.keys: dict[str, str] = {}
        self._uses: dict[str, int] = defaultdict(int)
        self._failures: dict[str, deque[Object]] = defaultdict(deque)
        self._gates: dict[str, asyncio.Event] = {}
        self._delays: dict[str, asyncio.Event] = {}
        self._socket: web.WebSocketResponse | None = None
        self._envelopes: dict[str, asyncio.Future[Object]] = {}
        self._session: aiohttp.ClientSession | None = None

    @classmethod
    @asynccontextmanager
    async def running(cls) -> AsyncIterator[Slack]:
        """Serve on a free port until the block ends."""
        slack = cls()
        app = web.Application()
        app.router.add_post("/api/{method}", slack._api)
        app.router.add_get("/api/{method}", slack._api)
        app.router.add_post("/answer/{number}", slack._answer)
        app.router.add_post("/upload/{number}", slack._upload)
        app.router.add_get("/socket", slack._connect)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        port = runner.addresses[0][1]
        slack.base = f"http://127.0.0.1:{port}"
        try:
            async with aiohttp.ClientSession() as slack._session:
                yield slack
        finally:
            await runner.cleanup()

    @property
    def api_url(self) -> str:
        """Return the base URL of the web API."""
        return f"{self.base}/api/"

    # --- what people do ------------------------------------------------------------------------

    async def say(
        self,
        text: str,
        *,
        user: str = "U1",
        channel: str = "C1",
        command: str = "/ops",
        **over: str,
    ) -> Acknowledged:
        """Type a slash command; the answer is what the person sees at once."""
        return await self.send("slash_commands", self.command(text, user, channel, command, **over))

    def command(
        self,
        text: str,
        user: str = "U1",
        channel: str = "C1",
        command: str = "/ops",
        **over: str,
    ) -> Object:
        """Return the body of a slash command, to send as often as a test likes."""
        return bodies.command(self, text, user, channel, command, **over)

    async def mention(
        self, text: str, /, *, user: str = "U1", channel: str = "C1", thread: str = "", **over: Any
    ) -> Acknowledged:
        """Say `<@us> text` in a channel or thread."""
        return await self.send("events_api", self.mentioned(text, user, channel, thread, **over))

    def mentioned(
        self, text: str, /, user: str = "U1", channel: str = "C1", thread: str = "", **over: Any
    ) -> Object:
        """Return the body of a mention; what is in `over` goes into its event."""
        return bodies.mentioned(self, text, user, channel, thread, **over)

    async def press(
        self, label: str, message: Shown, *, user: str = "U1", **over: Any
    ) -> Acknowledged:
        """Press the button with this label on a message."""
        return await self.send("interactive", self.pressed(label, message, user, **over))

    def pressed(self, label: str, message: Shown, user: str = "U1", **over: Any) -> Object:
        """Return the body of a press."""
        return bodies.pressed(self, label, message, user, **over)

    async def choose(
        self, callback: str, *, user: str = "U1", message: Shown | None = None, **over: Any
    ) -> Acknowledged:
        """Choose a shortcut: a global one, or one of a message's."""
        return await self.send("interactive", bodies.chosen(self, callback, user, message, **over))

    async def open_home(self, *, user: str = "U1", tab: str = "home", **over: Any) -> Acknowledged:
        """Open our app in the side bar."""
        return await self.send("events_api", bodies.home_opened(self, user, tab, **over))

    async def tell(self, event: Object, **over: Any) -> Acknowledged:
        """Send an event of any kind."""
        return await self.send("events_api", bodies.event(self, event, **over))

    async def submit(
        self, view: Object, values: Mapping[str, str], *, user: str = "U1", **over: Any
    ) -> Acknowledged:
        """Fill in a modal and submit it."""
        return await self.send("interactive", self.submitted(view, values, user, **over))

    def submitted(
        self, view: Object, values: Mapping[str, str], user: str = "U1", **over: Any
    ) -> Object:
        """Return the body of a submission."""
        return bodies.submitted(self, view, values, user, **over)

    async def send(self, kind: str, body: Object) -> Acknowledged:
        """Deliver a body as Slack does: signed over HTTP, or in an envelope."""
        if self.by_socket:
            return await self._send_envelope(kind, body)
        if kind == "slash_commands":
            return await self.post(urlencode(body).encode(), FORM)
        if kind == "interactive":
            return await self.post(urlencode({"payload": json.dumps(body)}).encode(), FORM)
        return await self.post(json.dumps(body).encode(), JSON)

    async def post(
        self, raw: bytes, kind: str, *, stamp: str = "", headers: Mapping[str, str] | None = None
    ) -> Acknowledged:
        """Post raw bytes with a genuine signature; `headers` replace ours, "" drops one."""
        stamp = stamp or str(int(time.time()))
        signed = {
            "Content-Type": kind,
            "X-Slack-Request-Timestamp": stamp,
            "X-Slack-Signature": sign(self.secret, stamp, raw),
            **(headers or {}),
        }
        assert self._session is not None
        given = {name: value for name, value in signed.items() if value}
        async with self._session.post(self.door, data=io.BytesIO(raw), headers=given) as response:
            return Acknowledged(response.status, await response.text())

    # --- what tests wait for and arrange -------------------------------------------------------

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait until something is so, looking again after every call."""
        async with self.events, asyncio.timeout(DEADLINE):
            await self.events.wait_for(condition)

    async def message(self, number: int = 1) -> Shown:
        """Return the message posted as the n-th, waiting for it."""
        await self.until(lambda: len(self.messages) >= number)
        return self.messages[number - 1]

    async def whisper(self, number: int = 1) -> Shown:
        """Return the n-th ephemeral message, waiting for it."""
        await self.until(lambda: len(self.whispers) >= number)
        return self.whispers[number - 1]

    async def answer(self, number: int = 1) -> Shown:
        """Return the n-th post to a response_url as a message, waiting for it."""
        await self.until(lambda: len(self.answers) >= number)
        body = self.answers[number - 1]
        return Shown("C1", self.ts(), body.get("text", ""), body.get("blocks", []), user="U1")

    async def home(self, number: int = 1) -> Shown:
        """Return the n-th Home tab published, waiting for it; a press on it is one in a view."""
        await self.until(lambda: len(self.homes) >= number)
        user, view = self.homes[number - 1]
        return Shown("", "", "", view["blocks"], user=user, view=view)

    async def view(self, number: int = 1) -> Object:
        """Return the n-th modal opened, waiting for it."""
        await self.until(lambda: len(self.views) >= number)
        return self.views[number - 1]

    async def connected(self) -> None:
        """Wait until the product has opened its WebSocket."""
        await self.until(lambda: self._socket is not None and not self._socket.closed)

    async def hang_up(self) -> None:
        """Close the WebSocket, as Slack does every few hours."""
        assert self._socket is not None
        gone, self._socket = self._socket, None
        await gone.close()

    def called(self, method: str) -> list[Object]:
        """Return the bodies of every call of a method."""
        return [call.body for call in self.calls if call.method == method]

    def fail(self, method: str, error: str, *, times: int = 1) -> None:
        """Answer the next calls of a method with an error."""
        self._failures[method].extend([{"ok": False, "error": error}] * times)

    def limit(self, method: str, *, seconds: int = 0, times: int = 1) -> None:
        """Answer the next calls of a method with 429 and a Retry-After."""
        self._failures[method].extend([{"retry_after": seconds}] * times)

    def hold(self, method: str) -> asyncio.Event:
        """Let calls of a method wait until the event is set."""
        self._gates[method] = asyncio.Event()
        return self._gates[method]

    def delay(self, method: str) -> asyncio.Event:
        """Do what a method is asked for, but let its answers wait until the event is set."""
        self._delays[method] = asyncio.Event()
        return self._delays[method]

    def number(self) -> int:
        """Return a fresh number."""
        return next(self._numbers)

    def trigger(self) -> str:
        """Return a fresh trigger id, good for one use."""
        made = f"{self.number()}.111.abcdef"
        self.triggers.add(made)
        return made

    def answer_url(self) -> str:
        """Return a fresh response_url, good for five uses."""
        return f"{self.base}/answer/{self.number()}"

    def ts(self) -> str:
        """Return a fresh timestamp."""
        return f"1700000000.{self.number():06d}"

    # --- the server ----------------------------------------------------------------------------

    async def _api(self, request: web.Request) -> web.Response:
        method = request.match_info["method"]
        self._hang_up_when_down(request)
        body = await _read(request)
        self.calls_as_form = request.content_type == FORM
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        if method in self._gates:
            await self._gates[method].wait()
        failure = self._failures[method].popleft() if self._failures[method] else None
        answer = failure or self._handle(method, body, token)
        async with self.events:
            self.calls.append(Call(method, body, token))
            self.events.notify_all()
        if method in self._delays:
            await self._delays[method].wait()
        if "retry_after" in answer:
            retry = {"Retry-After": str(answer["retry_after"])}
            return web.json_response(
                {"ok": False, "error": "ratelimited"}, status=429, headers=retry
            )
        return web.json_response(answer)

    def _handle(self, method: str, body: Object, token: str) -> Object:
        if token not in (self.token, self.app_token) and method not in OPEN:
            return {"ok": False, "error": "invalid_auth"}
        handler = METHODS.get(method)
        return handler(self, body) if handler else {"ok": False, "error": "unknown_method"}

    def _hang_up_when_down(self, request: web.Request) -> None:
        if self.is_down:
            self.knocks += 1
            assert request.transport is not None
            request.transport.abort()
            raise web.HTTPServiceUnavailable

    async def _answer(self, request: web.Request) -> web.Response:
        self._hang_up_when_down(request)
        number = request.match_info["number"]
        self._uses[number] += 1
        if self._uses[number] > ANSWERS:
            return web.Response(status=404, text="used_url")
        body = await _read(request)
        if problem := undrawable(self, body):
            return web.Response(status=400, text=problem)
        async with self.events:
            self.calls.append(Call("answer", body, ""))
            self.answers.append(body)
            self.events.notify_all()
        return web.Response(text="ok")

    async def _upload(self, request: web.Request) -> web.Response:
        if self.break_uploads and request.transport is not None:
            request.transport.close()
        if "Authorization" in request.headers:
            return web.Response(status=400, text="the address is the permission")
        self.uploads[request.match_info["number"]]["content"] = await request.read()
        return web.Response(text="OK - 5")

    async def _connect(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        await socket.send_json({"type": "hello", "num_connections": 1})
        async with self.events:
            self._socket = socket
            self.events.notify_all()
        async for frame in socket:
            answer = json.loads(frame.data)
            waiting = self._envelopes.pop(answer.get("envelope_id", ""), None)
            if waiting is not None:
                waiting.set_result(answer.get("payload") or {})
        return socket

    async def _send_envelope(self, kind: str, body: Object) -> Acknowledged:
        assert self._socket is not None
        number = str(self.number())
        self._envelopes[number] = asyncio.get_running_loop().create_future()
        envelope = {"type": kind, "envelope_id": number, "accepts_response_payload": True}
        waiting = self._envelopes[number]
        await self._socket.send_json({**envelope, "payload": body})
        async with asyncio.timeout(DEADLINE):
            answer = await waiting
        return Acknowledged(200, json.dumps(answer) if answer else "")


async def _read(request: web.Request) -> Object:
    if request.method == "GET":
        return dict(request.query)
    if request.content_type == JSON:
        return dict(await request.json())
    return dict(await request.post())


__all__ = ["FORM", "JSON", "Acknowledged", "Call", "Object", "Shown", "Slack", "words"]
