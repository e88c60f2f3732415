"""A message of its own where a run was begun: one that is edited in place rings nowhere."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from bot.model import Reason, Visibility
from bot.runbooks.card import card
from bot.runbooks.going import Stand

if TYPE_CHECKING:
    from bot.notices import TopicNotices
    from bot.ports import Effect, Transaction


def topic_of(at: Stand) -> str:
    """Return the topic of what is said anew, the same for one move of the run."""
    return f"{at.run.id}-late-{at.run.moves}"


def ringing(notices: TopicNotices, at: Stand) -> Effect[None]:
    """Return the effect that says once more, as a new message, that a run stands still."""
    topic = topic_of(at)
    said = replace(card(at), topic=topic, reason=Reason.EXPIRED, visibility=Visibility.PUBLIC)
    keep, promise = notices.keep(topic, said), notices.promise(topic, at.run.place)

    def effect(tx: Transaction) -> None:
        keep(tx)
        promise(tx)

    return effect
