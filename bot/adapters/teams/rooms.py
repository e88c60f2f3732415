"""Opens rooms: a thread of its own in a channel, or a channel of its own in the team."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Final

import structlog

from bot.adapters.teams.accounts import PLATFORM
from bot.adapters.teams.calls import word
from bot.adapters.teams.channel_names import names
from bot.adapters.teams.graph import NameTaken
from bot.adapters.teams.outgoing import activity
from bot.adapters.teams.payload import THREAD
from bot.errors import IntegrationError, Rejected, Throttled, Unreachable
from bot.model import Place, Reply

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from bot.adapters.teams.calls import Body
    from bot.adapters.teams.connector import Connector
    from bot.adapters.teams.graph import Graph
    from bot.adapters.teams.outgoing import Outgoing
    from bot.adapters.teams.references import Reference
    from bot.model import Json

LOG = structlog.get_logger(__name__)
CALLED: Final = 50  # people at most: each is looked up, and Teams answers 14 a second
ABOUT: Final = 1024  # characters of a channel's description
# What could end a mention, or make something else of it.
MARKS: Final = re.compile(r"[<>&\[\]*_`~\\]+")


class Rooms:
    """Rooms are threads, or channels where there is a `graph` to make them by."""

    def __init__(self, outgoing: Outgoing, connector: Connector, graph: Graph | None) -> None:
        self._outgoing, self._connector, self._graph = outgoing, connector, graph

    async def open(self, title: str, beside: str, members: Sequence[str]) -> Place:
        """Open a room; returns where to post in it."""
        channel = beside.removeprefix(f"{PLATFORM}:").partition(THREAD)[0]
        home = await self._outgoing.home(channel)
        opening = await self._opening(title, home, members)
        if self._graph is None:
            ref = await self._outgoing.send(home, channel, opening)
            return Place(PLATFORM, channel, ref if home.team else "")  # chats have no threads
        room = replace(home, conversation=await self._create(self._graph, title, home))
        await self._outgoing.saw(room)
        try:
            await self._outgoing.send(room, room.conversation, opening)
        except IntegrationError as error:
            # The room is there, and what is posted to it is tried again by whoever posts it.
            LOG.warning("nobody was called into a channel in Teams", why=error.text)
        return Place(PLATFORM, room.conversation)

    async def _create(self, graph: Graph, title: str, home: Reference) -> str:
        if not home.team:
            raise Rejected(
                "Only in a team can a channel be made: name a channel of one, or set teams.rooms: "
                "thread."
            )
        group = await self._connector.group(home.service_url, home.team)
        if not group:
            raise Unreachable("Teams does not say which team that channel is of.")
        before = await self._connector.channels(home.service_url, home.team)
        taken = {name.casefold() for name in before.values()}
        for name in names(title):
            if name.casefold() in taken:
                continue
            try:
                return await graph.create_channel(group, name, title[:ABOUT])
            except NameTaken:
                continue  # by a channel that is hidden from us, or was deleted
            except Throttled:
                raise
            except Unreachable:
                made = await self._made(home, name, before)
                if not made:
                    raise
                return made
        raise Rejected("That team has channels of this name already: choose another title.")

    async def _made(self, home: Reference, name: str, before: Mapping[str, str]) -> str:
        """Return the channel of this name that was not there before, "" where there is none."""
        now = await self._connector.channels(home.service_url, home.team)
        fresh = [one for one, called in now.items() if one not in before and called == name]
        return fresh[0] if fresh else ""

    async def _opening(self, title: str, home: Reference, members: Sequence[str]) -> Body:
        """Return a room's first message: what it is for, and who is called in."""
        found = [await self._member(home, user) for user in members[:CALLED]]
        called = [member for member in found if member is not None]
        absent = len(members) - len(called)
        missing = (
            f"{absent} of the {len(members)} people asked for could not be called in: they have "
            "to be members here."
        )
        drawn = self._outgoing.draw(Reply(missing if absent else title, title=title))
        return activity(_mentioning(drawn.card, called) if called else drawn.card, drawn.text)

    async def _member(self, home: Reference, user: str) -> tuple[str, str] | None:
        """Return how to mention somebody, None for who is not there."""
        try:
            found = await self._connector.member(
                home.service_url, home.team or home.conversation, user
            )
        except IntegrationError as error:
            LOG.info("somebody could not be called into a room in Teams", why=error.text)
            return None
        name = " ".join(MARKS.sub(" ", word(found, "name")).split())
        return (word(found, "id"), name) if word(found, "id") and name else None


def _mentioning(card: Mapping[str, Json], people: Sequence[tuple[str, str]]) -> Mapping[str, Json]:
    """Return a card with mentions below what it says; each is found by its own text."""
    marked: dict[str, Json] = {}
    for number, (who, plain) in enumerate(people):
        name = _numbered(plain, people[:number])
        text = f"<at>{name}</at>"
        marked[text] = {"type": "mention", "text": text, "mentioned": {"id": who, "name": name}}
    body, own = card["body"], card.get("msteams")
    below: Json = {"type": "TextBlock", "text": " ".join(marked), "wrap": True}
    return {
        **card,
        "body": [*(body if isinstance(body, list) else []), below],
        "msteams": {**(own if isinstance(own, dict) else {}), "entities": list(marked.values())},
    }


def _numbered(name: str, others: Sequence[tuple[str, str]]) -> str:
    """Return a name that nobody before has: Teams tells mentions apart by their text."""
    same = sum(name == other for _, other in others)
    return f"{name} {same + 1}" if same else name
