"""Bolt's listeners: each reads one kind of request, and answers Slack within a second."""

from __future__ import annotations

import asyncio
import re
import secrets
from http import HTTPStatus
from typing import TYPE_CHECKING

import structlog
from pydantic_core import to_json
from slack_bolt.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_bolt.response import BoltResponse
from slack_sdk.web.async_client import AsyncWebClient

from bot.adapters.slack import payload
from bot.adapters.slack.payload import LINE, Body, Question, Sheet
from bot.adapters.slack.silence import silent_logger
from bot.adapters.slack.talk import PATIENCE, is_public
from bot.background import described, soon
from bot.model import Reason, Reply
from bot.render.blocks import ANSWER, ASKS, FORM, OPENS, RUN, TYPES, modal
from bot.render.plain import cut, inert

if TYPE_CHECKING:
    from collections.abc import Coroutine, Mapping, Sequence

    from bot.adapters.slack.accounts import Accounts
    from bot.adapters.slack.hometab import HomeTabs
    from bot.adapters.slack.names import SlashNames
    from bot.adapters.slack.payload import Said
    from bot.adapters.slack.talk import Talk
    from bot.background import Tasks

LOG = structlog.get_logger(__name__)
NAME = "wardroom.slack"
WORKING: dict[str, object] = {"response_type": "ephemeral", "text": "Working on it."}
# Endings that the person at a form can mend there and then.
MENDABLE = {Reason.BAD_INPUT, Reason.AMBIGUOUS, Reason.NOT_FOUND, Reason.PHI_BLOCKED}
JSON: dict[str, str | Sequence[str]] = {"content-type": ["application/json;charset=utf-8"]}
FIELD_ERROR = 300  # characters shown under a field


class Listeners:
    """What happens on a command, a mention, a press, a submission, a shortcut, and on Home."""

    def __init__(
        self, talk: Talk, accounts: Accounts, tasks: Tasks, names: SlashNames, homes: HomeTabs
    ) -> None:
        self._talk, self._accounts, self._homes = talk, accounts, homes
        self._tasks, self._names = tasks, names

    async def command(self, body: Body) -> BoltResponse:
        """Answer a slash command in the acknowledgement where that can be."""
        said = payload.command(body, self._names)
        asking = self._tasks.begin(self._talk.ask(said))
        reply = await soon(asking, PATIENCE)
        if reply is None:
            self._tasks.begin(self._talk.show_later(said, asking))
            return _answer(WORKING)
        # A picture may be refused, and an acknowledgement is not sent twice.
        if reply.form is None and reply.image is None and not is_public(reply):
            if self._talk.leaves_a_rest(said, reply):
                self._tasks.begin(self._talk.whispered(said, reply))
            return _answer(self._talk.drawn(reply))
        self._tasks.begin(self._talk.show(said, reply))
        return _nothing()

    async def mention(self, body: Body) -> BoltResponse:
        """Run what follows a mention of us; Slack sends it again unless we acknowledge."""
        await self._within(self._mentioned(body))
        return _nothing()

    async def press(self, body: Body) -> BoltResponse:
        """Type what a button types, or ask what it has to ask first."""
        pressed = payload.press(body)
        if isinstance(pressed, Question):
            await self._within(self._talk.question(pressed))
        else:
            await self._within(self._pressed(pressed))
        return _nothing()

    async def shortcut(self, body: Body) -> BoltResponse:
        """Type what a shortcut stands for, or ask for any command."""
        said = payload.shortcut(body)
        await self._within(self._talk.converse(said) if said.text else self._talk.offer(said))
        return _nothing()

    async def home_opened(self, body: Body) -> BoltResponse:
        """Draw Home for who opened it; Slack waits for none of that."""
        self._tasks.begin(self._home_opened(body))
        return _nothing()

    async def account_changed(self, body: Body) -> BoltResponse:
        """Ask again about an account when it next speaks: it may have been deactivated."""
        user = payload.changed(body)
        self._accounts.changed(user)
        self._homes.refresh([user])
        return _nothing()

    async def submit(self, body: Body) -> BoltResponse:
        """Run a submitted form; what can be mended is said in the form, which stays open."""
        said = payload.submission(body, self._names)
        entered = payload.inputs(body)
        if not (said.text or said.fields):
            return _answer(_errors(LINE, "Type a command, or choose one."))
        asking = self._tasks.begin(self._talk.ask(said))
        reply = await soon(asking, PATIENCE)
        if reply is None:
            self._tasks.begin(self._talk.show_later(said, asking))
            return _nothing()
        if reply.form is not None and said.fields is None:
            # A whole line that needs more: its own form takes the place of this one.
            view = modal(reply.form, metadata=Sheet(reply.form.command, said.place).dump())
            return _answer({"response_action": "update", "view": view})
        if reply.reason in MENDABLE and entered:
            return _answer(_errors(_blamed(reply, entered), reply.text))
        self._tasks.begin(self._talk.show(said, reply))
        return _nothing()

    async def _mentioned(self, body: Body) -> None:
        said = payload.mention(body, await self._accounts.home())
        if said is not None:
            await self._talk.converse(said)

    async def _home_opened(self, body: Body) -> None:
        opened = payload.opened(body, await self._accounts.home())
        if opened is not None:
            self._homes.opened(opened.speaker)

    async def _pressed(self, said: Said) -> None:
        await self._talk.converse(said)
        if said.is_home:
            self._homes.refresh([said.speaker.user])

    async def _within(self, work: Coroutine[object, object, None]) -> None:
        await asyncio.wait({self._tasks.begin(work)}, timeout=PATIENCE)


