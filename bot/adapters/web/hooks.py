"""`POST /hooks/{source}`: what vendors' systems tell us by themselves."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import structlog
from fastapi import APIRouter
from prometheus_client import Counter
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

if TYPE_CHECKING:
    from bot.ports import Hook

LOG = structlog.get_logger(__name__)
LARGEST: Final = 1_000_000  # bytes of one body
HEARD = Counter(
    "wardroom_hooks_total",
    "Webhooks that came in, by source and what became of them",
    ["source", "outcome"],
)


@dataclass(frozen=True)
class Source:
    """One system that may tell us something, and how it proves who it is."""

    hook: Hook
    secrets: Sequence[str]


def hooks(sources: Mapping[str, Source], tell: Callable[[str, Sequence[str]], int]) -> APIRouter:
    """Return the route; nothing that comes in is kept, logged or believed."""

    async def heard(request: Request) -> Response:
        name = request.path_params["source"]
        source = sources.get(name)
        if source is None:
            # The name is the sender's own: it labels nothing.
            return _answer(
                "", "unknown", 404, "no such source: set integrations.*.hook_secret_file"
            )
        body = await _body(request)
        if body is None:
            return _answer(name, "too large", 413, f"a body is at most {LARGEST} bytes")
        headers = {key.lower(): value for key, value in request.headers.items()}
        if not source.hook.is_genuine(headers, body, source.secrets):
            LOG.warning("a webhook was not genuine", source=name)
            return _answer(name, "not genuine", 401, "the signature or the secret is wrong")
        try:
            told = json.loads(body)
        except (ValueError, RecursionError):
            return _answer(name, "malformed", 400, "the body is no JSON: send application/json")
        if not isinstance(told, dict):
            return _answer(name, "malformed", 400, "the body is no JSON object")
        woken = tell(name, source.hook.builds(headers, told))
        return _answer(name, "taken", 202, f"{woken} waited for it")

    router = APIRouter()
    router.add_route("/hooks/{source}", heard, methods=["POST"])
    return router


async def _body(request: Request) -> bytes | None:
    """Return the body, None where it is larger than may be."""
    found = bytearray()
    async for piece in request.stream():
        found += piece
        if len(found) > LARGEST:
            return None
    return bytes(found)


def _answer(source: str, outcome: str, status: int, said: str) -> Response:
    HEARD.labels(source, outcome).inc()
    return JSONResponse({"said": said}, status_code=status, headers={"Cache-Control": "no-store"})
