"""A small Bot Framework on loopback: sign-in, signing keys, the connector, and people who speak.

    async with Teams.running() as teams:
        door = ...Registration(teams.app_id, teams.password, teams.tenant,
                               openid_metadata_url=teams.openid_url, login_url=teams.login_url,
                               allowed_service_urls=(teams.service_url,))
        teams.door = "http://127.0.0.1:8080/api/messages"   # where activities go, with a token
        await teams.say("help", user="anna", where="channel")
        message = await teams.message()                     # waits for the newest one posted
        answer = await teams.press("Approve", message, user="ben")
        dialog = await teams.open("Deploy", message, user="ben")
        await teams.submit(dialog, {"reason": "why"}, user="ben")

It keeps Teams' rules where a test would be fooled without them: tokens are checked both ways, text
and card in one activity are refused, and so is what is larger than 80 KB of UTF-16, an edit needs
its message, a targeted message needs its one person and a conversation of several. `fail`, `limit`
and `hold` make an operation (`post`, `edit`, `typing`, `create`, `member`, `team`, `channels`,
`graph`, `login`, `identity`, `openid`, `keys`) fail, answer 429, or wait; `block` has Teams refuse
to write there.
"""

from __future__ import annotations

import asyncio
import itertools
import json
from collections import defaultdict, deque
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import aiohttp
from aiohttp import web

from tests.fakes.teams import activities
from tests.fakes.teams.connector import at, error, operation
from tests.fakes.teams.graph import GROUP, Graph
from tests.fakes.teams.identity import Identity
from tests.fakes.teams.parts import Acknowledged, Call, Object, Shown, inputs, unpostable, walk
from tests.fakes.teams.sign_in import SignIn

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping

DEADLINE = 10.0  # seconds until a wait gives up; nothing is asserted about time


