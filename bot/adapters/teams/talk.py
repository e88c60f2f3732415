"""Takes what somebody said down the road, and shows the reply where and to whom it belongs."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import replace
from typing import TYPE_CHECKING

import structlog

from bot.errors import IntegrationError, Rejected
from bot.model import BELOW, AccountKind, Invocation, Reason, Reply, Visibility

if TYPE_CHECKING:
    import asyncio

    from bot.adapters.teams.accounts import Accounts
    from bot.adapters.teams.outgoing import Outgoing
    from bot.adapters.teams.payload import Said
    from bot.adapters.teams.references import Reference
    from bot.model import Account, Place
    from bot.ports import NoticeBoard, Road

LOG = structlog.get_logger(__name__)
REMEMBERED = 4096  # deliveries whose answer was shown
OUTSIDER = Reply(
    "I take commands from members of this organisation only, and Teams does not say that you are "
    "one; ask a member, or try again in a minute if you are.",
    Reason.NOT_IDENTIFIED,
    visibility=Visibility.PRIVATE,
)


class Talk:
    """One conversation with all of Teams; holds nothing but which answers were shown."""

    def __init__(
        self, road: Road, notices: NoticeBoard, accounts: Accounts, outgoing: Outgoing
    ) -> None:
        self._road, self._notices = road, notices
        self._accounts, self._outgoing = accounts, outgoing
        self._shown: OrderedDict[str, None] = OrderedDict()

    async def ask(self, said: Said, home: Reference) -> Reply:
        """Take what was said down the road; outsiders learn nothing from what it answers.

        They go down it all the same, so that what they tried is on the record. Where it was said
        is a place that we can write to from now on.
        """
        await self._outgoing.saw(home)
        account = await self.account(said, home)
        reply = await self._road.handle(
            Invocation(said.text, account, said.place, said.delivery, said.fields)
        )
        is_member = account.kind is AccountKind.MEMBER
        return reply if is_member or reply.reason is Reason.PHI_BLOCKED else OUTSIDER

    async def account(self, said: Said, home: Reference) -> Account:
        """Return whose account is speaking."""
        return await self._accounts.account(said, home)

    async def current(self, topic: str, place: Place, ref: str) -> Reply | None:
        """Return the newest state of the topic that a message shows, None where it shows none.

        The store knows it whoever posted the message; a client that looks at it at once is
        quicker than the store.
        """
        is_shown = self._outgoing.topic(place, ref) == topic
        if not is_shown and not await self._notices.is_shown(topic, place, ref):
            return None
        return await self._notices.current(topic)

    async def show_later(self, said: Said, asking: asyncio.Task[Reply]) -> None:
        """Show an answer that Teams' request could not wait for."""
        await self.show(said, await asking)

    async def show(self, said: Said, reply: Reply, *, is_told: bool = False) -> None:
        """Show a reply to everybody, or to the person who asked.

        `is_told` marks what that person has read already, in the answer to their press.
        """
        if not self._is_first(said.delivery):
            return
        try:
            if is_public(reply) and not (said.is_whispered and not reply.topic):
                await self._publish(said, reply, is_told=is_told)
            elif not is_told:
                await self._whisper(said, reply)
        except IntegrationError as error:
            LOG.warning("a reply could not be shown in Teams", why=error.text)

    async def _publish(self, said: Said, reply: Reply, *, is_told: bool) -> None:
        if said.pressed is not None and await self._edited(said, reply):
            if not reply.topic and not is_told:
                await self._whisper(said, reply)
            return
        try:
            place = await self._threaded(said.place, reply)
            ref = await self._outgoing.post(place, reply, asker=said.speaker.id)
        except Rejected as refused:
            LOG.warning("a message could not be posted in Teams", why=refused.text)
            if reply.topic:
                await self._notices.withdraw(reply.topic, said.place)
            if not is_told and not said.is_personal:
                await self._whisper(said, reply)
            return
        if reply.topic:
            await self._notices.shown(reply.topic, said.place, ref, reply)

    async def _threaded(self, place: Place, reply: Reply) -> Place:
        """Return the place with the thread that a reply belongs in.

        What is said in a channel is in a thread always, and answered there; chats have none.
        """
        if reply.thread in ("", BELOW) or reply.topic or not place.thread:
            return place
        thread = await self._notices.thread(reply.thread, place)
        return replace(place, thread=thread or place.thread)

    async def _edited(self, said: Said, reply: Reply) -> bool:
        """Say whether a pressed message tells everybody by being edited itself.

        Its topic is shown here unless it never was; then another message would only be noise.
        """
        topic = reply.topic or reply.request or ""
        if not topic or await self._notices.current(topic) is None:
            return False
        await self._notices.announce(topic, said.pressed or said.place)
        return True

    async def _whisper(self, said: Said, reply: Reply) -> None:
        if not said.speaker.is_bot:  # nobody reads a whisper to a program
            await self._outgoing.whisper(said, reply)

    def _is_first(self, delivery: str) -> bool:
        """Say whether this delivery's answer is still to be shown: the road repeats answers."""
        if delivery in self._shown:
            return False
        self._shown[delivery] = None
        if len(self._shown) > REMEMBERED:
            self._shown.popitem(last=False)
        return True


def is_public(reply: Reply) -> bool:
    """Say whether everybody in the place sees a reply; what was stopped at the guard never is."""
    if reply.reason is Reason.PHI_BLOCKED:
        return False
    if reply.visibility is not None:
        return reply.visibility is Visibility.PUBLIC
    return bool(reply.topic) and reply.reason in (Reason.OK, Reason.PENDING_APPROVAL)
