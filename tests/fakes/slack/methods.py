"""What each method of the web API does, and what it refuses."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from slack_sdk.errors import SlackObjectFormationError
from slack_sdk.models.blocks import Block
from slack_sdk.models.views import View

from tests.fakes.slack.parts import Object, Shown, undrawable

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.fakes.slack import Slack

VIEW_BLOCKS = 100
CHANNEL_NAME, TOPIC = re.compile(r"[a-z0-9_-]{1,80}"), 250


def auth_test(slack: Slack, _: Object) -> Object:
    ours = {"team_id": slack.team, "user_id": slack.bot_user, "bot_id": slack.bot_id}
    return {
        "ok": True,
        **ours,
        "enterprise_id": slack.enterprise or None,
        "is_enterprise_install": slack.is_org,
    }


def users_info(slack: Slack, body: Object) -> Object:
    known = {"id": body["user"], "team_id": slack.team, "is_bot": False, "deleted": False}
    return {"ok": True, "user": {**known, **slack.users.get(body["user"], {})}}


def post_message(slack: Slack, body: Object) -> Object:
    if problem := undrawable(slack, body):
        return {"ok": False, "error": problem}
    key = body.get("client_msg_id", "")
    if key and key in slack.keys:
        return {"ok": True, "channel": body["channel"], "ts": slack.keys[key]}
    if not body["channel"]:
        return {"ok": False, "error": "channel_not_found"}
    channel = body["channel"]
    shown = Shown(
        # A message to a person is one in their own chat with us, which has another id.
        f"D{channel}" if channel[:1] in ("U", "W") else channel,
        slack.ts(),
        body.get("text", ""),
        body.get("blocks", []),
        thread=body.get("thread_ts", ""),
        versions=[body],
    )
    slack.messages.append(shown)
    if key:
        slack.keys[key] = shown.ts
    return {"ok": True, "channel": shown.channel, "ts": shown.ts}


def post_ephemeral(slack: Slack, body: Object) -> Object:
    if problem := undrawable(slack, body):
        return {"ok": False, "error": problem}
    said = (body.get("text", ""), body.get("blocks", []))
    thread, user = body.get("thread_ts", ""), body["user"]
    slack.whispers.append(Shown(body["channel"], slack.ts(), *said, thread=thread, user=user))
    return {"ok": True, "message_ts": slack.whispers[-1].ts}


def update(slack: Slack, body: Object) -> Object:
    found = [m for m in slack.messages if (m.channel, m.ts) == (body["channel"], body["ts"])]
    if not found:
        return {"ok": False, "error": "message_not_found"}
    if problem := undrawable(slack, body):
        return {"ok": False, "error": problem}
    found[0].text, found[0].blocks = body.get("text", ""), body.get("blocks", [])
    found[0].versions.append(body)
    return {"ok": True, "channel": body["channel"], "ts": body["ts"]}


def open_view(slack: Slack, body: Object) -> Object:
    if body["trigger_id"] not in slack.triggers:
        return {"ok": False, "error": "expired_trigger_id"}
    slack.triggers.discard(body["trigger_id"])
    try:
        View(**body["view"]).to_dict()
    except SlackObjectFormationError:
        return {"ok": False, "error": "invalid_arguments"}
    slack.views.append(body["view"])
    return {"ok": True, "view": {**body["view"], "id": "V1"}}


def open_connection(slack: Slack, _: Object) -> Object:
    return {"ok": True, "url": slack.base.replace("http", "ws", 1) + "/socket"}


def publish(slack: Slack, body: Object) -> Object:
    blocks = body["view"]["blocks"]
    try:
        for block in Block.parse_all(blocks):
            block.to_dict()
    except SlackObjectFormationError:
        return {"ok": False, "error": "invalid_arguments"}
    if body["view"]["type"] != "home" or not 0 < len(blocks) <= VIEW_BLOCKS:
        return {"ok": False, "error": "invalid_arguments"}
    slack.homes.append((body["user_id"], body["view"]))
    return {"ok": True, "view": {**body["view"], "id": "VH"}}


def create_channel(slack: Slack, body: Object) -> Object:
    name = body.get("name", "")
    if not CHANNEL_NAME.fullmatch(name):
        return {"ok": False, "error": "invalid_name_specials"}
    if slack.is_org and body.get("team_id") not in slack.teams:
        return {"ok": False, "error": "missing_argument"}
    if name in (room["name"] for room in slack.rooms.values()):
        return {"ok": False, "error": "name_taken"}
    made = f"C0ROOM{slack.number()}"
    slack.rooms[made] = {"name": name, "team": body.get("team_id", ""), "members": [], "topic": ""}
    return {"ok": True, "channel": {"id": made, "name": name, "is_private": False}}


def invite(slack: Slack, body: Object) -> Object:
    """Call in whom we know; with `force` the others do not keep them out."""
    asked = body["users"].split(",")
    wrong = [user for user in asked if slack.users.get(user, {}).get("deleted")]
    errors = [{"user": user, "ok": False, "error": "user_not_found"} for user in wrong]
    if wrong and (not body.get("force") or wrong == asked):
        return {"ok": False, "error": "user_not_found", "errors": errors}
    room = slack.rooms[body["channel"]]
    room["members"] += [user for user in asked if user not in wrong]
    return {
        "ok": True,
        "channel": {"id": body["channel"]},
        **({"errors": errors} if errors else {}),
    }


def set_topic(slack: Slack, body: Object) -> Object:
    if len(body["topic"]) > TOPIC:
        return {"ok": False, "error": "too_long"}
    slack.rooms[body["channel"]]["topic"] = body["topic"]
    return {"ok": True}


def list_teams(slack: Slack, _: Object) -> Object:
    return {"ok": True, "teams": [{"id": team, "name": team} for team in slack.teams]}


def show_channel(slack: Slack, body: Object) -> Object:
    if not slack.calls_as_form or body.get("channel") not in slack.workspaces:
        return {"ok": False, "error": "missing_scope"}
    where = slack.workspaces[body["channel"]]
    return {"ok": True, "channel": {"id": body["channel"], "context_team_id": where}}


def open_chat(_: Slack, body: Object) -> Object:
    return {"ok": True, "channel": {"id": f"D{body['users']}"}}


def offer_upload(slack: Slack, body: Object) -> Object:
    # As in Slack: this one takes a form, and a JSON body has none of these.
    if not slack.calls_as_form or not body.get("filename") or int(body.get("length", 0)) < 1:
        return {"ok": False, "error": "invalid_arguments"}
    number = f"F{slack.number()}"
    slack.uploads[number] = {"filename": body["filename"], "length": int(body["length"])}
    return {"ok": True, "upload_url": f"{slack.base}/upload/{number}", "file_id": number}


def complete_upload(slack: Slack, body: Object) -> Object:
    given = body["files"]
    for entry in json.loads(given) if isinstance(given, str) else given:
        upload = slack.uploads.get(entry["id"], {})
        if len(upload.get("content", b"")) != upload.get("length"):
            return {"ok": False, "error": "file_not_found"}
        upload |= {"title": entry["title"], "channel": body.get("channel_id", "")}
        upload["thread"] = body.get("thread_ts", "")
    return {"ok": True, "files": given}


def exchange(slack: Slack, body: Object) -> Object:
    expected = {"grant_type": "refresh_token", "client_id": "1.2", "client_secret": "app-secret"}
    if any(body.get(name) != value for name, value in expected.items()):
        return {"ok": False, "error": "bad_client_secret"}
    if body.get("refresh_token") != slack.refresh_token:
        return {"ok": False, "error": "invalid_refresh_token"}
    number = slack.number()
    slack.token, slack.refresh_token = f"xoxe.xoxb-{number}", f"xoxe-1-{number}"
    given = {"access_token": slack.token, "refresh_token": slack.refresh_token}
    return {"ok": True, "token_type": "bot", "expires_in": 43200, **given}


METHODS: Mapping[str, Callable[[Slack, Object], Object]] = {
    "auth.test": auth_test,
    "users.info": users_info,
    "chat.postMessage": post_message,
    "chat.postEphemeral": post_ephemeral,
    "chat.update": update,
    "views.open": open_view,
    "views.publish": publish,
    "conversations.open": open_chat,
    "conversations.create": create_channel,
    "conversations.invite": invite,
    "conversations.setTopic": set_topic,
    "conversations.info": show_channel,
    "auth.teams.list": list_teams,
    "files.getUploadURLExternal": offer_upload,
    "files.completeUploadExternal": complete_upload,
    "oauth.v2.access": exchange,
    "apps.connections.open": open_connection,
}
