"""Reads what Slack sends: command, mention, press and submission become one kind of value."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from bot.model import Place
from bot.render.blocks import ANSWER, ASKS, RUN, TYPES, escape
from bot.render.line import answered

if TYPE_CHECKING:
    from bot.adapters.slack.accounts import Home
    from bot.adapters.slack.names import SlashNames

Body: TypeAlias = Mapping[str, Any]  # a JSON object of Slack's; read with `_word` and `_inner`

PLATFORM = "slack"
IDENTIFIER = re.compile(r"[A-Za-z0-9._-]{1,200}")
LINE, CHOICE = "line", "choice"  # the inputs of the form that runs any command


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
    button, `is_home` one on the Home tab, where there is no message and no channel. `message` is
    the thread that would begin at what was said, "" for a slash command: that is no message.
    """

    speaker: Speaker
    place: Place
    text: str
    delivery: str
    fields: Mapping[str, str] | None = None
    trigger: str = ""
    answer_url: str = ""
    is_press: bool = False
    is_home: bool = False
    message: str = ""


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
    """A button that asks for one argument before it types its command; `said` is the press."""

    said: Said
    sheet: Sheet
    label: str


@dataclass(frozen=True)
class Opened:
    """Somebody opened the Home tab."""

    speaker: Speaker


def command(body: Body, names: SlashNames) -> Said:
    """Read a slash command; `/ops-deploy x` means `deploy x`."""
    team = _word(body, "team_id") or _word(body, "enterprise_id")
    speaker = Speaker(_word(body, "user_id"), team)
    return Said(
        speaker=speaker,
        place=Place(PLATFORM, _word(body, "channel_id")),
        text=names.line(_word(body, "command"), _word(body, "text")),
        delivery=_delivery(body, speaker, _word(body, "response_url")),
        trigger=_word(body, "trigger_id"),
        answer_url=_word(body, "response_url"),
    )


def mention(body: Body, home: Home | None) -> Said | None:
    """Read a mention of us; None for what is not to be run: our own words, and edited ones.

    An edit is not a new request: what was corrected after the fact is typed again. What another
    installation of the app was told is not ours to answer either: we have no token for it.
    """
    event = _inner(body, "event")
    if "edited" in event or not is_for(body, home):
        return None
    if home is not None and _is_own(event, home):
        return None
    bot = _word(event, "bot_id")
    speaker = Speaker(
        user=_word(event, "user") or bot,
        team=_word(event, "user_team") or _word(event, "team") or _team(body),
        is_bot=bool(bot),
    )
    own = _bot_user(body) or (home.user if home else "")
    return Said(
        speaker=speaker,
        place=Place(PLATFORM, _word(event, "channel"), _word(event, "thread_ts")),
        text=_without_mention(_word(event, "text"), own),
        delivery=_named(_word(body, "event_id")) or _hash(speaker, _word(event, "ts")),
        message=_word(event, "ts"),
    )


def opened(body: Body, home: Home | None) -> Opened | None:
    """Read that somebody opened Home; None for our other tab, and for other installations."""
    event = _inner(body, "event")
    if _word(event, "tab") != "home" or not is_for(body, home):
        return None
    return Opened(Speaker(_word(event, "user"), _team(body)))


def changed(body: Body) -> str:
    """Read whose account changed; "" where the event does not say."""
    return _word(_inner(_inner(body, "event"), "user"), "id")


def is_for(body: Body, home: Home | None) -> bool:
    """Say whether an event is for our installation: a workspace's, or a whole organisation's.

    `authorizations` says that; the outer `team_id` is only where the event came through.
    """
    given = body.get("authorizations")
    if home is None or not isinstance(given, list) or not given:
        return True  # who is speaking is checked all the same
    name, ours = ("enterprise_id", home.enterprise) if home.is_org else ("team_id", home.team)
    return any(_word(one, name) == ours for one in given if isinstance(one, Mapping))


def shortcut(body: Body) -> Said:
    """Read a shortcut; one on a message speaks in that message's thread.

    Its text is the command that the shortcut stands for, "" for the one that runs any.
    """
    speaker, message = _speaker(body), _inner(body, "message")
    thread = _word(message, "thread_ts") or _word(message, "ts") or _word(body, "message_ts")
    kind, _, typed = _word(body, "callback_id").partition(":")
    return Said(
        speaker=speaker,
        place=Place(PLATFORM, _word(_inner(body, "channel"), "id"), thread),
        text=typed if kind == TYPES else "",
        delivery=_delivery(body, speaker, _word(body, "action_ts")),
        trigger=_word(body, "trigger_id"),
        answer_url=_word(body, "response_url"),
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
    speaker = _speaker(body)
    said = Said(
        speaker=speaker,
        place=place,
        # A button holds our own words; on this road text is in Slack's encoding.
        text=escape(typed),
        delivery=_delivery(body, speaker, _word(action, "action_ts")),
        trigger=_word(body, "trigger_id"),
        answer_url=_word(body, "response_url"),
        is_press=True,
        message="" if container.get("is_ephemeral") else _word(container, "message_ts"),
        is_home=_word(_inner(body, "view"), "type") == "home",
    )
    if kind == ASKS:
        label = _word(_inner(action, "text"), "text")
        return Question(said, Sheet(typed, place, asks=rest.partition(":")[2]), label)
    return said


def submission(body: Body, names: SlashNames) -> Said:
    """Read a submitted modal: a form's fields, a button's answer, or a whole line."""
    view = _inner(body, "view")
    sheet = Sheet.load(_word(view, "private_metadata"))
    speaker = _speaker(body)
    entered = inputs(body)
    kind = _word(view, "callback_id")
    text, fields = sheet.command, None
    if kind == ANSWER:
        text = escape(answered(sheet.command, sheet.asks, entered.get(sheet.asks, "")))
    elif kind == RUN:
        text = escape(names.bare(entered.get(LINE, "")) or entered.get(CHOICE, ""))
    else:
        fields = {name: value for name, value in entered.items() if value}
    return Said(
        speaker=speaker,
        place=sheet.place,
        text=text,
        delivery=_delivery(body, speaker, _word(view, "id") + json.dumps(entered)),
        fields=fields,
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
    # A whole organisation's installation may name no workspace.
    org = _word(_inner(body, "enterprise"), "id")
    return Speaker(_word(user, "id"), _word(user, "team_id") or _word(team, "id") or org)


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


def _team(body: Body) -> str:
    """Return the workspace that an event is for; an organisation's own id where it names none."""
    authorized = body.get("authorizations") or []
    named = (_word(one, "team_id") or _word(one, "enterprise_id") for one in authorized)
    return next((name for name in named if name), "") or _word(body, "team_id")


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