def bolt_app(listeners: Listeners, names: SlashNames) -> AsyncApp:
    """Return Bolt with our listeners; it has no token, and what it logs is switched off."""

    async def authorize(enterprise_id: str | None, team_id: str | None) -> AuthorizeResult:
        # Given, so that Bolt does not ask Slack who we are on every request.
        return AuthorizeResult(enterprise_id=enterprise_id, team_id=team_id)

    app = AsyncApp(
        name=NAME,
        logger=silent_logger(),
        client=AsyncWebClient(logger=silent_logger()),
        authorize=authorize,
        process_before_response=True,  # otherwise every answer waits for a 10 ms poll
        request_verification_enabled=False,  # ours comes first, and logs no body
        ignoring_self_events_enabled=False,  # it logs bodies; ours is in payload.mention
        attaching_function_token_enabled=False,
        attaching_conversation_kwargs_enabled=False,
    )
    app.error(failed)
    app.command(names.pattern())(listeners.command)
    app.action(re.compile(rf"^({TYPES}|{ASKS}):"))(listeners.press)
    app.action(re.compile(rf"^{OPENS}:"))(ignored)  # the client opens it, and tells us
    app.view(re.compile(rf"^({FORM}|{ANSWER}|{RUN})$"))(listeners.submit)
    app.shortcut(re.compile(rf"^({RUN}$|{TYPES}:)"))(listeners.shortcut)
    app.event("app_mention")(listeners.mention)
    app.event("app_home_opened")(listeners.home_opened)
    app.event("user_change")(listeners.account_changed)
    app.event("team_join")(listeners.account_changed)
    app.event(re.compile(r"."))(ignored)
    return app


async def ignored() -> BoltResponse:
    """Acknowledge an event that nothing here is about, or Slack counts it as a failure of ours."""
    return _nothing()


async def failed(error: Exception, body: Body) -> BoltResponse:
    """Say that it failed, under a reference; the log has the kind and place, never the words."""
    ref = secrets.token_hex(2)
    LOG.error("a Slack request failed", ref=ref, error=described(error))
    if "command" not in body:
        return BoltResponse(status=HTTPStatus.INTERNAL_SERVER_ERROR)
    return _answer({"response_type": "ephemeral", "text": f"Something failed (ref {ref})."})


def _answer(body: dict[str, object]) -> BoltResponse:
    # Written here, a tenth of the time that Bolt takes: everybody waits for this thread.
    return BoltResponse(status=HTTPStatus.OK, body=to_json(body).decode(), headers=JSON)


def _nothing() -> BoltResponse:
    return BoltResponse(status=HTTPStatus.OK)


def _errors(field: str, text: str) -> dict[str, object]:
    return {"response_action": "errors", "errors": {field: cut(inert(text), FIELD_ERROR)}}


def _blamed(reply: Reply, entered: Mapping[str, str]) -> str:
    """Return the field that a refusal is about: quoted, else named, else the first."""
    said = reply.text.lower()
    quoted = (name for name, value in entered.items() if value and value.lower() in said)
    named = (name for name in entered if name.lower().replace("_", " ") in said)
    return next(quoted, None) or next(named, None) or next(iter(entered))
