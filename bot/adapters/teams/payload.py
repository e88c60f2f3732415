"""Reads activities: a message, a press and a submission become one kind of value."""

from __future__ import annotations

import hashlib
import html
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from bot.adapters.teams.references import Reference
from bot.model import Place
from bot.render.card_buttons import TAKEN
from bot.render.card_sheet import sendable
from bot.render.cards import FORM, OPENS, typed

if TYPE_CHECKING:
    from bot.adapters.teams.activity import Activity

PLATFORM = "teams"
THREAD = ";messageid="
BOT = "28:"  # what the ids of apps begin with; people's begin with 29:
MENTION = re.compile(r"<at(?:\s[^<>]*)?>(.*?)</at>", re.DOTALL)
# A slash is how Teams' own commands begin; in a chat with us it means the same without.
SLASH = re.compile(r"^/(?=[A-Za-z])")
AFTER = " \t\r\n\u00a0,:"


@dataclass(frozen=True)
class Speaker:
    """Who Teams says is speaking: ids only; `user` is "" where Entra does not know them.

    `id` is how this app addresses them; `tenant` the one they say they are of.
    """

    user: str
    id: str
    tenant: str
    is_bot: bool = False


@dataclass(frozen=True)
class Said:
    """One thing somebody asked for, and where.

    `pressed` is where the message stands whose button was pressed. `is_whispered` marks what only
    we can read, though others are in the conversation.
    """

    speaker: Speaker
    place: Place
    text: str
    delivery: str
    fields: Mapping[str, str] | None = None
    is_personal: bool = False
    is_whispered: bool = False
    pressed: Place | None = None


def message(activity: Activity) -> Said | None:
    """Read a message; None for what is not said to us."""
    if isinstance(activity.value, Mapping):
        return _submitted(activity, activity.value)
    text, is_named = _spoken(activity)
    is_whispered = bool(_extra(activity.recipient, "isTargeted"))
    if not (is_named or is_whispered or is_personal(activity)):
        return None  # the app may hear everything said in a channel; it is not all meant for us
    return said(activity, SLASH.sub("", text), is_whispered=is_whispered)


def press(activity: Activity, data: Mapping[str, Any]) -> Said | None:
    """Read the press of a button; None for what is no press of ours."""
    line = sendable(typed(data))
    return said(activity, line, pressed=_pressed(activity)) if line else None


def opening(activity: Activity, data: Mapping[str, Any]) -> Said | None:
    """Read the wish for a command's form: the command typed bare, which is answered with it."""
    command = data.get(OPENS)
    return said(activity, command) if isinstance(command, str) and command else None


def submission(activity: Activity, data: Mapping[str, Any]) -> Said | None:
    """Read a submitted form."""
    command = data.get(FORM)
    if not isinstance(command, str) or not command:
        return None
    return said(activity, command, fields={k: v for k, v in entered(data).items() if v.strip()})


def said(
    activity: Activity,
    text: str,
    *,
    fields: Mapping[str, str] | None = None,
    is_whispered: bool = False,
    pressed: Place | None = None,
) -> Said:
    """Return something said, by whoever and wherever an activity comes from."""
    return Said(
        speaker=_speaker(activity),
        place=_place(activity),
        text=sendable(text),
        delivery=_delivery(activity),
        fields=fields,
        is_personal=is_personal(activity),
        is_whispered=is_whispered,
        pressed=pressed,
    )


def entered(data: Mapping[str, Any]) -> dict[str, str]:
    """Return what was filled in, by input, leaving out what is ours."""
    filled = ((name, value) for name, value in data.items() if name not in TAKEN)
    return {name: sendable(value) for name, value in filled if isinstance(value, str)}


def reference(activity: Activity) -> Reference:
    """Return how to reach the conversation that an activity came from."""
    personal = is_personal(activity)
    return Reference(
        conversation=_place(activity).channel,
        service_url=activity.service_url,
        tenant=_tenant(activity),
        bot=activity.recipient.id,
        user=(activity.from_property.aad_object_id or "") if personal else "",
        team=_word(_inner(activity.channel_data, "team"), "id"),
    )


