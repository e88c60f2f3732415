"""How a small Teams reads and refuses calls of its connector."""

from __future__ import annotations

from aiohttp import web

from tests.fakes.teams.parts import Object


def operation(request: web.Request, body: Object) -> str:
    """Return what a call of the connector does, by the name that a test arranges it under."""
    if request.path.startswith("/teams/v3/teams/"):
        return "channels" if request.path.endswith("/conversations") else "team"
    if request.method != "POST":
        return {"PUT": "edit", "DELETE": "delete", "GET": "member"}[request.method]
    if request.path.endswith("/conversations"):
        return "create"
    return "typing" if body.get("type") == "typing" else "post"


def error(status: int, code: str) -> web.Response:
    """Return a refusal as the connector words it."""
    return web.json_response({"error": {"code": code, "message": "Refused."}}, status=status)


def at(body: Object, conversation: str) -> Object:
    """Return an activity as said in exactly this conversation, thread and all."""
    kind = "personal" if conversation.startswith("a:") else body["conversation"]["conversationType"]
    here = {**body["conversation"], "id": conversation, "conversationType": kind}
    return {**body, "conversation": here}
