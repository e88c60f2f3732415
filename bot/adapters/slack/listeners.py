"""Bolt's listeners: each reads one kind of request, and answers Slack within a second."""

from __future__ import annotations

import asyncio
import re
import secrets
from http import HTTPStatus
from typing import TYPE_CHECKING

import structlog
from slack_bolt.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_bolt.response import BoltResponse
from slack_sdk.web.async_client import AsyncWebClient

from bot.adapters.slack import payload
from bot.adapters.slack.outgoing import answer_body
from bot.adapters.slack.payload import Body, Question
from bot.adapters.slack.silence import silent_logger
from bot.adapters.slack.talk import PATIENCE, is_public, soon
from bot.adapters.slack.tasks import described
from bot.model import Reason, Reply
from bot.render.blocks import ANSWER, ASKS, FORM, TYPES
from bot.render.plain import cut, inert

if TYPE_CHECKING:
    from collections.abc import Coroutine, Mapping

    from bot.adapters.slack.accounts import Accounts
    from bot.adapters.slack.outgoing import Outgoing
    from bot.adapters.slack.talk import Talk
    from bot.adapters.slack.tasks import Tasks

LOG = structlog.get_logger(__name__)
NAME = "wardroom.slack"
WORKING: dict[str, object] = {"response_type": "ephemeral", "text": "Working on it."}
# Endings that the person at a form can mend there and then.
MENDABLE = {Reason.BAD_INPUT, Reason.AMBIGUOUS, Reason.NOT_FOUND, Reason.PHI_BLOCKED}
FIELD_ERROR = 300  # characters shown under a field


class Listeners:
    """What happens on a command, a mention, a press and a submission."""

    def __init__(
        self, talk: Talk, accounts: Accounts, outgoing: Outgoing, tasks: Tasks, command: str
    ) -> None:
        self._talk, self._accounts, self._outgoing = talk, accounts, outgoing
        self._tasks, self._command = tasks, command

    async def command(self, body: Body) -> BoltResponse:
        """Answer a slash command in the acknowledgement where that can be."""
        said = payload.command(body, self._command)
        asking = self._tasks.begin(self._talk.ask(said))
        reply = await soon(asking)
        if reply is None:
            self._tasks.begin(self._talk.show_later(said, asking))
            return _answer(WORKING)
        if reply.form is None and not is_public(reply):
            return _answer(answer_body(self._outgoing.draw(reply)))
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
            await self._within(self._talk.converse(pressed))
        return _nothing()

    async def submit(self, body: Body) -> BoltResponse:
        """Run a submitted form; what can be mended is said in the form, which stays open."""
        said = payload.submission(body)
        asking = self._tasks.begin(self._talk.ask(said))
        reply = await soon(asking)
        if reply is None:
            self._tasks.begin(self._talk.show_later(said, asking))
            return _nothing()
        entered = payload.inputs(body)
        if reply.reason in MENDABLE and entered:
            field = _blamed(reply, entered)
            text = cut(inert(reply.text), FIELD_ERROR)
            return _answer({"response_action": "errors", "errors": {field: text}})
        self._tasks.begin(self._talk.show(said, reply))
        return _nothing()

    async def _mentioned(self, body: Body) -> None:
        said = payload.mention(body, await self._accounts.home())
        if said is not None:
            await self._talk.converse(said)

    async def _within(self, work: Coroutine[object, object, None]) -> None:
        await asyncio.wait({self._tasks.begin(work)}, timeout=PATIENCE)


def bolt_app(listeners: Listeners, command: str) -> AsyncApp:
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
    app.command(re.compile(rf"^{re.escape(command)}(-[a-z0-9_-]+)?$"))(listeners.command)
    app.action(re.compile(rf"^({TYPES}|{ASKS}):"))(listeners.press)
    app.view(re.compile(rf"^({FORM}|{ANSWER})$"))(listeners.submit)
    app.event("app_mention")(listeners.mention)
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
    return BoltResponse(status=HTTPStatus.OK, body=body)


def _nothing() -> BoltResponse:
    return BoltResponse(status=HTTPStatus.OK)


def _blamed(reply: Reply, entered: Mapping[str, str]) -> str:
    """Return the field that a refusal is about: quoted, else named, else the first."""
    said = reply.text.lower()
    quoted = (name for name, value in entered.items() if value and value.lower() in said)
    named = (name for name in entered if name.lower().replace("_", " ") in said)
    return next(quoted, None) or next(named, None) or next(iter(entered))
