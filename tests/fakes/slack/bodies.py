"""The bodies that Slack sends: what people type, press and fill in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.fakes.slack import Slack
    from tests.fakes.slack.parts import Object, Shown


def command(
    slack: Slack,
    text: str,
    user: str = "U1",
    channel: str = "C1",
    command: str = "/ops",
    **over: str,
) -> Object:
    """Return the body of a slash command, to send as often as a test likes."""
    return {
        "token": "verification",
        "team_id": slack.team,
        "team_domain": "hospital",
        "channel_id": channel,
        "channel_name": "ward-ops",
        "user_id": user,
        "user_name": user.lower(),
        "command": command,
        "text": text,
        "api_app_id": "A1",
        "is_enterprise_install": "false",
        "response_url": slack.answer_url(),
        "trigger_id": slack.trigger(),
        **over,
    }


def mentioned(
    slack: Slack, text: str, /, user: str = "U1", channel: str = "C1", thread: str = "", **over: Any
) -> Object:
    """Return the body of a mention; what is in `over` goes into its event."""
    event = {
        "type": "app_mention",
        "user": user,
        "text": f"<@{slack.bot_user}> {text}",
        "ts": slack.ts(),
        "team": slack.team,
        "channel": channel,
        **({"thread_ts": thread} if thread else {}),
        **over,
    }
    return {**_enveloped(slack, event), "event_id": f"Ev{slack.number()}"}


def home_opened(slack: Slack, user: str, tab: str, **over: Any) -> Object:
    """Return the body of the event that somebody opened one of our tabs."""
    opened = {"type": "app_home_opened", "user": user, "channel": "D1", "tab": tab}
    return event(slack, {**opened, "event_ts": slack.ts()}, **over)


def event(slack: Slack, event: Object, **over: Any) -> Object:
    """Return the body of any event; `over` is of the envelope."""
    return {**_enveloped(slack, event), "event_id": f"Ev{slack.number()}", **over}


def chosen(
    slack: Slack, callback: str, user: str = "U1", message: Shown | None = None, **over: Any
) -> Object:
    """Return the body of a shortcut, chosen on a message where there is one."""
    body = {
        "type": "shortcut",
        "token": "verification",
        "action_ts": slack.ts(),
        "team": {"id": slack.team, "domain": "hospital"},
        "user": {"id": user, "username": user.lower(), "team_id": slack.team},
        "callback_id": callback,
        "trigger_id": slack.trigger(),
    }
    if message is None:
        return {**body, **over}
    return {
        **body,
        "type": "message_action",
        "channel": {"id": message.channel, "name": "ward-ops"},
        "message_ts": message.ts,
        "message": {"type": "message", "ts": message.ts, "text": message.text, **_thread(message)},
        "response_url": slack.answer_url(),
        **over,
    }


def _enveloped(slack: Slack, event: Object) -> Object:
    authorized = {
        "enterprise_id": slack.enterprise or None,
        "team_id": None if slack.is_org else slack.team,
        "user_id": slack.bot_user,
        "is_bot": True,
        "is_enterprise_install": slack.is_org,
    }
    return {
        "token": "verification",
        "team_id": slack.team,
        "api_app_id": "A1",
        "event": event,
        "type": "event_callback",
        "authorizations": [authorized],
    }


def pressed(slack: Slack, label: str, message: Shown, user: str = "U1", **over: Any) -> Object:
    """Return the body of a press."""
    button = message.buttons[label]
    if message.view:
        return _pressed_on_view(slack, button, message, user, **over)
    container = {"type": "message", "message_ts": message.ts, "channel_id": message.channel}
    return {
        "type": "block_actions",
        "user": {"id": user, "team_id": slack.team},
        "api_app_id": "A1",
        "container": {**container, **_thread(message), "is_ephemeral": bool(message.user)},
        "trigger_id": slack.trigger(),
        "team": {"id": slack.team, "domain": "hospital"},
        "channel": {"id": message.channel, "name": "ward-ops"},
        "response_url": slack.answer_url(),
        "actions": [{**button, "block_id": "b", "action_ts": slack.ts()}],
        **over,
    }


def _pressed_on_view(
    slack: Slack, button: Object, message: Shown, user: str, **over: Any
) -> Object:
    """Return the body of a press on Home: no message, no channel and no address to answer to."""
    return {
        "type": "block_actions",
        "user": {"id": user, "team_id": slack.team},
        "api_app_id": "A1",
        "container": {"type": "view", "view_id": "VH"},
        "view": {**message.view, "id": "VH", "team_id": slack.team},
        "trigger_id": slack.trigger(),
        "team": {"id": slack.team, "domain": "hospital"},
        "actions": [{**button, "block_id": "b", "action_ts": slack.ts()}],
        **over,
    }


def submitted(
    slack: Slack, view: Object, values: Mapping[str, str], user: str = "U1", **over: Any
) -> Object:
    """Return the body of a submission."""
    inputs = [block for block in view["blocks"] if block["type"] == "input"]
    state = {b["block_id"]: _state(b["element"], values.get(b["block_id"])) for b in inputs}
    return {
        "type": "view_submission",
        "team": {"id": slack.team, "domain": "hospital"},
        "user": {"id": user, "team_id": slack.team},
        "api_app_id": "A1",
        "trigger_id": slack.trigger(),
        "view": {**view, "id": "V1", "state": {"values": state}, "hash": "1.a"},
        "response_urls": [],
        **over,
    }


def _thread(message: Shown) -> Object:
    return {"thread_ts": message.thread} if message.thread else {}


def _state(element: Object, value: str | None) -> Object:
    if element["type"] == "static_select":
        chosen = next((o for o in element["options"] if o["value"] == value), None)
        return {element["action_id"]: {"type": element["type"], "selected_option": chosen}}
    return {element["action_id"]: {"type": element["type"], "value": value}}
