"""botbuilder's turn over our own wire: its middleware and `send_activity`, nothing of its HTTP."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from botbuilder.core import (  # type: ignore[import-untyped]  # the library is not typed
    BotAdapter,
    InvokeResponse,
    TurnContext,
)
from botbuilder.schema import (  # type: ignore[import-untyped]  # the library is not typed
    Activity as Made,
)
from botbuilder.schema import (
    ActivityTypes,
    ResourceResponse,
)

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from bot.adapters.teams.activity import Activity
    from bot.adapters.teams.connector import Connector

ANSWER = "wardroom.invoke"  # where a turn keeps what its invoke is answered with


class Turns(BotAdapter):  # type: ignore[misc]  # the library is not typed, and knows adapters by this class
    """Takes activities through a turn; whatever a turn sends goes out by our connector."""

    def __init__(self, connector: Connector) -> None:
        super().__init__()
        self._connector = connector

    async def take(
        self, activity: Activity, logic: Callable[[TurnContext], Awaitable[None]]
    ) -> InvokeResponse:
        """Run a turn; returns what an invoke is answered with, where it is one."""
        turn = TurnContext(self, activity)
        await self.run_pipeline(turn, logic)
        return turn.turn_state.get(ANSWER) or InvokeResponse(status=HTTPStatus.NOT_IMPLEMENTED)

    async def send_activities(
        self, context: TurnContext, activities: Sequence[Activity]
    ) -> list[ResourceResponse]:
        """Send what a turn says, in order; an invoke's answer stays in the turn."""
        sent = []
        for activity in activities:
            ref = ""
            if activity.type == ActivityTypes.invoke_response:
                context.turn_state[ANSWER] = activity.value
            else:
                where = activity.conversation.id
                ref = await self._connector.send(activity.service_url, where, activity.serialize())
            sent.append(ResourceResponse(id=ref))
        return sent

    async def update_activity(self, context: TurnContext, activity: Activity) -> ResourceResponse:
        """Replace an activity."""
        url, where = context.activity.service_url, context.activity.conversation.id
        await self._connector.update(url, where, activity.id, activity.serialize())
        return ResourceResponse(id=activity.id)

    async def delete_activity(self, context: TurnContext, reference: Any) -> None:
        """Take an activity back."""
        url, where = context.activity.service_url, context.activity.conversation.id
        await self._connector.delete(url, where, reference.activity_id)


def answer(turn: TurnContext, status: int, body: object = None) -> None:
    """Answer an invoke; without this, Teams is told that there is no such thing here."""
    # Not by `send_activity`, which copies all of a card, value by value.
    turn.turn_state[ANSWER] = InvokeResponse(status=int(status), body=body)


async def show_typing(turn: TurnContext) -> None:
    """Show that an answer is being worked on."""
    await turn.send_activity(Made(type=ActivityTypes.typing))
