"""The same words, as each platform delivers them, read by that door's own code."""

from __future__ import annotations

import json
from urllib.parse import parse_qsl, urlencode

import httpx

from bot.adapters.slack import payload as slack
from bot.adapters.slack.accounts import Home
from bot.adapters.slack.names import SlashNames
from bot.adapters.teams import activity, payload
from bot.adapters.terminal.client import Server
from bot.adapters.web import wire

HOME = Home("T0001", "", "UWARD", "BWARD")
NAMES = SlashNames()
BOT = {"id": "28:wardroom", "name": "Wardroom"}
MENTIONED = "<at>Wardroom</at>"
TENANT = {"tenant": {"id": "6ba7b810-9dad-11d1-80b4-00c04fd430c8"}}
ENTITIES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})


def escaped(text: str) -> str:
    """Return text as Slack and Teams both send it: three characters are entities."""
    return text.translate(ENTITIES)


def slack_slash(text: str) -> str:
    """Type `/ops TEXT`; a slash command comes as a form."""
    return _slack_command("/ops", text)


def slack_verb(text: str) -> str:
    """Type `/ops-VERB REST`, where the text begins with a plain word."""
    verb, _, rest = text.partition(" ")
    if not (verb.isascii() and verb.isalpha() and verb.islower()):
        return slack_slash(text)
    return _slack_command(f"/ops-{verb}", rest)


def slack_mention(text: str) -> str:
    """Type `@Wardroom TEXT` in a channel."""
    said = f"<@{HOME.user}> {text}"
    event = {"type": "app_mention", "user": "U0001", "text": said, "ts": "1.2", "channel": "C1"}
    found = slack.mention({"team_id": HOME.team, "event_id": "Ev1", "event": event}, HOME)
    assert found is not None
    return found.text


def teams_mention(text: str) -> str:
    """Type `@Wardroom TEXT` in a channel."""
    entity = {"type": "mention", "mentioned": BOT, "text": MENTIONED}
    return _teams(f"{MENTIONED} {text}", "channel", entity)


def teams_slash(text: str) -> str:
    """Choose a command from the list that a slash opens, in one's own chat with the bot."""
    return _teams(f"/{text}" if text[:1].isalpha() else text, "personal")


def web(text: str) -> str:
    """Type into the console."""
    return wire.asked(json.dumps({"text": text, "as": "engineer"}).encode()).text


async def terminal(text: str) -> str:
    """Type at the prompt, or after `wardroom chat`."""
    sent: list[bytes] = []

    def answer(request: httpx.Request) -> httpx.Response:
        sent.append(request.content)
        return httpx.Response(200, json={"reason": "ok", "text": "."})

    async with httpx.AsyncClient(transport=httpx.MockTransport(answer)) as client:
        await Server("http://127.0.0.1:1", client).ask(text, "engineer")
    return wire.asked(sent[0]).text


def _slack_command(name: str, text: str) -> str:
    given = {"command": name, "text": text, "user_id": "U0001", "team_id": "T0001"}
    body = dict(parse_qsl(urlencode(given), keep_blank_values=True))
    return slack.command(body, NAMES).text


def _teams(text: str, kind: str, *entities: object) -> str:
    person = {"id": "29:anna", "aadObjectId": "3f2504e0-4f89-11d3-9a0c-0305e82c3301"}
    body = {
        "type": "message",
        "id": "1730000000000",
        "channelId": "msteams",
        "serviceUrl": "https://smba.trafficmanager.net/emea/",
        "from": person,
        "recipient": BOT,
        "conversation": {"id": "a:1", "conversationType": kind},
        "channelData": TENANT,
        "entities": list(entities),
        "text": text,
    }
    found = payload.message(activity.understood(activity.read(json.dumps(body).encode())))
    assert found is not None
    return found.text
