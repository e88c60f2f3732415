"""What happens on an activity: each is read, asked down the road, and answered soon."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import structlog
from botbuilder.core import TurnContext  # type: ignore[import-untyped]  # the library is not typed

from bot.adapters.teams import payload
from bot.adapters.teams.invokes import Invokes
from bot.adapters.teams.turns import show_typing
from bot.background import soon
from bot.errors import IntegrationError
from bot.model import Button, Place, Reply, Style

if TYPE_CHECKING:
    from bot.adapters.teams.activity import Activity
    from bot.adapters.teams.outgoing import Outgoing
    from bot.adapters.teams.references import Reference
    from bot.adapters.teams.talk import Talk
    from bot.background import Tasks

LOG = structlog.get_logger(__name__)
WELCOME = Reply(
    "I take commands here, and in any channel where you mention me: what may be done, is done, "
    "recorded and shown. Please type no patient data.",
    title="Wardroom",
    buttons=(Button("What can I do?", "help", Style.PRIMARY), Button("Show me around", "tour")),
)


@dataclass(frozen=True)
class Patience:
    """Seconds after which somebody who waits is told that the answer takes longer.

    Teams gives an invoke 10 to 15 seconds; people give it less, and a second is what we allow us
    with fifty others waiting.
    """

    message: float = 1.0
    invoke: float = 0.6


class Listeners:
    """Messages, and the comings and goings of the app; invokes are `invokes`."""

    def __init__(self, talk: Talk, outgoing: Outgoing, tasks: Tasks, patience: Patience) -> None:
        self._talk, self._outgoing = talk, outgoing
        self._tasks, self._patience = tasks, patience
        self._invokes = Invokes(talk, tasks, outgoing, patience.invoke)

    async def take(self, turn: TurnContext) -> None:
        """Take a turn."""
        match turn.activity.type:
            case "message":
                await self._message(turn)
            case "invoke":
                await self._invokes.take(turn)
            case "conversationUpdate" | "installationUpdate":
                await self._presence(turn.activity)

    async def _message(self, turn: TurnContext) -> None:
        said = payload.message(turn.activity)
        if said is None:
            return
        home = payload.reference(turn.activity)
        asking = self._tasks.begin(self._talk.ask(said, home))
        if await soon(asking, self._patience.message) is None:
            try:
                await show_typing(turn)
            except IntegrationError as error:
                LOG.info("typing was not shown in Teams", why=error.text)
        await self._talk.show_later(said, asking)

    async def _presence(self, activity: Activity) -> None:
        home = payload.reference(activity)
        if _names_us(activity.members_removed, activity) or activity.action == "remove":
            await self._outgoing.gone(home)
            LOG.info("the app was removed from a conversation in Teams")
        elif _names_us(activity.members_added, activity) or activity.action == "add":
            await self._outgoing.saw(home)
            await self._outgoing.saw_team(home)
            LOG.info("the app was added to a conversation in Teams")
            if activity.action == "add" and home.user:
                await self._welcome(home)
        else:
            await self._team(activity)

    async def _welcome(self, home: Reference) -> None:
        """Say what the app is for to whoever added it; channels and groups are left in peace."""
        try:
            await self._outgoing.post(Place(payload.PLATFORM, home.conversation), WELCOME)
        except IntegrationError as error:
            LOG.warning("somebody was not welcomed in Teams", why=error.text)

    async def _team(self, activity: Activity) -> None:
        match payload.team_event(activity):
            case (("channelCreated" | "channelRestored"), channel):
                await self._outgoing.saw(channel)
            case "channelDeleted", channel:
                await self._outgoing.gone(replace(channel, team=""))
            case "teamDeleted", team:
                await self._outgoing.gone(team)
            case "teamRestored", team:
                await self._outgoing.saw(team)
                await self._outgoing.saw_team(team)


def _names_us(members: list[Any] | None, activity: Activity) -> bool:
    return any(member.id == activity.recipient.id for member in members or [])