class Teams:
    """One tenant with our app in it, and whoever speaks; `users` overrides what they are."""

    app_id, password = "6f1e2c3a-app", "an-app-password"
    tenant = "11111111-2222-3333-4444-555555555555"
    bot = f"28:{app_id}"

    def __init__(self) -> None:
        self.door = ""
        self.base = ""
        self.users: dict[str, Object] = {}
        self.identity = Identity(self.app_id)
        self.takes_targeted = True
        self.channels = [activities.CHANNEL]
        self.graph = Graph()
        self.calls: list[Call] = []
        self.messages: list[Shown] = []
        self.typings: list[Object] = []
        self.requests: dict[str, int] = defaultdict(int)
        self.sign_in = SignIn(self.tenant, self.app_id, self.password)
        self.events = asyncio.Condition()
        self._numbers = itertools.count(1)
        self._failures: dict[str, deque[tuple[int, Object, int | None]]] = defaultdict(deque)
        self._gates: dict[str, asyncio.Event] = {}
        self._blocked: set[str] = set()
        self._session: aiohttp.ClientSession | None = None

    @classmethod
    @asynccontextmanager
    async def running(cls) -> AsyncIterator[Teams]:
        """Serve on a free port until the block ends."""
        teams = cls()
        app = web.Application(client_max_size=2**22)
        one = "/teams/v3/conversations/{conversation}"
        app.router.add_get("/openid/.well-known/openidconfiguration", teams._openid)
        app.router.add_get("/openid/keys", teams._keys)
        app.router.add_get("/identity/token", teams._machine)
        app.router.add_post("/login/{tenant}/oauth2/v2.0/token", teams._login)
        app.router.add_post("/teams/v3/conversations", teams._connector)
        app.router.add_post(one + "/activities", teams._connector)
        app.router.add_post(one + "/activities/{activity}", teams._connector)
        app.router.add_put(one + "/activities/{activity}", teams._connector)
        app.router.add_delete(one + "/activities/{activity}", teams._connector)
        app.router.add_get(one + "/members/{member}", teams._connector)
        app.router.add_get("/teams/v3/teams/{team}/conversations", teams._connector)
        app.router.add_get("/teams/v3/teams/{team}", teams._connector)
        teams.graph.route(app, teams._answered)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        teams.base = f"http://127.0.0.1:{runner.addresses[0][1]}"
        teams.sign_in.tokens[teams.graph_url.rstrip("/")] = teams.graph.tokens
        try:
            async with aiohttp.ClientSession() as teams._session:
                yield teams
        finally:
            await runner.cleanup()

    @property
    def service_url(self) -> str:
        """Return the address of the connector."""
        return f"{self.base}/teams/"

    @property
    def login_url(self) -> str:
        """Return the address of the sign-in service."""
        return f"{self.base}/login/"

    @property
    def graph_url(self) -> str:
        """Return the address of Microsoft Graph."""
        return f"{self.base}/graph/"

    @property
    def identity_url(self) -> str:
        """Return the address where a machine of ours gets tokens for its managed identity."""
        return f"{self.base}/identity/token"

    @property
    def openid_url(self) -> str:
        """Return the address of the OpenID metadata."""
        return f"{self.base}/openid/.well-known/openidconfiguration"

    # --- what people do ------------------------------------------------------------------------

    async def say(
        self, text: str, *, user: str = "anna", where: str = "personal", **over: Any
    ) -> Acknowledged:
        """Type a message; outside of a personal chat it mentions us first."""
        return await self.send(activities.said(self, text, user, where, **over))

    async def press(
        self,
        label: str,
        message: Shown,
        *,
        user: str = "anna",
        values: Mapping[str, str] | None = None,
        fallback: bool = False,
        **over: Any,
    ) -> Acknowledged:
        """Press a card's button; with `fallback` as a client does that knows no Action.Execute."""
        action = message.buttons[label]
        where, about = message.conversation, {"replyToId": message.id, **over}
        if fallback or action["type"] == "Action.Submit":
            data = action.get("fallback", action)["data"]
            about |= {"value": {**data, **(values or {})}, "text": None}
            body = activities.activity(self, "message", user, where, **about)
        else:
            chosen: Object = {k: action[k] for k in ("verb", "id", "title") if k in action}
            chosen["data"] = {**action.get("data", {}), **(values or {})}
            body = activities.executed(self, chosen, user, where, **about)
        return await self.send(at(body, message.conversation))

    async def refresh(self, message: Shown, *, user: str = "anna", **over: Any) -> Acknowledged:
        """Look at a card that has a view for each person, which asks for theirs."""
        action = message.card["refresh"]["action"]
        chosen = {"verb": action["verb"], "data": action.get("data", {})}
        about = {"replyToId": message.id, **over}
        body = activities.executed(self, chosen, user, message.conversation, **about)
        return await self.send(at(body, message.conversation))

    async def open(
        self, label: str, message: Shown, *, user: str = "anna", **over: Any
    ) -> Acknowledged:
        """Press a button that opens a dialog."""
        data = message.buttons[label]["data"]
        about = {"replyToId": message.id, **over}
        body = activities.dialog(self, "task/fetch", data, user, message.conversation, **about)
        return await self.send(at(body, message.conversation))

    async def submit(
        self,
        dialog: Acknowledged,
        values: Mapping[str, str],
        *,
        user: str = "anna",
        where: str = "personal",
        **over: Any,
    ) -> Acknowledged:
        """Fill in the dialog that an answer opened, and submit it; what stood there stays."""
        card = dialog.json["task"]["value"]["card"]["content"]
        data = next(part["data"] for part in walk(card) if part.get("type") == "Action.Submit")
        stood = {name: part.get("value", "") for name, part in inputs(card).items()}
        filled = {**data, **stood, **values}
        return await self.send(activities.dialog(self, "task/submit", filled, user, where, **over))

    async def install(self, *, user: str = "anna", where: str = "personal") -> Acknowledged:
        """Add the app to a conversation: Teams tells it in two ways."""
        added: Object = {"membersAdded": [activities.bot(self)]}
        await self.send(activities.activity(self, "conversationUpdate", user, where, **added))
        more = {"action": "add"}
        return await self.send(activities.activity(self, "installationUpdate", user, where, **more))

    async def uninstall(self, *, user: str = "anna", where: str = "personal") -> Acknowledged:
        """Remove the app from a conversation."""
        more = {"action": "remove"}
        return await self.send(activities.activity(self, "installationUpdate", user, where, **more))

    async def send(
        self,
        activity: Object,
        *,
        token: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Acknowledged:
        """Deliver an activity as Teams does, with a genuine token unless another is given."""
        raw = json.dumps(activity).encode()
        return await self.post(raw, token=token, headers=headers)

    async def post(
        self, raw: bytes, *, token: str | None = None, headers: Mapping[str, str] | None = None
    ) -> Acknowledged:
        """Post raw bytes; `headers` replace ours, "" drops one."""
        genuine = token if token is not None else self.identity.token(self.service_url)
        given = {
            "Content-Type": "application/json; charset=utf-8",
            "Authorization": f"Bearer {genuine}",
            **(headers or {}),
        }
        assert self._session is not None
        kept = {name: value for name, value in given.items() if value}
        async with self._session.post(self.door, data=raw, headers=kept) as response:
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

    def called(self, method: str, ending: str = "") -> list[Call]:
        """Return the calls of the connector by method, and by how their path ends."""
        return [c for c in self.calls if c.method == method and c.path.endswith(ending)]

    def fail(self, operation: str, status: int, code: str = "Failed", *, times: int = 1) -> None:
        """Answer the next calls of an operation with an error."""
        said = {"error": {"code": code, "message": "It failed."}}
        self._failures[operation].extend([(status, said, None)] * times)

    def limit(self, operation: str, *, seconds: int = 0, times: int = 1) -> None:
        """Answer the next calls of an operation with 429 and a Retry-After."""
        self._failures[operation].extend(
            [(429, {"error": {"code": "RateLimited"}}, seconds)] * times
        )

    def hold(self, operation: str) -> asyncio.Event:
        """Let calls of an operation wait until the event is set."""
        self._gates[operation] = asyncio.Event()
        return self._gates[operation]

    def block(self, conversation: str, *, blocked: bool = True) -> None:
        """Have Teams refuse to write into a conversation, as after its person blocked the bot."""
        (self._blocked.add if blocked else self._blocked.discard)(conversation)

    def revoke(self) -> None:
        """Take no token of ours that was given out until now."""
        self.sign_in.issued.clear()

    def rotate(self) -> None:
        """Sign what is sent to us with another key from now on."""
        self.identity.rotate()

    def number(self) -> int:
        """Return a fresh number."""
        return next(self._numbers)

    def stamp(self) -> str:
        """Return a fresh activity id; Teams' are times in milliseconds."""
        return str(1_790_000_000_000 + self.number())

    # --- the server ----------------------------------------------------------------------------

    async def _openid(self, _: web.Request) -> web.Response:
        where = {"issuer": "https://api.botframework.com", "jwks_uri": f"{self.base}/openid/keys"}
        return await self._answered("openid") or web.json_response(where)

    async def _keys(self, _: web.Request) -> web.Response:
        return await self._answered("keys") or web.json_response(self.identity.jwks())

    async def _login(self, request: web.Request) -> web.Response:
        return await self._answered("login") or await self.sign_in.login(request)

    async def _machine(self, request: web.Request) -> web.Response:
        return await self._answered("identity") or self.sign_in.machine(request)

    async def _connector(self, request: web.Request) -> web.Response:
        body = await request.json() if request.can_read_body else {}
        doing = operation(request, body)
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        path = request.path.partition("/v3/")[2]
        refused = await self._answered(doing)
        answer = refused or self._handle(doing, request, body, token)
        async with self.events:
            self.calls.append(Call(request.method, path, dict(request.query), body, token))
            self.events.notify_all()
        return answer

    async def _answered(self, operation: str) -> web.Response | None:
        """Return what a test has arranged for this operation."""
        self.requests[operation] += 1
        if operation in self._gates:
            await self._gates[operation].wait()
        if not self._failures[operation]:
            return None
        status, body, retry = self._failures[operation].popleft()
        headers = {} if retry is None else {"Retry-After": str(retry)}
        return web.json_response(body, status=status, headers=headers)

    def _handle(
        self, operation: str, request: web.Request, body: Object, token: str
    ) -> web.Response:
        if token not in self.sign_in.issued:
            return error(401, "Unauthorized")
        where = request.match_info.get("conversation", "")
        if where.partition(";")[0] in self._blocked:
            blocked = {"subCode": "MessageWritesBlocked", "code": "Forbidden", "message": "No."}
            return web.json_response(blocked, status=403)
        asked = {
            "create": self._create,
            "channels": self._channels,
            "member": self._member,
            "team": self._team,
        }
        if operation in asked:
            return asked[operation](request, body)
        if operation == "typing":
            self.typings.append({**body, "where": where})
            return web.json_response({"id": self.stamp()}, status=201)
        status, code = unpostable(body) if operation != "delete" else (0, "")
        return error(status, code) if status else self._write(operation, request, body, where)

    def _channels(self, _: web.Request, __: Object) -> web.Response:
        known = {**dict.fromkeys(self.channels), **self.graph.made}
        listed = [{"id": one, **({"name": name} if name else {})} for one, name in known.items()]
        return web.json_response({"conversations": listed})

    def _team(self, request: web.Request, _: Object) -> web.Response:
        team = {"id": request.match_info["team"], "name": "Ward IT", "aadGroupId": GROUP}
        return web.json_response(team)

    def _create(self, _: web.Request, body: Object) -> web.Response:
        members = body.get("members") or []
        if len(members) != 1 or body.get("tenantId") != self.tenant:
            return error(400, "BadSyntax")
        user = members[0]["id"].removeprefix("29:")
        made = {"id": f"a:1-{user}", "serviceUrl": self.service_url}
        return web.json_response(made, status=201)

    def _member(self, request: web.Request, _: Object) -> web.Response:
        number = request.match_info["member"]
        user = number.removeprefix("29:")
        known = {"aadObjectId": user, "tenantId": self.tenant, "userRole": "user"}
        known |= {"id": f"29:{user}", "name": user.capitalize()}
        found = {**known, **self.users.get(user, {}).get("member", {})}
        if self.users.get(user, {}).get("is_absent"):
            return error(404, "MemberNotFoundInConversation")
        return web.json_response(found)

    def _write(
        self, operation: str, request: web.Request, body: Object, where: str
    ) -> web.Response:
        targeted = request.query.get("isTargetedActivity") == "true"
        to = str((body.get("recipient") or {}).get("id", "")) if targeted else ""
        if operation == "post":
            if targeted and (not self.takes_targeted or not to or where.startswith("a:")):
                return error(400, "BadSyntax")
            number = self.stamp()
            # What is posted to a channel and to no thread begins one.
            began = f";messageid={number}" if where.endswith("@thread.tacv2") else ""
            shown = Shown(where + began, number, body, to, [body])
            self.messages.append(shown)
            return web.json_response({"id": shown.id}, status=201)
        found = [m for m in self.messages if m.id == request.match_info["activity"]]
        same = [m for m in found if m.conversation.partition(";")[0] == where.partition(";")[0]]
        if not same or (bool(same[0].to) and not targeted):
            return error(404, "ActivityNotFoundInConversation")
        if operation == "delete":
            self.messages.remove(same[0])
            return web.Response(status=200)
        same[0].body = body
        same[0].versions.append(body)
        return web.json_response({"id": same[0].id})


__all__ = ["Acknowledged", "Call", "Object", "Shown", "Teams", "activities"]
