"""The page's style, scripts and icon: read once, checked by tag, never a path from outside."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from bot.adapters.web.door import sealed

FOLDER = Path(__file__).parent / "static"
KINDS = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}


@dataclass(frozen=True)
class Asset:
    """One file as it is sent."""

    content: bytes
    kind: str
    tag: str


def read() -> dict[str, Asset]:
    """Return every asset by its name."""
    return {
        path.name: Asset(content, kind, f'"{hashlib.sha256(content).hexdigest()[:16]}"')
        for path in sorted(FOLDER.iterdir())
        if (kind := KINDS.get(path.suffix)) and (content := path.read_bytes())
    }


@dataclass(frozen=True)
class Assets:
    """Serves the assets; a browser that has one asks again and is told so."""

    known: dict[str, Asset]

    async def asset(self, request: Request) -> Response:
        """Answer `GET /static/NAME`."""
        asset = self.known.get(request.path_params["name"])
        if asset is None:
            return sealed(PlainTextResponse("There is no such file.", 404))
        headers = {"ETag": asset.tag, "Cache-Control": "no-cache"}
        if request.headers.get("if-none-match") == asset.tag:
            return sealed(Response(status_code=304, headers=headers))
        return sealed(Response(asset.content, headers=headers, media_type=asset.kind))
