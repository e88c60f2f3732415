"""Says things in Slack: messages, whispers, answers to a command, edits and modals."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, TypedDict

import aiohttp
import structlog
from slack_sdk.errors import SlackApiError

from bot.adapters.slack.addresses import Addresses
from bot.adapters.slack.refusals import Undrawable, refusal
from bot.errors import IntegrationError, Unreachable
from bot.render.blocks import Message, message
from bot.render.picture import linked

if TYPE_CHECKING:
    import io
    import ssl
    from collections.abc import Mapping

    from slack_sdk.web.async_client import AsyncWebClient

    from bot.model import Place, Reply
    from bot.ports import Clock
    from bot.render.kit import Part

LOG = structlog.get_logger(__name__)
ANSWERS, ANSWERING = 5, timedelta(minutes=30)  # what a response_url takes (platforms.md §1.1)
# The text is escaped; these keep Slack from reading markup or names into it all the same.
LITERAL = {"parse": "none", "link_names": False, "mrkdwn": False}
QUIET = {"unfurl_links": False, "unfurl_media": False}
DIRECT = "D"  # what the id of every private chat starts with
DIRECTS = 2048  # private chats remembered at most


@dataclass
class AnswerUrl:
    """Slack's address for answers to one command or press; good for five, half an hour long."""

    url: str
    until: datetime
    left: int = ANSWERS

    def take(self, now: datetime) -> bool:
        """Use one answer up; say whether there was one."""
        if not self.url or self.left == 0 or now >= self.until:
            return False
        self.left -= 1
        return True


