"""Reads the bytes that Teams posts: checked JSON, then an activity of the Bot Framework's schema.

The schema's deserializer turns an object that stands for a text into its Python notation, so the
few fields that we read are checked first, and it is given nothing else.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from inspect import isclass
from typing import Any, TypeAlias

from botbuilder import schema  # type: ignore[import-untyped]  # the library is not typed
from msrest import Deserializer
from msrest.exceptions import (  # type: ignore[attr-defined]  # passed on from another library
    DeserializationError,
)

Raw: TypeAlias = Mapping[str, Any]
# An activity of the Bot Framework: the library is not typed, this name says what is meant.
Activity: TypeAlias = Any

LONGEST_ID = 500
PEOPLE = ("from", "recipient")
NAMES = ("type", "id", "name", "replyToId", "action", "channelId", "serviceUrl")
LISTS = ("entities", "membersAdded", "membersRemoved")
READ = (*PEOPLE, *NAMES, *LISTS, "conversation", "text")
# The library would look all its models up again for every activity.
MODELS = {name: made for name, made in vars(schema).items() if isclass(made)}
UNDERSTAND = Deserializer(MODELS)  # type: ignore[no-untyped-call]  # the library is half typed


class Malformed(ValueError):
    """What was posted is no activity; says nothing of what it was."""


def read(raw: bytes) -> Raw:
    """Return a posted body as the JSON object that it has to be."""
    try:
        body = json.loads(raw.decode("utf-8"))
    except (ValueError, RecursionError):
        raise Malformed("no JSON") from None
    if not isinstance(body, dict):
        raise Malformed("no object")
    return body


def understood(body: Raw) -> Activity:
    """Return a body as an activity; `Malformed` where a field that we read is not what it is."""
    if not _is_sound(body):
        raise Malformed("no activity")
    try:
        activity = UNDERSTAND("Activity", {name: body[name] for name in READ if name in body})
    except (DeserializationError, RecursionError):
        raise Malformed("no activity") from None
    activity.value, activity.channel_data = body.get("value"), body.get("channelData")
    return activity


def _is_sound(body: Raw) -> bool:
    who = [body.get(name) for name in (*PEOPLE, "conversation")]
    listed = [body.get(name) or [] for name in LISTS]
    named = [body.get("type"), body.get("id")]
    return (
        all(isinstance(one, dict) and _is_id(one.get("id")) for one in who)
        and all(isinstance(value, str) and value for value in named)
        and all(_is_id(body[name]) for name in NAMES if body.get(name) is not None)
        and isinstance(body.get("text") or "", str)
        and all(isinstance(some, list) for some in listed)
        and all(isinstance(one, dict) for some in listed for one in some)
    )


def _is_id(value: object) -> bool:
    return isinstance(value, str) and len(value) <= LONGEST_ID and value.isprintable()
