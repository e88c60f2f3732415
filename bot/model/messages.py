"""Where something was said, and what was asked for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bot.model.people import Account


@dataclass(frozen=True)
class Place:
    """Where something was said: ids only, never a channel's free-text name."""

    platform: str
    channel: str = ""
    thread: str = ""


@dataclass(frozen=True)
class Invocation:
    """One thing somebody asked for, as an adapter hands it to the road.

    Either `text` is the whole line, or `text` is the command's path and `fields` holds a typed
    form (names of the command's arguments to what was entered). `delivery` is the platform's id
    of this delivery: the same id again returns the first answer.
    """

    text: str
    account: Account
    place: Place
    delivery: str
    fields: Mapping[str, str] | None = None
