"""The activities that Teams sends: what people type, press, fill in, install and remove."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.fakes.teams import Teams
    from tests.fakes.teams.parts import Object

GROUP, CHANNEL = "19:group@thread.v2", "19:channel@thread.tacv2"
KINDS = {"personal": "personal", "group": "groupChat", "channel": "channel"}
BOT_NAME = "Wardroom"


def person(teams: Teams, user: str) -> Object:
    """Return somebody as an activity's sender."""
    known = {"id": f"29:{user}", "name": user.capitalize(), "aadObjectId": user}
    given = {**known, **teams.users.get(user, {}).get("from", {})}
    return {name: value for name, value in given.items() if value is not None}


def bot(teams: Teams) -> Object:
    """Return our app as an activity's recipient."""
    return {"id": teams.bot, "name": BOT_NAME}


def conversation(teams: Teams, where: str, user: str, root: str = "") -> Object:
    """Return one of the three kinds of conversation; a channel's thread is part of its id."""
    ids = {"personal": f"a:1-{user}", "group": GROUP, "channel": f"{CHANNEL};messageid={root}"}
    made = {"id": ids.get(where, where), "tenantId": teams.tenant}
    kind = KINDS.get(where, "channel" if "@thread.tacv2" in where else "groupChat")
    group = {} if kind == "personal" else {"isGroup": True}
    return {**made, "conversationType": kind, **group}


def activity(
    teams: Teams, kind: str, user: str, where: str, *, thread: str = "", **over: Any
) -> Object:
    """Return what every activity has; what is in `over` replaces it, None leaves it out."""
    number = str(over.get("id") or teams.stamp())
    data: Object = {"tenant": {"id": teams.tenant}}
    if where == "channel":
        data |= {"team": {"id": CHANNEL}, "channel": {"id": CHANNEL}}
    made = {
        "type": kind,
        "id": number,
        "timestamp": "2026-11-02T10:15:00.0000000Z",
        "localTimestamp": "2026-11-02T11:15:00.0000000+01:00",
        "channelId": "msteams",
        "serviceUrl": teams.service_url,
        "from": person(teams, user),
        "conversation": conversation(teams, where, user, thread or number),
        "recipient": bot(teams),
        "entities": [{"type": "clientInfo", "locale": "en-GB", "platform": "Web"}],
        "channelData": data,
        "locale": "en-GB",
        **over,
    }
    return {name: value for name, value in made.items() if value is not None}


def said(
    teams: Teams,
    text: str,
    user: str = "anna",
    where: str = "personal",
    *,
    mentions: tuple[Object, ...] = (),
    **over: Any,
) -> Object:
    """Return a message; outside of a personal chat it begins with a mention of us."""
    entities = list(mentions)
    if where != "personal":
        text = f"<at>{BOT_NAME}</at> {text}"
        entities.insert(0, mention(BOT_NAME, teams.bot))
    more = {"text": text, "textFormat": "plain", "entities": entities, **over}
    return activity(teams, "message", user, where, **more)


def mention(name: str, number: str) -> Object:
    """Return the entity that stands for `<at>name</at>` in a text."""
    return {
        "type": "mention",
        "text": f"<at>{name}</at>",
        "mentioned": {"id": number, "name": name},
    }


def executed(teams: Teams, action: Mapping[str, Any], user: str, where: str, **over: Any) -> Object:
    """Return the press of an Action.Execute; `data` is what the card and its inputs hold."""
    value = {"action": {"type": "Action.Execute", **action}, "trigger": "manual"}
    more = {"name": "adaptiveCard/action", "value": value, **over}
    return activity(teams, "invoke", user, where, **more)


def dialog(
    teams: Teams, name: str, data: Mapping[str, Any], user: str, where: str, **over: Any
) -> Object:
    """Return the opening (`task/fetch`) or the submission (`task/submit`) of a dialog."""
    value = {"data": dict(data), "context": {"theme": "default"}}
    return activity(teams, "invoke", user, where, **{"name": name, "value": value, **over})