class Outgoing:
    """Slack's web API, as few methods as we need; errors become ours, bodies are never logged."""

    def __init__(
        self, client: AsyncWebClient, clock: Clock, *, console_url: str, api_url: str
    ) -> None:
        self._client, self._clock, self._console_url = client, clock, console_url
        self.addresses = Addresses(api_url)
        self._directs: OrderedDict[str, str] = OrderedDict()

    def draw(self, reply: Reply) -> Message:
        """Return a reply as a Slack message."""
        return message(reply, console_url=self._console_url)

    def answer_url(self, url: str) -> AnswerUrl:
        """Return the answers that a request allows; none at an address that is not Slack's."""
        return AnswerUrl(url if self.addresses.knows(url) else "", self._clock.now() + ANSWERING)

    async def post(self, place: Place, reply: Reply, *, key: str = "") -> str:
        """Post a message; returns its timestamp, which names it within its channel.

        Slack answers a `key` that it has seen with the message that stands there already.
        """
        where = {"channel": place.channel, "thread_ts": place.thread, "client_msg_id": key}
        target = {**where, **LITERAL, **QUIET}
        data = await self._show("chat.postMessage", target, self.draw(reply))
        return str(data.get("ts", ""))

    async def whisper(self, place: Place, user: str, reply: Reply) -> None:
        """Show a message to one person in a place, or in their own chat with us."""
        private = {"channel": place.channel, "thread_ts": place.thread, "user": user}
        if not place.channel or place.channel.startswith(DIRECT):
            await self.post(replace(place, channel=user, thread=""), reply)
            return
        literal = {"parse": "none", "link_names": False}
        await self._show("chat.postEphemeral", {**private, **literal}, self.draw(reply))

    async def update(self, channel: str, ref: str, reply: Reply) -> None:
        """Replace a message, blocks and text both: without blocks Slack would drop the old ones."""
        target = {"channel": channel, "ts": ref, "parse": "none", "link_names": False}
        await self._show("chat.update", target, self.draw(reply))

    async def open(self, trigger: str, view: Mapping[str, object]) -> None:
        """Open a modal; the trigger is good for three seconds and one use."""
        await self.call("views.open", json={"trigger_id": trigger, "view": dict(view)})

    async def publish(self, user: str, view: Mapping[str, object]) -> None:
        """Show a person's Home tab."""
        await self.call("views.publish", json={"user_id": user, "view": dict(view)})

    async def direct(self, user: str) -> str:
        """Return the channel of a person's own chat with us, asked once; "" where that fails.

        Only by that id can what is posted there be edited later.
        """
        known = self._directs.get(user, "")
        if known:
            return known
        try:
            data = await self.call("conversations.open", json={"users": user})
        except IntegrationError as error:
            LOG.warning("a private chat could not be opened in Slack", why=error.text)
            return ""
        channel = data.get("channel")
        found = str(channel.get("id", "")) if isinstance(channel, dict) else ""
        self._directs[user] = found
        if len(self._directs) > DIRECTS:
            self._directs.popitem(last=False)
        return found

    async def answer(
        self, url: AnswerUrl, reply: Reply, *, is_public: bool = False, thread: str = ""
    ) -> bool:
        """Answer through a request's own address; False when that can't be done any more."""
        if not url.take(self._clock.now()):
            return False
        body = {**answer_body(self.draw(reply), is_public=is_public), "replace_original": False}
        if thread:
            body["thread_ts"] = thread
        try:
            return await self._post_answer(url.url, body)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            LOG.warning("Slack's answer address failed", why=type(error).__name__)
            return False

    async def _post_answer(self, url: str, body: Mapping[str, object]) -> bool:
        session = self._client.session
        if session is None:
            return False
        async with session.post(url, json=body, **self._plainly()) as response:
            if not response.ok:
                LOG.warning("Slack's answer address refused", status=response.status)
            return response.ok

    async def put(self, url: str, content: io.BytesIO) -> int:
        """Post bytes to an address of Slack's that needs no token; returns the status."""
        session = self._client.session
        if session is None:
            raise Unreachable("The door to Slack is not open.")
        async with session.post(url, data=content, **self._plainly()) as response:
            return response.status

    def _plainly(self) -> _Plainly:
        """Return how an address beside the web API is called: by our proxy, without detours."""
        client = self._client
        return {"allow_redirects": False, "proxy": client.proxy, "ssl": client.ssl or True}

    async def _show(
        self, method: str, target: Mapping[str, object], drawn: Message
    ) -> Mapping[str, object]:
        body = {name: value for name, value in target.items() if value != ""}
        blocks: list[Part] = list(drawn.blocks)
        without_picture = [linked(block) for block in blocks]
        # A picture that Slack can not fetch is refused like blocks that it can not draw.
        if without_picture != blocks:
            try:
                return await self.call(method, json={**body, **as_body(drawn)})
            except Undrawable:
                LOG.warning("Slack could not draw a message; its picture is a link instead")
                blocks = without_picture
        try:
            return await self.call(method, json={**body, "text": drawn.text, "blocks": blocks})
        except Undrawable:
            LOG.warning("Slack could not draw a message's blocks; its text is shown instead")
            return await self.call(method, json={**body, "text": drawn.text, "blocks": []})

    async def call(
        self,
        method: str,
        *,
        json: Mapping[str, object] | None = None,
        data: Mapping[str, object] | None = None,
    ) -> Mapping[str, object]:
        """Call a method of the web API; its refusals are errors of ours."""
        try:
            response = await self._client.api_call(
                method,
                json=None if json is None else dict(json),
                data=None if data is None else dict(data),
            )
        except SlackApiError as error:
            raise refusal(error) from None  # its words quote the answer; the code is enough
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise Unreachable("Slack did not answer.") from error
        return response.data if isinstance(response.data, dict) else {}


class _Plainly(TypedDict):
    allow_redirects: bool
    proxy: str | None
    ssl: ssl.SSLContext | bool


def as_body(drawn: Message) -> dict[str, object]:
    """Return a message as the fields of a Slack request."""
    return {"text": drawn.text, "blocks": list(drawn.blocks)}


def answer_body(drawn: Message, *, is_public: bool = False) -> dict[str, object]:
    """Return a message as the body of an answer to a command."""
    kind = "in_channel" if is_public else "ephemeral"
    return {"response_type": kind, "mrkdwn": False, **as_body(drawn)}
