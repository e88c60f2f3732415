"""Reads what Slack sends: command, mention, press and submission become one kind of value."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from bot.model import Place
from bot.render.blocks import ANSWER, ASKS, escape
from bot.render.line import answered

if TYPE_CHECKING:
    from bot.adapters.slack.accounts import Home

Body: TypeAlias = Mapping[str, Any]  # a JSON object of Slack's; read with `_word` and `_inner`

PLATFORM = "slack"
IDENTIFIER = re.compile(r"[A-Za-z0-9._-]{1,200}")


@dataclass(frozen=True)
class Speaker:
    """Who Slack says is speaking: ids only."""

    user: str
    team: str
    is_bot: bool = False


@dataclass(frozen=True)
class Said:
    """One thing somebody asked for, and the ways that Slack offers to answer it.

    `text` is in Slack's own encoding, as commands and mentions arrive. `trigger` opens a modal,
    for three seconds; `answer_url` takes five answers, for half an hour; `is_press` marks a
    button on a message.
    """

    speaker: Speaker
    place: Place
    text: str
    delivery: str
    fields: Mapping[str, str] | None = None
    trigger: str = ""
    answer_url: str = ""
    is_press: bool = False


@dataclass(frozen=True)
class Sheet:
    """What a modal remembers: the command it fills in, and where the answer belongs."""

    command: str
    place: Place
    asks: str = ""

    def dump(self) -> str:
        """Return this as a modal's private metadata."""
        kept = {"command": self.command, "asks": self.asks}
        place = {"channel": self.place.channel, "thread": self.place.thread}
        return json.dumps({**kept, **place}, separators=(",", ":"), ensure_ascii=False)

    @classmethod
    def load(cls, text: str) -> Sheet:
        """Return what was dumped."""
        data = json.loads(text)
        place = Place(PLATFORM, _word(data, "channel"), _word(data, "thread"))
        return cls(_word(data, "command"), place, _word(data, "asks"))


@dataclass(frozen=True)
class Question:
    """A button that asks for one argument before it types its command."""

    sheet: Sheet
    label: str
    trigger: str


def command(body: Body, prefix: str) -> Said:
    """Read a slash command; `/ops-deploy x` means `deploy x`."""
    verb = _word(body, "command").removeprefix(prefix).removeprefix("-")
    speaker = Speaker(_word(body, "user_id"), _word(body, "team_id"))
    return Said(
        speaker=speaker,
        place=Place(PLATFORM, _word(body, "channel_id")),
        text=f"{verb} {_word(body, 'text')}".strip(),
        delivery=_delivery(body, speaker, _word(body, "response_url")),
        trigger=_word(body, "trigger_id"),
        answer_url=_word(body, "response_url"),
    )


def mention(body: Body, home: Home | None) -> Said | None:
    """Read a mention of us; None for what is not to be run: our own words, and edited ones.

    An edit is not a new request: what was corrected after the fact is typed again.
    """
    event = _inner(body, "event")
    if "edited" in event or (home is not None and _is_own(event, home)):
        return None
    bot = _word(event, "bot_id")
    speaker = Speaker(
        user=_word(event, "user") or bot,
        team=_word(event, "user_team") or _word(event, "team") or _word(body, "team_id"),
        is_bot=bool(bot),
    )
    own = home.user if home else _bot_user(body)
    return Said(
        speaker=speaker,
        place=Place(PLATFORM, _word(event, "channel"), _word(event, "thread_ts")),
        text=_without_mention(_word(event, "text"), own),
        delivery=_named(_word(body, "event_id")) or _hash(speaker, _word(event, "ts")),
    )


def press(body: Body) -> Said | Question:
    """Read the press of a button: what it types, or what it has to ask for first."""
    action = (body.get("actions") or [{}])[0]
    container = _inner(body, "container")
    channel = _word(_inner(body, "channel"), "id") or _word(container, "channel_id")
    thread = _word(container, "thread_ts") or _word(_inner(body, "message"), "thread_ts")
    place = Place(PLATFORM, channel, thread)
    kind, _, rest = _word(action, "action_id").partition(":")
    typed = _word(action, "value")
    if kind == ASKS:
        label = _word(_inner(action, "text"), "text")
        sheet = Sheet(typed, place, asks=rest.partition(":")[2])
        return Question(sheet, label, _word(body, "trigger_id"))
    speaker = _speaker(body)
    return Said(
        speaker=speaker,
        place=place,
        # A button holds our own words; on this road text is in Slack's encoding.
        text=escape(typed),
        delivery=_delivery(body, speaker, _word(action, "action_ts")),
        trigger=_word(body, "trigger_id"),
        answer_url=_word(body, "response_url"),
        is_press=True,
    )


def submission(body: Body) -> Said:
    """Read a submitted modal: a form's fields, or the answer that a button asked for."""
    view = _inner(body, "view")
    sheet = Sheet.load(_word(view, "private_metadata"))
    speaker = _speaker(body)
    entered = inputs(body)
    is_answer = _word(view, "callback_id") == ANSWER
    line = answered(sheet.command, sheet.asks, entered.get(sheet.asks, ""))
    return Said(
        speaker=speaker,
        place=sheet.place,
        text=escape(line) if is_answer else sheet.command,
        delivery=_delivery(body, speaker, _word(view, "id") + json.dumps(entered)),
        fields=None if is_answer else {n: v for n, v in entered.items() if v},
    )


def inputs(body: Body) -> dict[str, str]:
    """Return what a submitted modal's inputs hold, by block id, in their order."""
    view = _inner(body, "view")
    values = _inner(_inner(view, "state"), "values")
    blocks = [_word(b, "block_id") for b in view.get("blocks", []) if b.get("type") == "input"]
    return {name: _entered(values.get(name, {})) for name in blocks}


def _is_own(event: Body, home: Home) -> bool:
    bot, user = _word(event, "bot_id"), _word(event, "user")
    return (bot != "" and bot == home.bot) or (user != "" and user == home.user)


def _speaker(body: Body) -> Speaker:
    user, team = _inner(body, "user"), _inner(body, "team")
    return Speaker(_word(user, "id"), _word(user, "team_id") or _word(team, "id"))


def _entered(control: Body) -> str:
    state: Body = next(iter(control.values()), {})
    return _word(state, "value") or _word(_inner(state, "selected_option"), "value")


def _without_mention(text: str, own: str) -> str:
    """Drop the first mention of us and nothing else: a service may be called like the bot."""
    who = re.escape(own) if own else "[UW][A-Z0-9]+"
    return re.sub(rf"\s*<@{who}(?:\|[^>]*)?>[\s,:]*", " ", text, count=1).strip()


def _bot_user(body: Body) -> str:
    authorized = body.get("authorizations") or []
    return next((_word(a, "user_id") for a in authorized if a.get("is_bot")), "")


def _delivery(body: Body, speaker: Speaker, otherwise: str) -> str:
    return _named(_word(body, "trigger_id")) or _hash(speaker, otherwise)


def _named(identifier: str) -> str:
    return f"{PLATFORM}:{identifier}" if IDENTIFIER.fullmatch(identifier) else ""


def _hash(speaker: Speaker, trigger: str) -> str:
    parts = f"{speaker.team}\x00{speaker.user}\x00{trigger}"
    return f"{PLATFORM}:{hashlib.sha256(parts.encode()).hexdigest()[:32]}"


def _inner(body: Body, name: str) -> Body:
    value = body.get(name)
    return value if isinstance(value, Mapping) else {}


def _word(body: Body, name: str) -> str:
    value = body.get(name)
    return value if isinstance(value, str) else ""
