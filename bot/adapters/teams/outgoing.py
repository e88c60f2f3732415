"""Says things in Teams: messages, whispers and edits, where we are and may write."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import structlog

from bot.adapters.teams.connector import Blocked
from bot.adapters.teams.payload import address
from bot.errors import IntegrationError, Rejected
from bot.render import cards
from bot.render.plain import cut

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from bot.adapters.teams.calls import Body
    from bot.adapters.teams.connector import Connector
    from bot.adapters.teams.payload import Said
    from bot.adapters.teams.references import Reference, References
    from bot.model import Json, Place, Reply

LOG = structlog.get_logger(__name__)
CARD: Final = "application/vnd.microsoft.card.adaptive"
REMEMBERED = 4096  # messages whose topic and watchers are known
LONGEST_TEXT = 4000  # characters of a message that had to go without its card


@dataclass(frozen=True)
class Card:
    """What a posted message shows, and whose clients refresh it by themselves."""

    topic: str = ""
    watchers: tuple[str, ...] = ()


class Outgoing:
    """Draws replies and sends them; what Teams says of a conversation is remembered."""

    def __init__(self, connector: Connector, references: References, *, console_url: str) -> None:
        self._connector, self._references = connector, references
        self._console_url = console_url
        self._cards: OrderedDict[tuple[str, str], Card] = OrderedDict()

    def draw(self, reply: Reply, *, refresh_for: Sequence[str] = ()) -> cards.Message:
        """Return a reply as a card and its summary."""
        return cards.message(reply, console_url=self._console_url, refresh_for=refresh_for)

    def body(self, reply: Reply, *, refresh_for: Sequence[str] = ()) -> Body:
        """Return a reply as an activity: a card, and never a text beside it."""
        drawn = self.draw(reply, refresh_for=refresh_for)
        return activity(drawn.card, drawn.text)

    async def post(self, place: Place, reply: Reply, *, asker: str = "") -> str:
        """Post a message; returns its id, which names it within its conversation.

        The client of `asker` (a Teams user id) asks for the newest state whenever it is looked at.
        """
        home = await self.home(place.channel)
        watchers = (asker,) if asker else ()
        body = self.body(reply, refresh_for=watchers)
        ref = await self.send(home, address(place), body)
        self._remember(place, ref, Card(reply.topic, watchers))
        return ref

    async def update(self, place: Place, ref: str, reply: Reply) -> None:
        """Replace a message."""
        home = await self.home(place.channel)
        watchers = self._cards.get((place.channel, ref), Card()).watchers
        self._remember(place, ref, Card(reply.topic, watchers))
        body = {**self.body(reply, refresh_for=watchers), "id": ref}
        try:
            await self._connector.update(home.service_url, _where(home, place, ref), ref, body)
        except Blocked:
            await self._references.put(replace(home, is_blocked=True))
            raise

    def topic(self, place: Place, ref: str) -> str:
        """Return the topic that a message shows, "" for none or one that was forgotten."""
        return self._cards.get((place.channel, ref), Card()).topic

    def _remember(self, place: Place, ref: str, card: Card) -> None:
        if not card.topic:
            return
        self._cards.pop((place.channel, ref), None)
        self._cards[place.channel, ref] = card
        if len(self._cards) > REMEMBERED:
            self._cards.popitem(last=False)

    async def whisper(self, said: Said, reply: Reply) -> None:
        """Show a message to whoever spoke and to nobody else."""
        if said.is_personal:
            await self.post(said.place, reply)
            return
        home = await self.home(said.place.channel)
        body = {**self.body(reply), "recipient": {"id": said.speaker.id}}
        where = address(said.place)
        try:
            await self._connector.send(home.service_url, where, body, is_targeted=True)
        except Rejected as refused:
            # Not every client and cloud has messages for one person in a conversation of several.
            LOG.info("a private answer goes to the person's own chat", why=refused.text)
            await self._whisper_apart(home, said, reply)

    async def _whisper_apart(self, home: Reference, said: Said, reply: Reply) -> None:
        body = self.body(reply)
        known = await self._references.personal(home.tenant, said.speaker.user)
        if known is not None and not known.is_blocked:
            try:
                await self.send(known, known.conversation, body)
            except Blocked:
                raise
            except Rejected:
                LOG.info("a personal chat is gone; another one is asked for")
            else:
                return
        if known is not None and known.is_blocked:
            raise Blocked("That person blocked the app in Teams: nothing was sent.")
        fresh = await self._create(home, said)
        await self.send(fresh, fresh.conversation, body)

    async def _create(self, home: Reference, said: Said) -> Reference:
        speaker = said.speaker
        wanted: Body = {
            "isGroup": False,
            "bot": {"id": home.bot},
            "members": [{"id": speaker.id}],
            "tenantId": home.tenant,
            "channelData": {"tenant": {"id": home.tenant}},
        }
        made = await self._connector.create(home.service_url, wanted)
        fresh = replace(home, conversation=made, user=speaker.user, team="", is_blocked=False)
        await self._references.put(fresh)
        return fresh

    async def saw(self, reference: Reference) -> None:
        """Remember a conversation that we are in; somebody speaks there, so it is not blocked.

        Not every activity says which team its channel is of: what is known of it stays.
        """
        known = await self._references.get(reference.conversation)
        if known is not None and not reference.team:
            reference = replace(reference, team=known.team)
        if known != reference:
            await self._references.put(reference)

    async def saw_team(self, home: Reference) -> None:
        """Remember every channel of the team that we were added to, to announce things there."""
        if not home.team:
            return
        try:
            channels = await self._connector.channels(home.service_url, home.team)
        except IntegrationError as error:
            LOG.warning("a team's channels are not known yet", why=error.text)
            return
        for channel in channels:
            await self.saw(replace(home, conversation=channel))

    async def gone(self, reference: Reference) -> None:
        """Forget a conversation that we were removed from; a team's channels all at once."""
        await self._references.forget(reference.team or reference.conversation)

    async def home(self, channel: str) -> Reference:
        """Return how to reach a conversation; `Rejected` where we are not, or may not write."""
        home = await self._references.get(channel)
        if home is None:
            raise Rejected("The Teams app is not in that conversation: add it there first.")
        if home.is_blocked:
            raise Blocked("Teams lets us write nothing there: the app was blocked or removed.")
        return home

    async def send(self, home: Reference, where: str, body: Body) -> str:
        """Post an activity; returns its id. Where Teams takes none any more is remembered."""
        try:
            return await self._connector.send(home.service_url, where, body)
        except Blocked:
            await self._references.put(replace(home, is_blocked=True))
            raise


def _where(home: Reference, place: Place, ref: str) -> str:
    """Return the conversation that a message stands in: posted to a channel, it began one."""
    is_channel = bool(home.team)
    return address(replace(place, thread=ref) if is_channel and not place.thread else place)


def activity(card: Mapping[str, Json], summary: str) -> Body:
    """Return a card as an activity, or its summary alone where Teams would refuse the card."""
    attached: Body = {"contentType": CARD, "content": card}
    body: Body = {"type": "message", "summary": summary, "attachments": [attached]}
    if cards.size(body) <= cards.ACTIVITY_SIZE:
        return body
    LOG.warning("a card was too large for Teams; its summary is shown instead")
    return {"type": "message", "text": cut(summary, LONGEST_TEXT), "textFormat": "plain"}