def team_event(activity: Activity) -> tuple[str, Reference]:
    """Return what happened to a team or a channel of it ("" for nothing), and how to reach it."""
    data = activity.channel_data
    channel = _word(_inner(data, "channel"), "id")
    home = reference(activity)
    happened = _word(data, "eventType") if isinstance(data, Mapping) else ""
    if happened.startswith("channel") and not channel:
        happened = ""
    return happened, replace(home, conversation=channel or home.conversation)


def is_personal(activity: Activity) -> bool:
    """Say whether this is somebody's own chat with us."""
    return bool(activity.conversation.conversation_type == "personal")


def address(place: Place) -> str:
    """Return a place as Teams names it: a thread is the end of its conversation's id."""
    return place.channel + (THREAD + place.thread if place.thread else "")


def _submitted(activity: Activity, data: Mapping[str, Any]) -> Said | None:
    """Read what a client sends that knows no Action.Execute, or no dialogs."""
    return press(activity, data) or submission(activity, data) or opening(activity, data)


def _speaker(activity: Activity) -> Speaker:
    sender = activity.from_property
    return Speaker(
        user=sender.aad_object_id or "",
        id=sender.id,
        tenant=str(_extra(sender, "tenantId") or _tenant(activity)),
        is_bot=sender.id.startswith(BOT) or sender.role == "bot",
    )


def _place(activity: Activity) -> Place:
    channel, _, thread = activity.conversation.id.partition(THREAD)
    return Place(PLATFORM, channel, thread)


def _pressed(activity: Activity) -> Place:
    """Return where a pressed message was posted.

    A message of ours that began a thread was posted in the channel, to no thread, and is known
    there; a press of it comes from the thread that it began.
    """
    place = _place(activity)
    began = place.thread and activity.reply_to_id == place.thread
    return Place(PLATFORM, place.channel) if began else place


def _delivery(activity: Activity) -> str:
    """Return an id of this delivery; Teams' own ids are times, the same in two chats at once."""
    where = f"{_tenant(activity)}\x00{_place(activity).channel}\x00{activity.id}"
    return f"{PLATFORM}:{hashlib.sha256(where.encode()).hexdigest()[:32]}"


def _spoken(activity: Activity) -> tuple[str, bool]:
    """Return what was said without the first mention of us, and whether there was one.

    The mention is what its entity says, letter for letter: a service may be called like the bot.
    """
    text = activity.text or ""
    for marked in _mentions_of_us(activity):
        before, found, after = text.partition(marked)
        if found:
            return f"{_shown(before).rstrip()} {_shown(after).lstrip(AFTER)}".strip(), True
    return _shown(text).strip(), False


def _mentions_of_us(activity: Activity) -> list[str]:
    entities = [e.additional_properties for e in activity.entities or [] if e.type == "mention"]
    ours = [e for e in entities if _word(_inner(e, "mentioned"), "id") == activity.recipient.id]
    marked = [_word(e, "text") for e in ours]
    return [text for text in marked if MENTION.fullmatch(text)]


def _shown(text: str) -> str:
    """Return text as it is read: other people's mentions by name, entities as characters."""
    return html.unescape(MENTION.sub(lambda match: f"@{match.group(1)}", text))


def _tenant(activity: Activity) -> str:
    return _word(_inner(activity.channel_data, "tenant"), "id").lower()


def _extra(account: Any, name: str) -> object:
    extra = account.additional_properties or {}
    return extra.get(name)


def _inner(body: object, name: str) -> Mapping[str, Any]:
    value = body.get(name) if isinstance(body, Mapping) else None
    return value if isinstance(value, Mapping) else {}


def _word(body: Mapping[str, Any], name: str) -> str:
    value = body.get(name)
    return value if isinstance(value, str) else ""
